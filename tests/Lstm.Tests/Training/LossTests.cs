using System.Numerics;
using Lstm.Runtime;
using Lstm.Simd;
using Lstm.Tests.Support;
using Lstm.Training;
using Lstm.Training.Losses;

namespace Lstm.Tests.Training;

public class LossTests
{
    private static readonly int[] Lengths = [3, 0, 40, 41, 1];

    public static TheoryData<string> Names
        => ["mse", "l1", "huber", "bce", "bce weighted", "softmax", "softmax smooth", "softmax all"];

    [Theory]
    [MemberData(nameof(Names))]
    public void Evaluate_gradient_is_the_central_difference(string name)
    {
        foreach (Reduction reduction in Enum.GetValues<Reduction>())
        {
            foreach (bool weighted in new[] { false, true })
            {
                Case<double> c = new(name, reduction, weighted, [2, 5, 0, 3], 7);
                SequenceBatch<double> gradient = c.Gradient();
                double value = c.Evaluate(gradient);
                Assert.Equal(value, c.Evaluate(null));
                double[] numeric = new double[gradient.Rows.Length];
                for (int i = 0; i < numeric.Length; i++)
                {
                    double x = c.Output.Rows[i];
                    c.Output.Rows[i] = x + 1e-5;
                    double above = c.Evaluate(null);
                    c.Output.Rows[i] = x - 1e-5;
                    numeric[i] = (above - c.Evaluate(null)) / 2e-5;
                    c.Output.Rows[i] = x;
                }

                Close.Relative<double>(numeric, gradient.Rows, 1e-6, $"{name} {reduction} {weighted}", floor: 1e-2);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Evaluate_is_the_same_on_every_width_and_any_number_of_workers(string name)
    {
        Widths<float>(name);
        Widths<double>(name);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Evaluate_in_float_is_close_to_double(string name)
    {
        Case<float> single = new(name, Reduction.Mean, true, Lengths, 19);
        Case<double> wide = new(name, Reduction.Mean, true, Lengths, 19);
        SequenceBatch<float> a = single.Gradient();
        SequenceBatch<double> b = wide.Gradient();
        Close.Relative<double>([wide.Evaluate(b)], [single.Evaluate(a)], 2e-6, name);
        Close.Relative<double>(b.Rows, Rows.Doubles<float>(a.Rows), 2e-4, name + " gradient");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Evaluate_without_rows_is_zero(string name)
    {
        foreach (Reduction reduction in Enum.GetValues<Reduction>())
        {
            Case<float> c = new(name, reduction, false, [0, 0], 4);
            Assert.Equal(0, c.Evaluate(c.Gradient()));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Evaluate_with_all_weights_zero_is_zero_whatever_the_rows_hold(string name)
    {
        Case<float> c = new(name, Reduction.Mean, true, [3, 2], 4);
        c.Weights!.Rows.Clear();
        c.Output.Rows[5] = float.NaN;
        SequenceBatch<float> gradient = c.Gradient();
        Assert.Equal(0, c.Evaluate(gradient));
        Assert.All(gradient.Rows.ToArray(), g => Assert.Equal(0, g));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Evaluate_of_NaN_is_NaN(string name)
    {
        Case<float> c = new(name, Reduction.Mean, true, [3, 2], 4);
        c.Weights!.Rows.Fill(1);
        c.Labels?.Rows.Fill(1);
        c.Output.Rows[5] = float.NaN;
        SequenceBatch<float> gradient = c.Gradient();
        Assert.True(double.IsNaN(c.Evaluate(gradient)));
        Assert.True(float.IsNaN(gradient.Rows[5]));
        Assert.True(float.IsFinite(gradient.Rows[1]), "A NaN reached another row.");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Evaluate_of_a_weight_counts_a_row_that_often(string name)
    {
        int[] lengths = [1, 1, 1];
        Case<double> once = new(name, Reduction.Mean, true, lengths, 5);
        once.Weights!.Rows[0] = 2;
        once.Weights.Rows[1] = 1;
        once.Weights.Rows[2] = 0;
        Case<double> twice = new(name, Reduction.Mean, false, lengths, 5);
        CopyRow(once, 0, twice, 0);
        CopyRow(once, 0, twice, 1);
        CopyRow(once, 1, twice, 2);
        Assert.Equal(twice.Evaluate(null), once.Evaluate(null), 1e-14);
    }

    [Fact]
    public void Evaluate_with_all_labels_ignored_is_zero()
    {
        SequenceBatch<int> labels = SequenceBatch.FromSequences<int>([[-100, -100]]);
        SequenceBatch<double> gradient = Rows.Of<double>([1, 2, 3, 4, 5, 6], 3);
        Assert.Equal(0, new SoftmaxCrossEntropy<double>().Evaluate(Rows.Of<double>([1, 2, 3, 4, 5, 6], 3), labels, gradient));
        Assert.All(gradient.Rows.ToArray(), g => Assert.Equal(0, g));
    }

    [Fact]
    public void Evaluate_of_the_wrong_kind_of_target_says_which_is_right()
    {
        SequenceBatch<float> x = Rows.Of<float>([1, 2]);
        SequenceBatch<int> labels = SequenceBatch.FromSequences<int>([[0, 0]]);
        Assert.Contains(
            "target values",
            Assert.Throws<ArgumentException>("labels", () => new MeanSquaredError<float>().Evaluate(x, labels)).Message);
        Assert.Contains(
            "integer labels",
            Assert.Throws<ArgumentException>("target", () => new SoftmaxCrossEntropy<float>().Evaluate(x, x)).Message);
    }

    [Fact]
    public void Evaluate_of_bad_input_throws_before_writing()
    {
        SequenceBatch<float> output = Rows.Of<float>([1, 2, 3, 4], 2);
        SequenceBatch<float> gradient = Rows.Of<float>([7, 7, 7, 7], 2);
        MeanSquaredError<float> squared = new();
        SoftmaxCrossEntropy<float> softmax = new();
        ArgumentException e =
            Assert.Throws<ArgumentException>("target", () => squared.Evaluate(output, Rows.Of<float>([1, 2, 3, 4]), gradient));
        Assert.Contains("The target has 1 values per row; the output needs 2.", e.Message);
        e = Assert.Throws<ArgumentException>("target", () => squared.Evaluate(output, Rows.Of<float>([1, 2], 2), gradient));
        Assert.Contains("The target has 1 rows in 1 sequences, the output 2 in 1", e.Message);
        Assert.Throws<ArgumentException>(
            "target", () => squared.Evaluate(output, SequenceBatch.FromSequences<float>([[1, 2], [3, 4]], 2), gradient));
        Assert.Throws<ArgumentException>("outputGradient", () => squared.Evaluate(output, output, Rows.Of<float>([1], 1)));
        Assert.Throws<ArgumentException>("weights", () => squared.Evaluate(output, output, gradient, output));
        Assert.Throws<ArgumentException>(
            "weights", () => squared.Evaluate(output, output, gradient, Rows.Of<float>([1, double.NaN])));
        e = Assert.Throws<ArgumentException>(
            "labels", () => softmax.Evaluate(output, SequenceBatch.FromSequences<int>([[0, 2]]), gradient));
        Assert.Contains(
            "Label 2 of sequence 0, step 1 is out of range: the output has 2 classes, 0 to 1; labels start at 0", e.Message);
        Assert.Throws<ArgumentException>(
            "output", () => new SoftmaxCrossEntropy<float>(1, 2, 3)
            .Evaluate(output, SequenceBatch.FromSequences<int>([[0, 1]]), gradient));
        Assert.Throws<ArgumentException>(
            "output", () => new BinaryCrossEntropyWithLogits<float>(1, 2, 3).Evaluate(output, output, gradient));
        Assert.Throws<ArgumentException>("classWeights", () => new SoftmaxCrossEntropy<float>(1, -1));
        Assert.Throws<ArgumentException>("positiveWeights", () => new BinaryCrossEntropyWithLogits<float>(double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>("delta", () => new HuberLoss<float>(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SoftmaxCrossEntropy<float> { LabelSmoothing = 1.1 });
        Assert.All(gradient.Rows.ToArray(), g => Assert.Equal(7, g));
    }

    [Fact]
    public void Evaluate_of_extreme_logits_is_finite()
    {
        SequenceBatch<float> gradient = Rows.Of<float>([0, 0, 0], 3);
        SequenceBatch<int> label = SequenceBatch.FromSequences<int>([[1]]);
        Assert.Equal(
            2000, new SoftmaxCrossEntropy<float>()
            .Evaluate(Rows.Of<float>([1000, -1000, double.NegativeInfinity], 3), label, gradient));
        Assert.Equal([1, -1, 0], gradient.Rows.ToArray());
        SequenceBatch<float> x = Rows.Of<float>([1000, -1000, 0], 3);
        Assert.Equal(
            1000 * 2 / 3.0, new BinaryCrossEntropyWithLogits<float>().Evaluate(x, Rows.Of<float>([0, 1, 0], 3), gradient), 0.3);
    }

    [Fact]
    public void Totals_count_right_answers_by_the_first_largest()
    {
        SequenceBatch<double> output = Rows.Of<double>([1, 1, 0, 2, 3, 3, 0, 0, 9], 3);
        SequenceBatch<int> labels = SequenceBatch.FromSequences<int>([[1, 1, -100]]);
        LossTotals totals = new SoftmaxCrossEntropy<double>().EvaluateTotals(output, labels, null, null, null, SimdDispatch.Best);
        Assert.Equal((1, 2), (totals.Right, totals.Decisions));
    }

    private static void CopyRow(Case<double> from, int row, Case<double> to, int place)
    {
        from.Output[row, 0].CopyTo(to.Output[place, 0]);
        from.Target?[row, 0].CopyTo(to.Target![place, 0]);
        from.Labels?[row, 0].CopyTo(to.Labels![place, 0]);
    }

    private static void Widths<T>(string name)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        foreach (int features in new[] { 1, 5, 33, 1100 })
        {
            Case<T> c = new(name, Reduction.Mean, features != 5, features > 1000 ? [2, 3] : Lengths, features);
            SequenceBatch<T> expected = c.Gradient();
            double value = c.Loss.EvaluateTotals(c.Output, c.Compared, expected, null, null, SimdWidth.Scalar).Value;
            using WorkerTeam team = SharingAll.Team(3);
            foreach (SimdWidth width in Enum.GetValues<SimdWidth>().Where(SimdDispatch.IsAccelerated))
            {
                foreach (WorkerTeam? workers in new[] { null, team })
                {
                    SequenceBatch<T> actual = c.Gradient();
                    Assert.Equal(value, c.Loss.EvaluateTotals(c.Output, c.Compared, actual, null, workers, width).Value);
                    Close.SameBits<T>(expected.Rows, actual.Rows, $"{name} {width} {features}");
                }
            }
        }
    }

    private sealed class Case<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Case(string name, Reduction reduction, bool weighted, int[] lengths, int features)
        {
            Random random = new(5);
            double[] classWeights = [.. Enumerable.Range(0, features).Select(c => 0.5 + (0.1 * (c % 7)))];
            Loss = name switch
            {
                "mse" => new MeanSquaredError<T> { Reduction = reduction },
                "l1" => new MeanAbsoluteError<T> { Reduction = reduction },
                "huber" => new HuberLoss<T>(0.7) { Reduction = reduction },
                "bce" => new BinaryCrossEntropyWithLogits<T> { Reduction = reduction },
                "bce weighted" => new BinaryCrossEntropyWithLogits<T>(classWeights) { Reduction = reduction },
                "softmax" => new SoftmaxCrossEntropy<T> { Reduction = reduction },
                "softmax smooth" => new SoftmaxCrossEntropy<T> { Reduction = reduction, LabelSmoothing = 0.1 },
                _ => new SoftmaxCrossEntropy<T>(classWeights) { Reduction = reduction, LabelSmoothing = 0.1, IgnoredLabel = 0 },
            };
            Output = Rows.Random<T>(random, lengths, features, 3);
            bool labels = name.StartsWith("softmax", StringComparison.Ordinal);
            Labels = labels ? Rows.Labels(random, lengths, features) : null;
            Target = labels ? null : Rows.Random<T>(random, lengths, features);
            foreach (ref T t in Target is null ? [] : Target.Rows)
            {
                t = name.StartsWith("bce", StringComparison.Ordinal) ? t > T.Zero ? T.One : T.Zero : t;
            }

            Weights = weighted ? Rows.Random<T>(random, lengths, 1) : null;
            foreach (ref T w in Weights is null ? [] : Weights.Rows)
            {
                w += T.One;
            }
        }

        public Loss<T> Loss { get; }

        public SequenceBatch<T> Output { get; }

        public SequenceBatch<T>? Target { get; }

        public SequenceBatch<int>? Labels { get; }

        public SequenceBatch<T>? Weights { get; }

        public NetworkTarget<T> Compared => Labels is null ? new(Target!, Weights) : new(Labels, Weights);

        public SequenceBatch<T> Gradient()
        {
            SequenceBatch<T> gradient = new(Output.FeatureSize);
            gradient.Reshape(Output.Lengths);
            gradient.Rows.Fill(T.NaN);
            return gradient;
        }

        public double Evaluate(SequenceBatch<T>? gradient) => Labels is null
            ? Loss.Evaluate(Output, Target!, gradient, Weights)
            : Loss.Evaluate(Output, Labels, gradient, Weights);
    }
}
