using Lstm.Tests.Support;
using Lstm.Training;

namespace Lstm.Tests.Training;

/// <summary>
/// The contract of losses: sum and weight, whose unit the loss names, so that the mean does not depend on how the data are cut.
/// </summary>
public class OwnLossTests
{
    private static readonly int[][] Lengths = [[3, 0, 5], [1], [2, 9]];

    public static TheoryData<LossUnit, bool> Units
    {
        get
        {
            TheoryData<LossUnit, bool> units = [];
            foreach (LossUnit unit in Enum.GetValues<LossUnit>())
            {
                units.Add(unit, false);
                units.Add(unit, true);
            }

            return units;
        }
    }

    [Theory]
    [MemberData(nameof(Units))]
    public void Evaluate_of_a_custom_loss_gives_the_central_difference(LossUnit unit, bool weighted)
    {
        foreach (Reduction reduction in Enum.GetValues<Reduction>())
        {
            Loss<double> loss = OwnLosses.Make(unit, reduction);
            TrainingBatch<double> batch = Batch(unit, weighted, [4, 0, 2]);
            SequenceBatch<double> output = Rows.Random<double>(new Random(3), [4, 0, 2], 2),
                gradient = Rows.Random<double>(new Random(4), [4, 0, 2], 2);
            double value = Evaluate(loss, output, batch, gradient);
            Assert.Equal(value, Evaluate(loss, output, batch, null));
            double[] numeric = new double[gradient.Rows.Length];
            for (int i = 0; i < numeric.Length; i++)
            {
                double x = output.Rows[i];
                output.Rows[i] = x + 1e-5;
                double above = Evaluate(loss, output, batch, null);
                output.Rows[i] = x - 1e-5;
                numeric[i] = (above - Evaluate(loss, output, batch, null)) / 2e-5;
                output.Rows[i] = x;
            }

            Close.Relative<double>(numeric, gradient.Rows, 1e-6, $"{unit} {reduction}", floor: 1e-2);
        }
    }

