using System.Numerics;
using Lstm.Diagnostics;
using Lstm.Tests.Support;
using Lstm.Training;

namespace Lstm.Tests.Training;

/// <summary>
/// What Fit refuses before its first step: it says which value of which step, sequence and batch of the caller's, and what to do.
/// </summary>
public class BatchChecksTests
{
    private static readonly LayerSpec[] Classifier = [new LstmSpec(4), new DenseSpec(5)];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Fit_names_a_label_by_batch_sequence_and_step(bool validation)
    {
        List<TrainingBatch<float>> batches = [.. Enumerable.Range(0, 40).Select(i => Labels(i, [2, 0, 9, 4], 5))];
        batches[33].Target.Labels![2, 3][0] = 5;
        Network<float> network = Network.Create<float>(3, 7, Classifier);
        Trainer<float> trainer = new(network, new SoftmaxCrossEntropy<float>(), new Adam<float>());
        long version = network.Version;
        ArgumentException e = validation
            ? Assert.Throws<ArgumentException>(
                "validationBatches", () => trainer.Fit([batches[0]], new TrainingOptions(), batches))
            : Assert.Throws<ArgumentException>("batches", () => trainer.Fit(batches, new TrainingOptions()));
        Assert.StartsWith(
            $"Label 5 of sequence 2, step 3, batch 33 of the {(validation ? "validation" : "training")} batches is out of "
            + "range: the output has 5 classes, 0 to 4; labels start at 0",
            e.Message);
        Assert.Equal(version, network.Version);
        Assert.Contains(
            "Label 5 of sequence 2, step 3, batch 33",
            Assert.Throws<ArgumentException>("batches", () => trainer.Evaluate(batches)).Message);
    }

    [Theory]
    [InlineData(-1, "the label -100")]
    [InlineData(9, "DenseSpec(10)")]
    [InlineData(5, "subtract 1, or use DenseSpec(6)")]
    public void Fit_says_what_to_do_about_a_label(int label, string remedy)
    {
        TrainingBatch<float> batch = Labels(1, [2], 5);
        batch.Target.Labels!.Rows[1] = label;
        Trainer<float> trainer = new(Network.Create<float>(3, Classifier), new SoftmaxCrossEntropy<float>(), new Adam<float>());
        Assert.Contains(
            remedy, Assert.Throws<ArgumentException>("batches", () => trainer.Fit([batch], new TrainingOptions())).Message);
        batch.Target.Labels.Rows[1] = -100;
        trainer.Fit([batch], new TrainingOptions());
    }

    [Fact]
    public void Evaluate_of_a_label_beyond_one_class_names_the_loss_for_it()
    {
        string message = Assert.Throws<ArgumentException>(
            "labels", () => new SoftmaxCrossEntropy<float>()
            .Evaluate(Rows.Of<float>([1, 2]), SequenceBatch.FromSequences<int>([[0, 1]]))).Message;
        Assert.StartsWith(
            "Label 1 of sequence 0, step 1 is out of range: the output has 1 class, 0; use BinaryCrossEntropyWithLogits, or "
            + "DenseSpec(2).", message);
    }

    [Fact]
    public void Fit_of_targets_of_other_rows_names_both_sizes_and_the_usual_cause()
    {
        SequenceBatch<float> input = Rows.Random<float>(new Random(1), [10, 10, 3], 3);
        SequenceBatch<float> perStep = Rows.Random<float>(new Random(2), [10, 10, 3], 2),
            perSequence = Rows.Random<float>(new Random(3), [1, 1, 1], 2);
        Trainer<float> steps =
            new(Network.Create<float>(3, new LstmSpec(4), new DenseSpec(2)), new MeanSquaredError<float>(), new Adam<float>());
        Trainer<float> pooled = new(
            Network.Create<float>(3, new LstmSpec(4), new PoolingSpec(Pooling.Last), new DenseSpec(2)),
            new MeanSquaredError<float>(), new Adam<float>());
        steps.Fit([new(input, perStep)], new TrainingOptions());
        pooled.Fit([new(input, perSequence)], new TrainingOptions());

        string message = Refused(steps, new(input, perSequence));
        Assert.StartsWith("The target of batch 0 of the training batches has 3 rows in 3 sequences, the output 23 in 3", message);
        Assert.Contains("Add a PoolingSpec", message);
        message = Refused(pooled, new(input, perStep));
        Assert.StartsWith("The target of batch 0 of the training batches has 23 rows in 3 sequences, the output 3 in 3", message);
        Assert.Contains("WindowTarget.ManyToOne", message);
        Assert.Contains(
            "sequence 2 has 4 rows, its output 3", Refused(steps, new(input, Rows.Random<float>(new Random(4), [10, 10, 4], 2))));
        Assert.Contains(
            "the same sequences in the same order", Refused(steps, new(input, Rows.Random<float>(new Random(4), [10, 10], 2))));
        Assert.Contains("3 values per row; the output needs 2", Refused(steps, new(input, input)));
        Assert.Contains(
            "The weights of batch 0 of the training batches have 3 rows",
            Refused(steps, new(input, perStep, Rows.Random<float>(new Random(4), [1, 1, 1], 1))));

        // A loss by itself knows no batch.
        message = Assert.Throws<ArgumentException>(
            "target", () => new MeanSquaredError<float>().Evaluate(perStep, perSequence)).Message;
        Assert.StartsWith("The target has 3 rows in 3 sequences, the output 23 in 3", message);
    }

