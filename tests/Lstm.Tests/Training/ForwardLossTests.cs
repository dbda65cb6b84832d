using System.Numerics;
using Lstm.Layers;
using Lstm.Simd;
using Lstm.Tests.Support;
using Lstm.Training.Losses;

namespace Lstm.Tests.Training;

public class ForwardLossTests
{
    // Steps of more rows than a chunk, of few, and of one.
    private static readonly int[] Wide = [.. Enumerable.Range(0, 300).Select(b => b < 3 ? 9 - b : b < 290 ? 2 : 0)];
    private static readonly int[] Long = [400, 0, 3, 150];

    [Theory]
    [InlineData(1, true)]
    [InlineData(2, true)]
    [InlineData(3, false)]
    public void ForwardLoss_gives_the_bits_of_the_separate_calls(int workers, bool wide)
    {
        Same<float>(workers, wide ? Wide : Long);
        Same<double>(workers, wide ? Wide : Long);
    }

    [Theory]
    [InlineData(1, 37, "plain")]
    [InlineData(2, 37, "smooth")]
    [InlineData(3, 37, "all")]
    [InlineData(1, 1060, "all")]
    [InlineData(2, 1060, "plain")]
    [InlineData(1, 1, "plain")]
    public void ForwardLoss_with_the_gradient_gives_the_bits_of_the_separate_calls(int workers, int classes, string kind)
    {
        foreach (int[] lengths in new[] { Wide, Long, [1], [0, 0] })
        {
            Swept<float>(workers, lengths, classes, kind, SimdDispatch.Best);
            Swept<double>(workers, lengths, classes, kind, SimdDispatch.Best);
        }
    }

    [Fact]
    public void ForwardLoss_with_the_gradient_gives_the_same_bits_on_every_width()
    {
        foreach (SimdWidth width in Enum.GetValues<SimdWidth>().Where(SimdDispatch.IsAccelerated))
        {
            Swept<float>(1, [9, 80, 3], 555, "all", width);
            Swept<double>(1, [9, 80, 3], 555, "all", width);
        }
    }

    [Fact]
    public void ForwardLoss_with_the_gradient_of_a_lone_layer_sets_the_inputs_gradient()
    {
        Network<double> network = Network.Create<double>(6, new DenseSpec(20));
        SequenceBatch<double> input = Rows.Random<double>(new Random(1), [90, 4], 6);
        SequenceBatch<int> labels = Rows.Labels(new Random(2), [90, 4], 20);
        SoftmaxCrossEntropy<double> loss = new();
        using Tape<double> one = network.CreateTape(), tape = network.CreateTape();
        Gradient<double> expected = network.CreateGradient(), actual = network.CreateGradient();
        loss.Evaluate(network.Forward(input, one), labels, one.OutputGradient);
        network.Backward(one, expected);
        tape.Resources.SweepBytes = 0;
        network.ForwardLoss(input, labels, loss, tape, gradient: actual);
        network.Backward(tape, actual);
        Close.SameBits<double>(expected.Flat, actual.Flat, "gradient");
        Close.SameBits<double>(one.InputGradient.Rows, tape.InputGradient.Rows, "input gradient");
    }

    [Fact]
    public void ForwardLoss_with_the_gradient_stores_some_rows_of_logits_at_a_time()
    {
        Network<float> network = Network.Create<float>(3, new LstmSpec(5), new DenseSpec(1500));
        SequenceBatch<float> input = Rows.Random<float>(new Random(1), [1000, 1000], 3);
        SequenceBatch<int> labels = Rows.Labels(new Random(2), [1000, 1000], 1500);
        using Tape<float> tape = network.CreateTape();
        tape.Resources.SweepBytes = 1 << 20;
        Gradient<float> gradient = network.CreateGradient();
        network.ForwardLoss(input, labels, new SoftmaxCrossEntropy<float>(), tape, gradient: gradient);
        network.Backward(tape, gradient);
        DenseLayer<float>.DenseTape dense = (DenseLayer<float>.DenseTape)tape.LayerTapes[^1];
        Assert.Equal(0, dense.Output.Length);
        Assert.Equal(0, tape.OutputGradient.RowCount);
        Assert.InRange(dense.Dz.Length, 1, 1 << 18);
    }

