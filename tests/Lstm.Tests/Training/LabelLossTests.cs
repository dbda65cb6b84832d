using System.Numerics;
using Lstm.Layers;
using Lstm.Tests.Support;
using Lstm.Training;
using Lstm.Training.Losses;

namespace Lstm.Tests.Training;

/// <summary>
/// Custom losses of labels whose rows are independent take the last layer with them, as softmax cross-entropy does.
/// </summary>
public class LabelLossTests
{
    private const int Ignored = -1;

    private static readonly int[] Wide = [.. Enumerable.Range(0, 300).Select(b => b < 3 ? 9 - b : b < 290 ? 2 : 0)];
    private static readonly int[] Long = [400, 0, 3, 150];

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void ForwardLoss_gives_the_bits_of_the_separate_calls(int workers)
    {
        foreach (int[] lengths in new[] { Wide, Long, [1], [0, 0] })
        {
            SameBits<float>(workers, lengths, 37, swept: true);
            SameBits<double>(workers, lengths, 3, swept: true);
            SameBits<double>(workers, lengths, 37, swept: false);
        }
    }

    [Fact]
    public void A_custom_cross_entropy_equals_the_librarys()
    {
        Random random = new(1);
        SequenceBatch<double> output = Rows.Random<double>(random, Long, 5, scale: 3),
            weights = Rows.Random<double>(random, Long, 1);
        SequenceBatch<int> labels = Rows.Labels(random, Long, 5);
        labels.Rows[7] = Ignored;
        SequenceBatch<double> expected = new(5), actual = new(5);
        expected.Reshape(Long);
        actual.Reshape(Long);
        Loss<double> own = new CrossEntropy<double>(),
            library = new SoftmaxCrossEntropy<double>(1, 0.5, 1, 1, 1) { IgnoredLabel = Ignored };
        Assert.Equal(library.Evaluate(output, labels, expected, weights), own.Evaluate(output, labels, actual, weights), 1e-12);
        Close.Relative<double>(expected.Rows, actual.Rows, 1e-12, "gradient");
        TrainingBatch<double> batch = new(output, labels, weights);
        Assert.Equal(library.WeightOf(batch), own.WeightOf(batch), 1e-12);
        Assert.Equal(LossUnit.Row, own.Unit);
    }

    [Fact]
    public void Fit_stores_no_output_and_gives_the_bits_of_the_loop_by_hand()
    {
        Network<float> expected = Network.Create<float>(3, new LstmSpec(5), new DenseSpec(4)), actual = expected.Clone();
        TrainingBatch<float> batch = new(Rows.Random<float>(new Random(1), Long, 3), Rows.Labels(new Random(2), Long, 4));
        CrossEntropy<float> loss = new();
        using Tape<float> tape = expected.CreateTape();
        Gradient<float> gradient = expected.CreateGradient();
        double value = loss.Evaluate(expected.Forward(batch.Input, tape), batch.Target.Labels!, tape.OutputGradient);
        expected.Backward(tape, gradient);
        new Sgd<float>(0.1).Step(expected, gradient);
        TrainingResult result = new Trainer<float>(actual, loss, new Sgd<float>(0.1))
            .Fit([batch], new TrainingOptions { Workers = 2 });
        Assert.Equal(value, result.Loss);
        Close.SameBits<float>(expected.Flat, actual.Flat, "parameters");

        using Tape<float> swept = expected.CreateTape();
        expected.ForwardLoss(batch.Input, batch.Target, loss, swept, gradient: gradient);
        Assert.Equal(0, ((DenseLayer<float>.DenseTape)swept.LayerTapes[^1]).Output.Length);
        Assert.Equal(0, swept.OutputGradient.RowCount);
    }

    [Fact]
    public void Evaluate_of_a_long_sequence_in_pieces_gives_the_loss_of_the_whole()
    {
        Network<double> network = Network.Create<double>(3, new LstmSpec(2), new DenseSpec(4));
        int[] length = [9000];
        TrainingBatch<double> batch = new(Rows.Random<double>(new Random(1), length, 3), Rows.Labels(new Random(2), length, 4));
        CrossEntropy<double> loss = new();
        double whole = loss.Evaluate(network.Predict(batch.Input), batch.Target.Labels!);
        Assert.Equal(whole, new Trainer<double>(network, loss, new Sgd<double>(0.1)).Evaluate([batch]).Loss);
    }

