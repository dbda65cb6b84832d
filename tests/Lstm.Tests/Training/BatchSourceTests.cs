using System.Collections;
using Lstm.Tests.Support;
using Lstm.Training;

namespace Lstm.Tests.Training;

/// <summary>
/// Where a training's batches come from: lists that exist, lists that make them, functions, sequences dealt out anew.
/// </summary>
public class BatchSourceTests
{
    [Theory]
    [InlineData(1, false)]
    [InlineData(3, false)]
    [InlineData(1, true)]
    public void Fit_asks_a_list_that_makes_its_batches_for_each_once_an_epoch(int accumulate, bool carries)
    {
        List<TrainingBatch<float>> batches = TrainerTests.Batches(4);
        Trainer<float> expected = Make(), actual = Make();
        TrainingOptions options = new() { Epochs = 3, AccumulateBatches = accumulate, CarryState = carries, Workers = 1 };
        expected.Fit(batches, options, batches);
        Making training = new(batches), validation = new(batches);
        actual.Fit(training, options, validation);
        Close.SameBits<float>(expected.Network.Flat, actual.Network.Flat, "parameters");
        Assert.Equal([3, 3, 3, 3], training.Asked);
        Assert.Equal([3, 3, 3, 3], validation.Asked);
        actual.Evaluate(validation);
        Assert.Equal([4, 4, 4, 4], validation.Asked);
    }

    [Fact]
    public void Fit_checks_the_first_validation_batch_before_the_first_step_and_others_when_they_come()
    {
        List<TrainingBatch<float>> batches = TrainerTests.Batches(3);
        TrainingBatch<float> wrong = new(batches[0].Input.Features!, batches[0].Input.Features!);
        Trainer<float> trainer = Make();
        long version = trainer.Network.Version;
        Assert.Contains(
            "validation",
            Assert.Throws<ArgumentException>(
            "validationBatches", () => trainer.Fit(batches, new TrainingOptions(), new Making([wrong]))).Message);
        Assert.Contains(
            "validation",
            Assert.Throws<ArgumentException>(
            "validationBatches", () => trainer.Fit(batches, new TrainingOptions(), [batches[0], wrong])).Message);
        Assert.Equal(version, trainer.Network.Version);
        Making late = new([batches[0], batches[1], wrong]);
        Assert.Throws<ArgumentException>("batches", () => trainer.Fit(late, new TrainingOptions { Shuffle = Shuffle.None }));
        Assert.Equal((2L, new TrainingPosition(0, 2, 2)), (trainer.LastResult!.Steps, trainer.Position));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(4)]
    public void Fit_of_a_function_trains_as_on_the_list_and_resumes(int? truncate)
    {
        List<TrainingBatch<float>> batches = TrainerTests.Batches(3);
        Trainer<float> expected = Make(), actual = Make();
        TrainingOptions options = new() { Epochs = 2, Shuffle = Shuffle.None, TruncateAfter = truncate, Workers = 1 };
        TrainingResult whole = expected.Fit(batches, options);
        List<int> epochs = [];
        using CancellationTokenSource stop = new();
        TrainerTests.Seen seen = new() { Then = p => { if (p is { Epoch: 1, Batch: 2 }) { stop.Cancel(); } } };
        Assert.Throws<OperationCanceledException>(
            () => actual.Fit(Epoch, options, progress: seen, cancellationToken: stop.Token));
        Assert.All(seen.All, p => Assert.True(p.Batches is null && p.Remaining is null));
        TrainingResult rest = actual.Fit(Epoch, options);
        Close.SameBits<float>(expected.Network.Flat, actual.Network.Flat, "parameters");
        Assert.Equal(whole.Epochs, rest.Epochs);
        Assert.Equal([0, 0, 1], epochs);
        Assert.Equal(expected.Position, actual.Position);

        IEnumerable<TrainingBatch<float>> Epoch(int epoch)
        {
            epochs.Add(epoch);
            foreach (TrainingBatch<float> batch in batches)
            {
                yield return batch;
            }
        }
    }