    [Fact]
    public void Backward_with_another_gradient_than_ForwardLoss_throws()
    {
        Network<float> network = Network.Create<float>(3, new LstmSpec(5), new DenseSpec(2));
        SequenceBatch<float> input = Rows.Random<float>(new Random(1), [2], 3);
        SequenceBatch<int> labels = SequenceBatch.FromSequences<int>([[0, 1]]);
        using Tape<float> tape = network.CreateTape();
        Gradient<float> gradient = network.CreateGradient();
        network.ForwardLoss(input, labels, new SoftmaxCrossEntropy<float>(), tape, gradient: gradient);
        Assert.Throws<ArgumentException>("gradient", () => network.Backward(tape, network.CreateGradient()));

        // The labels are done with.
        labels.Rows[0] = 1 << 30;
        network.Backward(tape, gradient);
        Assert.Throws<InvalidOperationException>(() => network.Backward(tape, gradient));
        Gradient<float> foreign = network.Clone().CreateGradient();
        labels.Rows[0] = 0;
        Assert.Throws<ArgumentException>(
            "gradient", () => network.ForwardLoss(input, labels, new SoftmaxCrossEntropy<float>(), tape, gradient: foreign));
    }

    [Fact]
    public void ForwardLoss_of_bad_labels_leaves_the_gradient()
    {
        Network<float> network = Network.Create<float>(3, new LstmSpec(5), new DenseSpec(2));
        SequenceBatch<float> input = Rows.Random<float>(new Random(1), [2], 3);
        SequenceBatch<int> labels = SequenceBatch.FromSequences<int>([[0, 2]]);
        using Tape<float> tape = network.CreateTape();
        Gradient<float> gradient = network.CreateGradient();
        Assert.Throws<ArgumentException>(
            "labels", () => network.ForwardLoss(input, labels, new SoftmaxCrossEntropy<float>(), tape, gradient: gradient));
        Assert.All(gradient.Flat.ToArray(), g => Assert.Equal(0, g));
    }

    [Fact]
    public void ForwardLoss_of_values_gives_the_bits_of_the_separate_calls()
    {
        Network<float> network = Network.Create<float>(3, new LstmSpec(5), new DenseSpec(2));
        Random random = new(1);
        SequenceBatch<float> input = Rows.Random<float>(random, Long, 3);
        SequenceBatch<float> target = Rows.Random<float>(random, Long, 2);
        SequenceBatch<float> weights = Rows.Random<float>(random, Long, 1);
        HuberLoss<float> loss = new(0.2);
        using Tape<float> tape = network.CreateTape();
        Gradient<float> expected = network.CreateGradient(), actual = network.CreateGradient();
        double value = loss.Evaluate(network.Forward(input, tape), target, tape.OutputGradient, weights);
        network.Backward(tape, expected);
        Assert.Equal(value, network.ForwardLoss(input, new(target, weights), loss, tape));
        network.Backward(tape, actual);
        Close.SameBits<float>(expected.Flat, actual.Flat, "gradient");
    }

    [Fact]
    public void ForwardLoss_without_a_linear_layer_sets_the_tapes_output()
    {
        Network<float> network = Network.Create<float>(3, new LstmSpec(5), new DenseSpec(2) { Activation = Activation.Tanh });
        SequenceBatch<float> input = Rows.Random<float>(new Random(1), [4, 2], 3);
        SequenceBatch<float> target = Rows.Random<float>(new Random(2), [4, 2], 2);
        using Tape<float> tape = network.CreateTape();
        double value = network.ForwardLoss(input, target, new MeanSquaredError<float>(), tape);
        Assert.Equal(new MeanSquaredError<float>().Evaluate(tape.Output, target), value);
    }