    [Fact]
    public void Fit_names_a_weight_that_is_not_finite()
    {
        SequenceBatch<float> weights = Rows.Random<float>(new Random(1), [1, 3], 1);
        weights[1, 2][0] = float.PositiveInfinity;
        Trainer<float> trainer =
            new(Network.Create<float>(3, new LstmSpec(4), new DenseSpec(2)), new MeanSquaredError<float>(), new Adam<float>());
        string message = Refused(
            trainer, new(Rows.Random<float>(new Random(1), [1, 3], 3), Rows.Random<float>(new Random(1), [1, 3], 2), weights));
        Assert.Contains("of sequence 1, step 2, batch 0 of the training batches is not finite", message);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(2)]
    [InlineData(1.0001)]
    [InlineData(double.PositiveInfinity)]
    public void Binary_targets_outside_0_to_1_are_refused_unless_they_do_not_count(double value)
    {
        BinaryCrossEntropyWithLogits<double> loss = new();
        Network<double> network = Network.Create<double>(3, new LstmSpec(4), new DenseSpec(2));
        Trainer<double> trainer = new(network, loss, new Adam<double>());
        SequenceBatch<double> target = SequenceBatch.FromSequences<double>([[0, 1], [0.5, 0, 1, value]], 2),
            weights = SequenceBatch.FromSequences<double>([[1], [1, 0]]);
        SequenceBatch<double> input = Rows.Random<double>(new Random(1), [1, 2], 3),
            output = Rows.Random<double>(new Random(1), [1, 2], 2);
        Assert.Contains(
            "feature 1 of sequence 1, step 1, batch 0 of the training batches is outside 0 … 1. BinaryCrossEntropyWithLogits "
            + "takes 0 for no, 1 for yes",
            Assert.Throws<ArgumentException>("batches", () => trainer.Fit([new(input, target)], new TrainingOptions())).Message);
        Assert.Contains(
            "feature 1 of sequence 1, step 1 is",
            Assert.Throws<ArgumentException>("target", () => loss.Evaluate(output, target)).Message);
        Assert.True(double.IsFinite(loss.Evaluate(output, target, null, weights)));
        trainer.Fit([new(input, target, weights)], new TrainingOptions());
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.NegativeInfinity)]
    public void Fit_names_a_target_that_is_not_finite_or_leaves_its_step_out(double value)
    {
        foreach (
            Loss<double> loss in new Loss<double>[] { new MeanSquaredError<double>(), new HuberLoss<double>(),
                new MeanAbsoluteError<double>() })
        {
            Network<double> network = Network.Create<double>(3, 7, new LstmSpec(4), new DenseSpec(2)), alone = network.Clone(),
                skipping = network.Clone();
            TrainingBatch<double> good = Values(1, [3, 2]), bad = Values(2, [3, 2]);
            bad.Target.Values![1, 0][1] = value;
            long version = network.Version;
            Trainer<double> trainer = new(network, loss, new Sgd<double>(0.1));
            string message =
                Assert.Throws<ArgumentException>("batches", () => trainer.Fit([good, bad], new TrainingOptions())).Message;
            Assert.Contains("of feature 1 of sequence 1, step 0, batch 1 of the training batches is not finite", message);
            Assert.Equal(version, network.Version);
            TrainingOptions skips = new() { OnNonFinite = NonFiniteAction.SkipStep, Shuffle = Shuffle.None };
            Assert.Throws<ArgumentException>("validationBatches", () => trainer.Fit([good], skips, [bad]));
            Assert.Throws<ArgumentException>("batches", () => trainer.Evaluate([bad]));

            // A row that does not count may hold anything.
            SequenceBatch<double> weights = SequenceBatch.FromSequences<double>([[1, 1, 1], [0, 1]]);
            trainer.Fit([new(bad.Input.Features!, bad.Target, weights)], new TrainingOptions());

            // An infinite target has a finite slope under some losses.
            if (double.IsNaN(value))
            {
                new Trainer<double>(alone, loss, new Sgd<double>(0.1)).Fit([good], new TrainingOptions());
                TrainingResult result = new Trainer<double>(skipping, loss, new Sgd<double>(0.1)).Fit([bad, good, bad], skips);
                Assert.Equal((1, 2), (result.Steps, result.SkippedSteps));
                Close.SameBits<double>(alone.Flat, skipping.Flat, "parameters");
            }
        }
    }

    [Theory]
    [InlineData(Activation.Sigmoid)]
    [InlineData(Activation.Relu)]
    [InlineData(Activation.Tanh)]
    public void A_last_layer_with_an_activation_is_refused_under_a_loss_of_logits(Activation activation)
    {
        DenseSpec dense = new(2) { Activation = activation, Name = "head" };
        Network<float> network = Network.Create<float>(3, new LstmSpec(4), dense);
        Network<float> pooled =
            Network.Create<float>(3, new LstmSpec(4), dense, new DropoutSpec(0.1), new PoolingSpec(Pooling.Mean));
        foreach (
            Loss<float> loss in new Loss<float>[] { new SoftmaxCrossEntropy<float>(), new BinaryCrossEntropyWithLogits<float>() })
        {
            string message =
                Assert.Throws<ArgumentException>("loss", () => new Trainer<float>(network, loss, new Adam<float>())).Message;
            Assert.StartsWith(
                $"Layer 'head' has the activation {activation}, but {loss} needs logits: the loss applies the ", message);
            Assert.Contains("Set Activation = Activation.None", message);
            Assert.Throws<ArgumentException>("loss", () => new Trainer<float>(pooled, loss, new Adam<float>()));
        }

        using Tape<float> tape = network.CreateTape();
        NetworkState<float> state = network.CreateState(1);
        SequenceBatch<int> labels = SequenceBatch.FromSequences<int>([[0, 1]]);
        Assert.Throws<ArgumentException>(
            "loss", () => network.ForwardLoss(
            Rows.Random<float>(new Random(1), [2], 3), labels, new SoftmaxCrossEntropy<float>(), tape, state));
        Assert.Equal(Sample.Flat(network.CreateState(1)), Sample.Flat(state));

        // A loss of values takes any; a hidden layer may have one.
        _ = new Trainer<float>(network, new MeanSquaredError<float>(), new Adam<float>());
        _ = new Trainer<float>(
            Network.Create<float>(3, dense, new DenseSpec(2)), new SoftmaxCrossEntropy<float>(), new Adam<float>());
    }

    [Fact]
    public void A_choice_among_one_class_or_weights_for_others_is_refused()
    {
        Network<float> one = Network.Create<float>(3, new LstmSpec(4), new DenseSpec(1)),
            two = Network.Create<float>(3, new LstmSpec(4), new DenseSpec(2));
        string message = Assert.Throws<ArgumentException>(
            "loss", () => new Trainer<float>(one, new SoftmaxCrossEntropy<float>(), new Adam<float>())).Message;
        Assert.Contains("1 output", message);
        Assert.Contains("Use BinaryCrossEntropyWithLogits with targets 0 and 1, or DenseSpec(2)", message);
        message = Assert.Throws<ArgumentException>(
            "loss", () => new Trainer<float>(two, new SoftmaxCrossEntropy<float>(1, 2, 3), new Adam<float>())).Message;
        Assert.Contains("2 classes, the loss has 3 class weights", message);
        Assert.Throws<ArgumentException>(
            "loss", () => new Trainer<float>(two, new BinaryCrossEntropyWithLogits<float>(1, 2, 3), new Adam<float>()));
        _ = new Trainer<float>(one, new BinaryCrossEntropyWithLogits<float>(), new Adam<float>());
    }

    [Fact]
    public void A_target_of_the_other_kind_is_refused_before_a_step()
    {
        Trainer<float> trainer = new(Network.Create<float>(3, Classifier), new SoftmaxCrossEntropy<float>(), new Adam<float>());
        TrainingBatch<float> good = Labels(1, [2], 5), bad = new(good.Input.Features!, Rows.Random<float>(new Random(1), [2], 5));
        Assert.Contains(
            "give it integer labels (batch 1 of the training batches)",
            Assert.Throws<ArgumentException>(
                "batches", () => trainer.Fit([good, bad], new TrainingOptions { Shuffle = Shuffle.None })).Message);
        Assert.Equal(0, trainer.Position.Draw);
    }

    [Fact]
    public void A_gradient_that_is_not_finite_names_the_batch_in_the_callers_list()
    {
        List<TrainingBatch<double>> batches = [.. Enumerable.Range(0, 7).Select(i => Values(i, [3, 2]))];
        batches[4].Input.Features![1, 1][0] = double.NaN;
        Network<double> network = Network.Create<double>(3, 7, new LstmSpec(4), new DenseSpec(2));
        foreach (
            TrainingOptions options in new TrainingOptions[] { new() { Seed = 3 }, new() { Seed = 1, AccumulateBatches = 7 },
                new() { TruncateAfter = 1 } })
        {
            Trainer<double> trainer = new(network.Clone(), new MeanSquaredError<double>(), new Sgd<double>(0.1));
            NonFiniteGradientException e = Assert.Throws<NonFiniteGradientException>(() => trainer.Fit(batches, options));
            Assert.Equal(4, e.BatchIndex);
            Assert.Equal(new NonFiniteValue("input", "input", 1, 1, 0, double.NaN), e.Origin);
            Assert.Contains("batch 4 of the training batches", e.Message);
        }

        Gradient<double> gradient = network.CreateGradient();
        gradient.Flat[0] = double.NaN;
        Assert.Null(Assert.Throws<NonFiniteGradientException>(() => GradientClip.None.Apply(gradient)).BatchIndex);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(1)]
    public void A_target_that_a_custom_loss_makes_NaN_of_is_named_as_target(int? truncate)
    {
        List<TrainingBatch<double>> batches = [Values(1, [3, 2]), Values(2, [3, 2])];
        batches[1].Target.Values![0, 2][1] = double.NaN;
        Network<double> network = Network.Create<double>(3, 7, new LstmSpec(4), new DenseSpec(2));
        Trainer<double> trainer = new(network, OwnLosses.Make(LossUnit.Element), new Sgd<double>(0.1));
        NonFiniteGradientException e = Assert.Throws<NonFiniteGradientException>(
            () => trainer.Fit(batches, new TrainingOptions { Shuffle = Shuffle.None, TruncateAfter = truncate }));
        Assert.Equal(new NonFiniteValue("target", "target", 0, 2, 1, double.NaN), e.Origin);
        Assert.Contains("target, step 2 of sequence 0, feature 1, is NaN", e.Message);
        Assert.Equal(1, e.BatchIndex);
    }

    [Fact]
    public void Find_with_a_target_looks_at_rows_that_count()
    {
        Network<double> network = Network.Create<double>(3, 7, new LstmSpec(4), new DenseSpec(2));
        TrainingBatch<double> batch = Values(1, [3, 2]);
        using Tape<double> tape = network.CreateTape();
        network.Forward(batch.Input.Features!, tape);
        batch.Target.Values![1, 1][0] = double.PositiveInfinity;
        SequenceBatch<double> weights = SequenceBatch.FromSequences<double>([[1, 1, 1], [1, 0]]);
        Assert.Null(NonFinite.Find(tape));
        Assert.Null(NonFinite.Find(tape, new(batch.Target.Values!, weights)));
        Assert.Equal(
            new NonFiniteValue("target", "target", 1, 1, 0, double.PositiveInfinity), NonFinite.Find(tape, batch.Target));
        weights[0, 1][0] = double.NaN;
        Assert.Equal(
            new NonFiniteValue("weights", "weight", 0, 1, 0, double.NaN),
            NonFinite.Find(tape, new(batch.Target.Values!, weights)));
    }

    [Fact]
    public void Checks_of_a_batch_allocate_nothing() => Assert.Equal(0, Allocation.InChild("training.check"));

    private static string Refused<T>(Trainer<T> trainer, TrainingBatch<T> batch)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => Assert.Throws<ArgumentException>("batches", () => trainer.Fit([batch], new TrainingOptions())).Message;

    private static TrainingBatch<float> Labels(int seed, int[] lengths, int classes)
        => new(Rows.Random<float>(new Random(seed), lengths, 3), Rows.Labels(new Random(seed + 100), lengths, classes));

    private static TrainingBatch<double> Values(int seed, int[] lengths)
        => new(Rows.Random<double>(new Random(seed), lengths, 3), Rows.Random<double>(new Random(seed + 100), lengths, 2));
}