    [Fact]
    public void Fit_of_a_function_takes_a_batch_that_is_refilled()
    {
        Trainer<float> expected = Make(), actual = Make();
        TrainingOptions options = new() { Shuffle = Shuffle.None, Workers = 1 };
        List<TrainingBatch<float>> batches = TrainerTests.Batches(3);
        expected.Fit(batches, options);
        actual.Fit(Refilled, options);
        Close.SameBits<float>(expected.Network.Flat, actual.Network.Flat, "parameters");
        Assert.Contains(
            "refilled",
            Assert.Throws<InvalidOperationException>(() => actual.Fit(Refilled, options with { AccumulateBatches = 2 })).Message);

        IEnumerable<TrainingBatch<float>> Refilled(int epoch)
        {
            TrainingBatch<float> one = new(new SequenceBatch<float>(3), new SequenceBatch<float>(2));
            foreach (TrainingBatch<float> batch in batches)
            {
                one.Input.Features!.Fill(batch.Input.Features!.ToList());
                one.Target.Values!.Fill(batch.Target.Values!.ToList());
                yield return one;
            }
        }
    }

    [Fact]
    public void Fit_of_a_function_that_gives_nothing_says_so()
    {
        Trainer<float> trainer = Make();
        Assert.Contains("0 batches", Assert.Throws<ArgumentException>(() => trainer.Fit(_ => [], new TrainingOptions())).Message);
        Assert.Contains(
            "null", Assert.Throws<InvalidOperationException>(
            () => trainer.Fit((Func<int, IEnumerable<TrainingBatch<float>>>)(_ => null!), new TrainingOptions())).Message);
        trainer.Position = new TrainingPosition(0, 2, 2);
        Assert.Contains(
            "returned 1 batches",
            Assert.Throws<InvalidOperationException>(
            () => trainer.Fit(_ => TrainerTests.Batches(1), new TrainingOptions())).Message);
        Assert.Throws<ArgumentException>("options", () => trainer.Fit(_ => TrainerTests.Batches(1), new TrainingOptions
        {
            DropSmallBatch = true,
        }));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Fit_dealing_out_sequences_sees_each_once_an_epoch_and_in_other_batches(int accumulate)
    {
        List<TrainingBatch<float>> batches = Numbered([4, 4, 3]);
        Trainer<float> trainer = new(
            Network.Create<float>(1, 7, new LstmSpec(3), new PoolingSpec(Pooling.Last), new DenseSpec(1)), new SeenTargets(),
            new Sgd<float>(0));
        trainer.Fit(batches, new TrainingOptions
        {
            Epochs = 2,
            Shuffle = Shuffle.Sequences,
            AccumulateBatches = accumulate,
            Workers = 1,
        });
        List<float[]> seen = ((SeenTargets)trainer.Loss).All;
        Assert.Equal([4, 4, 3, 4, 4, 3], seen.Select(batch => batch.Length));
        float[] all = [.. Enumerable.Range(0, 11).Select(i => (float)i)];
        float[][] epochs = [[.. seen.Take(3).SelectMany(batch => batch)], [.. seen.Skip(3).SelectMany(batch => batch)]];
        Assert.All(epochs, epoch => Assert.Equal(all, epoch.Order()));
        Assert.NotEqual(epochs[0], epochs[1]);
        Assert.NotEqual(all, epochs[0]);
    }

    [Fact]
    public void Fit_dealing_out_sequences_resumes_to_the_same_bits()
    {
        List<TrainingBatch<float>> batches = TrainerTests.Batches(4);
        Trainer<float> whole = Make(), parts = Make();
        TrainingOptions options = new() { Epochs = 2, Shuffle = Shuffle.Sequences, Workers = 1 };
        whole.Fit(batches, options);
        using CancellationTokenSource stop = new();
        TrainerTests.Seen seen = new() { Then = p => { if (p is { Epoch: 2, Batch: 2 }) { stop.Cancel(); } } };
        Assert.Throws<OperationCanceledException>(
            () => parts.Fit(batches, options, progress: seen, cancellationToken: stop.Token));
        parts.Fit(batches, options with { Epochs = 1 });
        Close.SameBits<float>(whole.Network.Flat, parts.Network.Flat, "parameters");
    }

    [Fact]
    public void Fit_dealing_out_sequences_needs_batches_that_exist_and_are_alike()
    {
        Trainer<float> trainer = Make();
        List<TrainingBatch<float>> batches = TrainerTests.Batches(2);
        TrainingBatch<float> weighted =
            new(batches[0].Input.Features!, batches[0].Target.Values!, Rows.Random<float>(new Random(1), [9, 0, 4, 12], 1));
        TrainingOptions options = new() { Shuffle = Shuffle.Sequences };
        Assert.Contains(
            "batch 1 has 3 features, 2 target values and weights",
            Assert.Throws<ArgumentException>("batches", () => trainer.Fit([batches[0], weighted], options)).Message);
        Assert.Contains(
            "Give an array",
            Assert.Throws<ArgumentException>("options", () => trainer.Fit(new Making(batches), options)).Message);
    }

    [Theory]
    [InlineData(Shuffle.Batches)]
    [InlineData(Shuffle.Sequences)]
    public void Fit_drops_a_small_last_batch(Shuffle shuffle)
    {
        Trainer<float> trainer = new(
            Network.Create<float>(1, 7, new LstmSpec(3), new PoolingSpec(Pooling.Last), new DenseSpec(1)), new SeenTargets(),
            new Sgd<float>(0));
        TrainingOptions options = new() { Epochs = 8, Shuffle = shuffle, DropSmallBatch = true, Workers = 1 };
        TrainingResult result = trainer.Fit(Numbered([4, 4, 3]), options);
        Assert.Equal(16, result.Steps);
        List<float[]> seen = ((SeenTargets)trainer.Loss).All;
        Assert.All(seen, batch => Assert.Equal(4, batch.Length));
        Assert.Equal(shuffle == Shuffle.Sequences ? 11 : 8, seen.SelectMany(batch => batch).Distinct().Count());
        Assert.Equal(24, trainer.Fit(Numbered([4, 4, 4]), options).Steps);
    }

    private static Trainer<float> Make()
        => new(Network.Create<float>(3, 7, new LstmSpec(5), new DropoutSpec(0.1), new DenseSpec(2)),
            new MeanSquaredError<float>(), new Adam<float>(0.01));

    // Sequences whose one target is their number in the list.
    private static List<TrainingBatch<float>> Numbered(int[] counts)
    {
        int number = 0;
        return [.. counts.Select(count =>
        {
            List<float[]> inputs = [.. Enumerable.Range(0, count).Select(b => new float[1 + (b % 3)])];
            List<float[]> targets = [.. Enumerable.Range(0, count).Select(_ => new float[] { number++ })];
            return new TrainingBatch<float>(
                SequenceBatch.FromSequences<float>(inputs), SequenceBatch.FromSequences<float>(targets));
        })];
    }

    /// <summary>Notes the targets of each batch, in the caller's order.</summary>
    private sealed class SeenTargets : Loss<float>
    {
        public List<float[]> All { get; } = [];

        public override LossUnit Unit => LossUnit.Row;

        protected override double SumOf(
            SequenceBatch<float> output, SequenceBatch<float> target, SequenceBatch<float>? outputGradient,
            SequenceBatch<float>? weights)
        {
            All.Add([.. target.ToList().Select(sequence => sequence[0])]);
            return 0;
        }
    }

    /// <summary>Makes a batch whenever it is asked for one.</summary>
    private sealed class Making(List<TrainingBatch<float>> batches) : IReadOnlyList<TrainingBatch<float>>
    {
        public int[] Asked { get; } = new int[batches.Count];

        public int Count => batches.Count;

        public TrainingBatch<float> this[int index]
        {
            get
            {
                Asked[index]++;
                return new TrainingBatch<float>(
                    SequenceBatch.FromSequences<float>(
                    batches[index].Input.Features!.ToList(), batches[index].Input.Features!.FeatureSize),
                    SequenceBatch.FromSequences<float>(
                        batches[index].Target.Values!.ToList(), batches[index].Target.Values!.FeatureSize));
            }
        }

        public IEnumerator<TrainingBatch<float>> GetEnumerator() => throw new NotSupportedException("A list is indexed.");

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