    [Fact]
    public void ForwardLoss_of_bad_labels_leaves_the_state_and_no_pass()
    {
        Network<float> network = Network.Create<float>(3, new LstmSpec(5), new DenseSpec(2));
        SequenceBatch<float> input = Rows.Random<float>(new Random(1), [2], 3);
        using Tape<float> tape = network.CreateTape();
        NetworkState<float> state = network.CreateState(1);
        SequenceBatch<int> labels = SequenceBatch.FromSequences<int>([[0, 2]]);
        Assert.Throws<ArgumentException>(
            "labels", () => network.ForwardLoss(input, labels, new SoftmaxCrossEntropy<float>(), tape, state));
        Assert.All(state.Hidden(0).ToArray(), h => Assert.Equal(0, h));
        Assert.Throws<InvalidOperationException>(() => network.Backward(tape, network.CreateGradient()));
        labels.Rows[1] = 1;
        network.ForwardLoss(input, labels, new SoftmaxCrossEntropy<float>(), tape, state);
        labels.Fill([[1, 1]]);
        Assert.Throws<InvalidOperationException>(() => network.Backward(tape, network.CreateGradient()));
    }

    [Fact]
    public void ForwardLoss_of_a_bad_target_leaves_state_and_masks_where_the_output_is_stored()
    {
        Network<float> network = Network.Create<float>(3, new LstmSpec(5), new DropoutSpec(0.5), new DenseSpec(2)
        {
            Activation = Activation.Tanh,
        });
        using Tape<float> tape = network.CreateTape();
        NetworkState<float> state = network.CreateState(1);
        SequenceBatch<float> input = Rows.Random<float>(new Random(1), [4], 3);
        SequenceBatch<float> target = Rows.Random<float>(new Random(2), [3], 2);
        Assert.Throws<ArgumentException>(
            "target", () => network.ForwardLoss(input, target, new MeanSquaredError<float>(), tape, state));
        Assert.All(state.Hidden(0).ToArray(), h => Assert.Equal(0, h));
        Assert.Equal(0, tape.DropoutDraw);
        Assert.Throws<InvalidOperationException>(() => network.Backward(tape, network.CreateGradient()));
    }

    [Fact]
    public void Backward_after_labels_or_weights_changed_throws()
    {
        Network<float> network = Network.Create<float>(3, new LstmSpec(5), new DenseSpec(2));
        SequenceBatch<float> input = Rows.Random<float>(new Random(1), [2], 3);
        SequenceBatch<int> labels = SequenceBatch.FromSequences<int>([[0, 1]]);
        SequenceBatch<float> weights = SequenceBatch.FromSequences<float>([[1, 2]]);
        SoftmaxCrossEntropy<float> loss = new();
        Gradient<float> gradient = network.CreateGradient();
        using Tape<float> tape = network.CreateTape();
        network.ForwardLoss(input, new(labels, weights), loss, tape);
        labels.Rows[0] = 1 << 30;
        Assert.Throws<ArgumentException>("labels", () => network.Backward(tape, gradient));
        labels.Rows[0] = 0;
        weights.Fill([new float[100_000]]);
        Assert.Throws<InvalidOperationException>(() => network.Backward(tape, gradient));
        Assert.All(gradient.Flat.ToArray(), g => Assert.Equal(0, g));
    }

    [Fact]
    public void Fit_of_a_large_vocabulary_gives_the_bits_of_the_loop_by_hand()
    {
        Network<float> expected = Network.Create<float>(1100, new EmbeddingSpec(4), new LstmSpec(5), new DenseSpec(1100));
        Network<float> actual = expected.Clone();
        SequenceBatch<int> ids = Rows.Labels(new Random(1), [30, 7, 12], 1100);
        SequenceBatch<int> labels = Rows.Labels(new Random(2), [30, 7, 12], 1100);
        SoftmaxCrossEntropy<float> loss = new();
        Sgd<float> optimizer = new(0.1);
        using Tape<float> tape = expected.CreateTape();
        Gradient<float> gradient = expected.CreateGradient();
        double value = loss.Evaluate(expected.Forward(ids, tape), labels, tape.OutputGradient);
        expected.Backward(tape, gradient);
        optimizer.Step(expected, gradient);
        Trainer<float> trainer = new(actual, loss, new Sgd<float>(0.1));
        TrainingResult result = trainer.Fit([new TrainingBatch<float>(ids, labels)], new TrainingOptions { Workers = 2 });
        Assert.Equal(value, result.Loss);
        Close.SameBits<float>(expected.Flat, actual.Flat, "parameters");
    }