    [Theory]
    [MemberData(nameof(Units))]
    public void Fit_that_accumulates_ragged_batches_is_one_batch_of_all(LossUnit unit, bool weighted)
    {
        foreach (Reduction reduction in Enum.GetValues<Reduction>())
        {
            Accumulates(
                OwnLosses.Make(unit, reduction), [.. Lengths.Select((lengths, i) => Batch(unit, weighted, lengths, i))],
                Batch(unit, weighted, [.. Lengths.SelectMany(all => all)], 0, 1, 2));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Fit_that_accumulates_ragged_batches_is_one_batch_of_all_under_the_librarys_losses(bool weighted)
    {
        int[] all = [.. Lengths.SelectMany(lengths => lengths)];
        List<TrainingBatch<double>> parts = [.. Lengths.Select((lengths, i) => Batch(LossUnit.Element, weighted, lengths, i))];
        Accumulates(new MeanSquaredError<double>(), parts, Batch(LossUnit.Element, weighted, all, 0, 1, 2));
        Accumulates(
            new HuberLoss<double>(0.3) { Reduction = Reduction.Sum }, parts, Batch(LossUnit.Element, weighted, all, 0, 1, 2));
        SoftmaxCrossEntropy<double> softmax = new(0.5, 2) { IgnoredLabel = 0, LabelSmoothing = 0.1 };
        Accumulates(
            new SoftmaxCrossEntropy<double>(0.5, 2) { LabelSmoothing = 0.1 }, [.. parts.Select(Labelled)],
            Labelled(Batch(LossUnit.Element, weighted, all, 0, 1, 2)));
        Accumulates(softmax, [.. parts.Select(Labelled)], Labelled(Batch(LossUnit.Element, weighted, all, 0, 1, 2)));
    }

    [Fact]
    public void Fit_with_a_group_of_one_batch_gives_the_bits_of_no_groups()
    {
        TrainingBatch<double> batch = Batch(LossUnit.Element, true, [7, 3]);
        Network<double> one = Make(), grouped = one.Clone();
        new Trainer<double>(one, new MeanSquaredError<double>(), new Adam<double>()).Fit([batch], new TrainingOptions
        {
            Epochs = 3,
        });
        new Trainer<double>(grouped, new MeanSquaredError<double>(), new Adam<double>()).Fit([batch], new TrainingOptions
        {
            Epochs = 3,
            AccumulateBatches = 5,
        });
        Close.SameBits<double>(one.Flat, grouped.Flat, "parameters");
    }

    [Theory]
    [MemberData(nameof(Units))]
    public void Evaluate_of_batches_does_not_depend_on_how_the_data_are_cut(LossUnit unit, bool weighted)
    {
        Trainer<double> trainer = new(Make(), OwnLosses.Make(unit), new Sgd<double>(0.1));
        double whole = trainer.Evaluate([Batch(unit, weighted, [.. Lengths.SelectMany(all => all)], 0, 1, 2)]).Loss;
        double parts = trainer.Evaluate([.. Lengths.Select((lengths, i) => Batch(unit, weighted, lengths, i))]).Loss;
        double others = trainer.Evaluate(
            [Batch(unit, weighted, [.. Lengths[0], .. Lengths[1]], 0, 1), Batch(unit, weighted, Lengths[2], 2)]).Loss;
        Assert.Equal(whole, parts, 1e-12);
        Assert.Equal(whole, others, 1e-12);
    }

    [Fact]
    public void Units_that_are_missing_count_in_neither_sum()
    {
        Loss<double> loss = OwnLosses.Make(LossUnit.Row);
        SequenceBatch<double> output = SequenceBatch.FromSequences<double>([[1, 0, 5, 5, 3, 0]], 2),
            gradient = Rows.Of<double>([7, 7, 7, 7, 7, 7], 2);
        double value = loss.Evaluate(output, SequenceBatch.FromSequences<double>([[2, double.NaN, 5]]), gradient);
        Assert.Equal((0.5 + 2) / 2, value);
        Assert.Equal([-0.5, 0, 0, 0, -1, -1.5], gradient.Rows.ToArray());

        // Nothing counts.
        Assert.Equal(
            0, loss.Evaluate(output, SequenceBatch.FromSequences<double>([[double.NaN, double.NaN, double.NaN]]), gradient));
        Assert.All(gradient.Rows.ToArray(), g => Assert.Equal(0, g));
    }

    [Fact]
    public void EvaluateSum_divides_the_gradient_by_the_weight_of_several_batches()
    {
        MeanSquaredError<double> loss = new();
        SequenceBatch<double> output = Rows.Of<double>([1, 2, 3, 4], 2), target = Rows.Of<double>([0, 0, 0, 0], 2),
            gradient = Rows.Of<double>([7, 7, 7, 7], 2);
        SequenceBatch<double> weights = Rows.Of<double>([1, 3]);
        LossSum sum = loss.EvaluateSum(output, target, gradient, weights, divisor: 16);
        Assert.Equal(new LossSum(1 + 4 + (3 * 9) + (3 * 16), 8), sum);
        Assert.Equal(loss.Evaluate(output, target, null, weights), sum.Mean);
        Assert.Equal(8, loss.WeightOf(new TrainingBatch<double>(output, target, weights)));
        Assert.Equal([2 / 16.0, 4 / 16.0, 18 / 16.0, 24 / 16.0], gradient.Rows.ToArray());
        Assert.Throws<ArgumentOutOfRangeException>(
            "divisor", () => loss.EvaluateSum(output, target, gradient, weights, double.NaN));
        SequenceBatch<int> labels = SequenceBatch.FromSequences<int>([[1, -100]]);
        Assert.Equal(1, new SoftmaxCrossEntropy<double>().EvaluateSum(output, labels).Weight);
        Assert.Equal(0, default(LossSum).Mean);
    }

    [Fact]
    public void Losses_name_their_units()
    {
        Assert.Equal(LossUnit.Element, new MeanSquaredError<float>().Unit);
        Assert.Equal(LossUnit.Element, new BinaryCrossEntropyWithLogits<float>().Unit);
        Assert.Equal(LossUnit.Row, new SoftmaxCrossEntropy<float>().Unit);
    }

    [Fact]
    public void A_custom_loss_is_given_what_fits_or_throws()
    {
        SequenceBatch<double> output = Rows.Of<double>([1, 2, 3, 4], 2), two = Rows.Of<double>([1, 2]);
        Loss<double> row = OwnLosses.Make(LossUnit.Row), sequence = OwnLosses.Make(LossUnit.Sequence);
        Assert.Throws<ArgumentException>("target", () => row.Evaluate(output, Rows.Of<double>([1, 2, 3])));
        Assert.Throws<ArgumentException>("outputGradient", () => row.Evaluate(output, two, two));
        Assert.Throws<ArgumentException>("weights", () => row.Evaluate(output, two, null, Rows.Of<double>([1, double.NaN])));
        Assert.Contains(
            "integer labels", Assert.Throws<ArgumentException>("target", () => sequence.Evaluate(output, two)).Message);
        Assert.Contains(
            "target values",
            Assert.Throws<ArgumentException>(
            "labels", () => row.Evaluate(output, SequenceBatch.FromSequences<int>([[1, 2]]))).Message);
        Assert.Throws<ArgumentException>("labels", () => sequence.Evaluate(output, SequenceBatch.FromSequences<int>([[1], [2]])));
        Assert.Contains("give each sequence one weight", Assert.Throws<ArgumentException>(
            "weights", () => sequence.Evaluate(output, SequenceBatch.FromSequences<int>([[1, 2, 3]]), null, two)).Message);
        Trainer<double> trainer = new(Make(), sequence, new Sgd<double>(0.1));
        Assert.Contains("whole sequences", Assert.Throws<NotSupportedException>(
            () => trainer.Fit([Batch(LossUnit.Sequence, false, [4])], new TrainingOptions { TruncateAfter = 2 })).Message);
    }

    private static void Accumulates(Loss<double> loss, List<TrainingBatch<double>> parts, TrainingBatch<double> all)
    {
        Network<double> one = Make(), three = one.Clone();
        TrainingResult expected = new Trainer<double>(one, loss, new Sgd<double>(0.1)).Fit([all], new TrainingOptions());
        TrainingResult actual = new Trainer<double>(three, loss, new Sgd<double>(0.1)).Fit(parts, new TrainingOptions
        {
            AccumulateBatches = 3,
            Shuffle = Shuffle.None,
        });
        Assert.Equal(1, actual.Steps);
        Assert.Equal(expected.Loss!.Value, actual.Loss!.Value, 1e-12);
        Close.Relative<double>(one.Flat, three.Flat, 1e-11, $"{loss} {loss.Reduction}");
        Assert.NotEqual(Make().Flat.ToArray(), three.Flat.ToArray());
    }

    private static Network<double> Make() => Network.Create<double>(3, 7, new LstmSpec(4), new DenseSpec(2));

    private static double Evaluate(
        Loss<double> loss, SequenceBatch<double> output, TrainingBatch<double> batch, SequenceBatch<double>? gradient)
        => batch.Target.Labels is { } labels
            ? loss.Evaluate(output, labels, gradient, batch.Target.Weights)
            : loss.Evaluate(output, batch.Target.Values!, gradient, batch.Target.Weights);

    // Labels that are 0 and 1 in turn, and the same weights.
    private static TrainingBatch<double> Labelled(TrainingBatch<double> batch)
    {
        SequenceBatch<int> labels = SequenceBatch.FromSequences<int>(
            [.. batch.Target.Values!.ToList().Select(s => s.Where((_, i) => i % 2 == 0).Select(v => v > 0 ? 1 : 0).ToArray())]);
        return new TrainingBatch<double>(batch.Input.Features!, labels, batch.Target.Weights);
    }

    // Each part is drawn from its own seed, so that a batch of several parts has the very sequences of the parts.
    private static TrainingBatch<double> Batch(LossUnit unit, bool weighted, int[] lengths, params int[] parts)
    {
        List<double[]> input = [], target = [], weights = [];
        List<int[]> labels = [];
        int place = 0;
        foreach (int part in parts.Length == 0 ? [0] : parts)
        {
            Random random = new(part);
            int count = parts.Length < 2 ? lengths.Length : Lengths[part].Length;
            foreach (int length in lengths.AsSpan(place, count))
            {
                input.Add(Draw(random, 3 * length));
                target.Add(Draw(random, (unit == LossUnit.Row ? 1 : 2) * length));
                weights.Add([.. Draw(random, unit == LossUnit.Sequence ? 1 : length).Select(w => 1.5 + w)]);
                labels.Add([.. Draw(random, random.Next(3)).Select(w => (int)(3 * w))]);
            }

            place += count;
        }

        SequenceBatch<double> x = SequenceBatch.FromSequences<double>(input, 3);
        SequenceBatch<double>? w = weighted ? SequenceBatch.FromSequences<double>(weights) : null;
        return unit == LossUnit.Sequence
            ? new TrainingBatch<double>(x, SequenceBatch.FromSequences<int>(labels), w)
            : new TrainingBatch<double>(x, SequenceBatch.FromSequences<double>(target, unit == LossUnit.Row ? 1 : 2), w);
    }

    private static double[] Draw(Random random, int count)
        => [.. Enumerable.Range(0, count).Select(_ => (2 * random.NextDouble()) - 1)];
}