    [Fact]
    public void Labels_that_the_loss_does_not_take_are_refused_by_name()
    {
        SequenceBatch<double> output = Rows.Of<double>([1, 2, 3, 4], 2);
        CrossEntropy<double> loss = new();
        string message =
            Assert.Throws<ArgumentException>(
            "labels", () => loss.Evaluate(output, SequenceBatch.FromSequences<int>([[0, 2]]))).Message;
        Assert.StartsWith(
            "Label 2 of sequence 0, step 1 is out of range for CrossEntropy and an output of 2 values per row.", message);
        Assert.Throws<ArgumentException>("target", () => loss.Evaluate(output, Rows.Of<double>([1, 2])));
        Assert.Contains("LabelWeight", Assert.Throws<ArgumentException>(
            "labels", () => loss.Evaluate(output, SequenceBatch.FromSequences<int>([[0, CrossEntropy<double>.Broken]]))).Message);

        // Counts are labels too, and one output is enough for them.
        Network<double> network = Network.Create<double>(3, new LstmSpec(2), new DenseSpec(1));
        TrainingBatch<double> batch =
            new(Rows.Random<double>(new Random(1), [20, 9], 3), Rows.Labels(new Random(2), [20, 9], 50));
        Trainer<double> trainer = new(network, new Poisson(), new Adam<double>(0.05));
        double before = trainer.Evaluate([batch]).Loss;
        trainer.Fit([batch], new TrainingOptions { Epochs = 30 });
        Assert.True(trainer.Evaluate([batch]).Loss < before);
    }

    [Fact]
    public void A_label_changed_during_a_pass_throws()
    {
        Network<double> network = Network.Create<double>(3, new LstmSpec(2), new DenseSpec(2));
        SequenceBatch<int> labels = SequenceBatch.FromSequences<int>([[0, 1, 0]]);
        Changing loss = new(labels);
        using Tape<double> tape = network.CreateTape();
        SequenceBatch<double> input = Rows.Random<double>(new Random(1), [3], 3);
        Gradient<double> gradient = network.CreateGradient();
        Assert.Contains(
            "changed to 9",
            Assert.Throws<InvalidOperationException>(
            () => network.ForwardLoss(input, labels, loss, tape, gradient: gradient)).Message);
        Assert.Throws<InvalidOperationException>(() => network.Backward(tape, gradient));
    }

    [Fact]
    public void A_loss_that_needs_whole_sequences_refuses_TruncateAfter_by_name()
    {
        Network<double> network = Network.Create<double>(3, new LstmSpec(2), new DenseSpec(2));
        TrainingBatch<double> batch = new(Rows.Random<double>(new Random(1), [8], 3), Rows.Random<double>(new Random(2), [8], 2));
        Trainer<double> trainer = new(network, new Smooth(), new Sgd<double>(0.1));
        string message =
            Assert.Throws<NotSupportedException>(() => trainer.Fit([batch], new TrainingOptions { TruncateAfter = 2 })).Message;
        Assert.StartsWith("Smooth needs whole sequences, which TruncateAfter does not give.", message);
        trainer.Fit([batch], new TrainingOptions());
    }

    [Fact]
    public void ComputesInputGradient_turned_on_after_a_sweep_of_a_lone_layer_throws()
    {
        Network<double> network = Network.Create<double>(3, new DenseSpec(2));
        using Tape<double> tape = network.CreateTape();
        tape.ComputesInputGradient = false;
        SequenceBatch<int> labels = SequenceBatch.FromSequences<int>([[0, 1, 0]]);
        Gradient<double> gradient = network.CreateGradient();
        network.ForwardLoss(
            Rows.Random<double>(new Random(1), [3], 3), labels, new SoftmaxCrossEntropy<double>(), tape, gradient: gradient);
        tape.ComputesInputGradient = true;
        Assert.Contains(
            "ComputesInputGradient", Assert.Throws<InvalidOperationException>(() => network.Backward(tape, gradient)).Message);
    }