    // Two passes add into one gradient, in chunks of one block. Kinds as in LossTests.
    private static void Swept<T>(int workers, int[] lengths, int classes, string kind, SimdWidth width)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Network<T> network = Network.Create<T>(7, new EmbeddingSpec(4), new LstmSpec(5), new DenseSpec(classes)
        {
            Bias = kind != "smooth",
        });
        SequenceBatch<int> ids = Rows.Labels(new Random(1), lengths, 7);
        SequenceBatch<int> labels = Rows.Labels(new Random(2), lengths, classes);
        SequenceBatch<T> weights = Rows.Random<T>(new Random(3), lengths, 1);
        for (int row = 5; row < weights.Rows.Length; row += 11)
        {
            weights.Rows[row] = T.Zero;
        }

        double[] classWeights = [.. Enumerable.Range(0, kind == "all" ? classes : 0).Select(c => c % 7 / 3.0)];
        SoftmaxCrossEntropy<T> loss = new(classWeights)
        {
            LabelSmoothing = kind == "plain" ? 0 : 0.1,
            IgnoredLabel = kind == "all" ? 3 : -100,
        };
        Gradient<T> expected = network.CreateGradient(), actual = network.CreateGradient();
        using Tape<T> one = network.CreateTape();
        using Tape<T> tape = network.CreateTape(workers).SharesAll();
        tape.Resources.Width = width;
        tape.Resources.SweepBytes = 0;
        for (int pass = 0; pass < 2; pass++)
        {
            NetworkTarget<T> target = new(labels, kind == "all" ? weights : null);
            LossTotals totals =
                loss.EvaluateTotals(network.Forward(ids, one), target, one.OutputGradient, 13.7, one.Pass.Team, one.Pass.Width);
            network.Backward(one, expected);
            LossTotals swept = network.ForwardLoss(ids, target, loss, tape, actual, null, 13.7);
            network.Backward(tape, actual);
            Assert.Equal(totals, swept);
            Close.SameBits<T>(expected.Flat, actual.Flat, "gradient");
        }
    }

    private static void Same<T>(int workers, int[] lengths)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Network<T> network = Network.Create<T>(7, new EmbeddingSpec(4), new LstmSpec(5), new DenseSpec(37));
        SequenceBatch<int> ids = Rows.Labels(new Random(1), lengths, 7);
        SequenceBatch<int> labels = Rows.Labels(new Random(2), lengths, 37);
        SoftmaxCrossEntropy<T> loss = new() { LabelSmoothing = 0.1, IgnoredLabel = 3 };
        NetworkState<T> stateA = network.CreateState(lengths.Length), stateB = network.CreateState(lengths.Length);
        Gradient<T> expected = network.CreateGradient(), actual = network.CreateGradient();
        using Tape<T> one = network.CreateTape();
        using Tape<T> tape = network.CreateTape(workers).SharesAll();
        for (int pass = 0; pass < 2; pass++)
        {
            double value = loss.Evaluate(network.Forward(ids, stateA, one), labels, one.OutputGradient);
            network.Backward(one, expected);
            Assert.Equal(value, network.ForwardLoss(ids, labels, loss, tape, stateB));
            network.Backward(tape, actual);
            Close.SameBits<T>(expected.Flat, actual.Flat, "gradient");
            Close.SameBits<T>(stateA.Hidden(0), stateB.Hidden(0), "state");
        }
    }
}