    private static void SameBits<T>(int workers, int[] lengths, int classes, bool swept)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Network<T> network = Network.Create<T>(7, new EmbeddingSpec(4), new LstmSpec(5), new DenseSpec(classes));
        SequenceBatch<int> ids = Rows.Labels(new Random(1), lengths, 7), labels = Rows.Labels(new Random(2), lengths, classes);
        SequenceBatch<T> weights = Rows.Random<T>(new Random(3), lengths, 1);
        for (int row = 5; row < weights.Rows.Length; row += 11)
        {
            weights.Rows[row] = T.Zero;
            labels.Rows[row - 1] = Ignored;
        }

        CrossEntropy<T> loss = new();
        NetworkTarget<T> target = new(labels, weights);
        Gradient<T> expected = network.CreateGradient(), actual = network.CreateGradient();
        using Tape<T> one = network.CreateTape();
        using Tape<T> tape = network.CreateTape(workers).SharesAll();
        tape.Resources.SweepBytes = 0;
        for (int pass = 0; pass < 2; pass++)
        {
            LossTotals totals =
                loss.EvaluateTotals(network.Forward(ids, one), target, one.OutputGradient, 13.7, one.Pass.Team, one.Pass.Width);
            network.Backward(one, expected);
            LossTotals fused = network.ForwardLoss(ids, target, loss, tape, swept ? actual : null, null, 13.7);
            network.Backward(tape, actual);
            Assert.Equal(totals, fused);
            Close.SameBits<T>(expected.Flat, actual.Flat, "gradient");
        }
    }

    /// <summary>Softmax cross-entropy in double, whose class 1 counts half and which ignores the label −1.</summary>
    internal sealed class CrossEntropy<T> : LabelLoss<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public const int Broken = -2;

        protected override double LossOf(ReadOnlySpan<T> output, int label, Span<T> outputGradient)
        {
            double largest = double.NegativeInfinity, sum = 0;
            foreach (T value in output)
            {
                largest = Math.Max(largest, double.CreateChecked(value));
            }

            foreach (T value in output)
            {
                sum += Math.Exp(double.CreateChecked(value) - largest);
            }

            for (int c = 0; c < outputGradient.Length; c++)
            {
                outputGradient[c] =
                    T.CreateChecked((Math.Exp(double.CreateChecked(output[c]) - largest) / sum) - (c == label ? 1 : 0));
            }

            return Math.Log(sum) + largest - double.CreateChecked(output[label]);
        }

        protected override double LabelWeight(int label) => label switch { Ignored => 0, 1 => 0.5, Broken => double.NaN, _ => 1 };
    }

    /// <summary>l = eʸ − label·y, the label being a count.</summary>
    private sealed class Poisson : LabelLoss<double>
    {
        protected override double LossOf(ReadOnlySpan<double> output, int label, Span<double> outputGradient)
        {
            if (!outputGradient.IsEmpty)
            {
                outputGradient[0] = Math.Exp(output[0]) - label;
            }

            return Math.Exp(output[0]) - (label * output[0]);
        }

        protected override bool TakesLabel(int label, int outputSize) => label >= 0 && outputSize == 1;
    }

    /// <summary>Changes a label of the batch as another thread could.</summary>
    private sealed class Changing(SequenceBatch<int> labels) : LabelLoss<double>
    {
        protected override double LossOf(ReadOnlySpan<double> output, int label, Span<double> outputGradient)
        {
            outputGradient.Clear();
            labels.Rows.Fill(9);
            return 0;
        }
    }

    /// <summary>Counts rows, and relates each to the one before it.</summary>
    private sealed class Smooth : Loss<double>
    {
        public override LossUnit Unit => LossUnit.Row;

        protected override bool NeedsWholeSequences => true;

        protected override double SumOf(
            SequenceBatch<double> output, SequenceBatch<double> target, SequenceBatch<double>? outputGradient,
            SequenceBatch<double>? weights)
            => Enumerable.Range(1, output.Lengths[0] - 1).Sum(t => Math.Abs(output[0, t][0] - output[0, t - 1][0]));
    }
}
