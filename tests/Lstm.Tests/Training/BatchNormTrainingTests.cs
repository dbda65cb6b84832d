using Lstm.Diagnostics;
using Lstm.Specs;
using Lstm.Tests.Formats;
using Lstm.Tests.Support;
using Lstm.Training;

namespace Lstm.Tests.Training;

/// <summary>Batch norm under a trainer: a task is learned, and running averages follow the steps that are made.</summary>
public class BatchNormTrainingTests
{
    private static readonly LayerSpec[] Specs =
        [new LstmSpec(12)
        {
            Normalization = new BatchNormalization { Steps = 6 }, Regularization = new() { RecurrentDropout = 0.1 },
        },
            new DenseSpec(1)];

    [Fact]
    public void Fit_learns_a_sum_and_evaluates_with_the_running_averages()
    {
        Network<double> network = Network.Create<double>(
            2, 3, new LstmSpec(12) { Normalization = new BatchNormalization { Steps = 6 } }, new DenseSpec(1));
        Trainer<double> trainer = new(network, new MeanSquaredError<double>(), new Adam<double>(0.01))
        {
            Clip = GradientClip.ByGlobalNorm(1),
        };
        TrainingBatch<double>[] batches = Batches(8, 16);
        double before = trainer.Evaluate(batches, new EvaluationOptions { Workers = 1 }).Loss;
        TrainingResult result = trainer.Fit(batches, new TrainingOptions { Epochs = 60, Workers = 1 });
        double after = trainer.Evaluate(batches, new EvaluationOptions { Workers = 1 }).Loss;
        Assert.True(
            result.Epochs[^1].Loss < 0.1 * result.Epochs[0].Loss, $"trained: {result.Epochs[0].Loss} → {result.Epochs[^1].Loss}");
        Assert.True(after < 0.1 * before, $"evaluated: {before} → {after}");
    }

    [Fact]
    public void Fit_makes_the_steps_of_a_loop_by_hand()
    {
        Trainer<double> trainer = Make();
        TrainingBatch<double>[] batches = Batches(3, 5);
        trainer.Fit(batches, new TrainingOptions { Epochs = 1, Shuffle = Shuffle.None, Seed = 4, Workers = 1 });
        Trainer<double> other = Make();
        Network<double> network = other.Network;
        using Tape<double> tape = network.CreateTape();
        tape.DropoutSeed = 4;
        Gradient<double> gradient = network.CreateGradient();
        foreach (TrainingBatch<double> batch in batches)
        {
            gradient.Clear();
            other.Loss.Evaluate(network.Forward(batch.Input.Features!, tape), batch.Target.Values!, tape.OutputGradient);
            network.Backward(tape, gradient);
            other.Clip.Apply(gradient);
            network.UpdateStatistics(tape);
            other.Optimizer.Step(network, gradient);
        }

        Close.SameBits<double>(network.Flat, trainer.Network.Flat, "parameters");
    }

    [Theory]
    [InlineData(null, 1, false)]
    [InlineData(null, 2, false)]
    [InlineData(2, 1, false)]
    [InlineData(2, 1, true)]
    [InlineData(null, 3, true)]
    public void Fit_interrupted_within_a_group_and_resumed_from_a_checkpoint_gives_the_same_bits(
        int? truncate, int accumulate, bool carries)
    {
        using TemporaryFolder folder = new();
        TrainingBatch<double>[] batches = Batches(7, 5);
        TrainingOptions options = new()
        {
            Epochs = 2,
            Seed = 4,
            Workers = 1,
            TruncateAfter = truncate,
            AccumulateBatches = accumulate,
            CarryState = carries,
        };
        Trainer<double> whole = Make(), interrupted = Make(), resumed = Make();
        whole.Fit(batches, options);
        using CancellationTokenSource source = new();
        Assert.ThrowsAny<OperationCanceledException>(
            () => interrupted.Fit(batches, options, null, new Cancel(source), source.Token));
        interrupted.SaveCheckpoint(folder["c"]);
        resumed.LoadCheckpoint(folder["c"]);
        Close.SameBits<double>(interrupted.Network.Flat, resumed.Network.Flat, "checkpoint");
        Assert.Equal(interrupted.State.CarriedState?.Steps.ToArray(), resumed.State.CarriedState?.Steps.ToArray());
        Assert.True(!carries || resumed.State.CarriedState!.Steps[0] > 0);
        Assert.All(resumed.Network.Parameters, parameter => Assert.Equal(!parameter.IsStatistic, parameter.Trainable));
        resumed.Fit(batches, options with { Epochs = 1 });
        resumed.Fit(batches, options with { Epochs = 1 });
        Close.SameBits<double>(whole.Network.Flat, resumed.Network.Flat, "parameters");
    }

    [Fact]
    public void Fit_that_skips_a_step_leaves_the_running_averages()
    {
        Trainer<double> trainer = Make();
        TrainingBatch<double>[] batches = Batches(2, 4);
        batches[1].Input.Features!.Rows[0] = double.NaN;
        TrainingOptions options = new()
        {
            Epochs = 1,
            Shuffle = Shuffle.None,
            Workers = 1,
            AccumulateBatches = 2,
            OnNonFinite = NonFiniteAction.SkipStep,
        };
        double[] before = trainer.Network.Flat.ToArray();
        Assert.Equal(1, trainer.Fit(batches, options).SkippedSteps);
        Assert.Equal(before, trainer.Network.Flat.ToArray());
    }

    [Fact]
    public void GradientCheck_of_a_network_in_training_and_in_evaluation_passes_and_leaves_the_averages_out()
    {
        Network<double> network = Sample.Network<double>(
            1, 2, new LstmSpec(5) { Normalization = new BatchNormalization { Epsilon = 0.1, Steps = 2 } }, new DenseSpec(1));
        double[] before = network.Flat.ToArray();
        TrainingBatch<double> batch = new(Sample.Batch<double>(1, 2, 3, 5, 0, 4), Sample.Batch<double>(2, 1, 3, 5, 0, 4));
        foreach (bool training in (bool[])[true, false])
        {
            GradientCheckResult result = GradientCheck.Network(network, new MeanSquaredError<double>(), batch, training);
            Assert.All(result.Entries, entry => Assert.True(entry.Error < 1e-6, $"{entry}"));
            Assert.DoesNotContain(result.Entries, entry => entry.Name.Contains("norm_ih_mean", StringComparison.Ordinal));
        }

        Assert.Equal(before, network.Flat.ToArray());
    }

    private static Trainer<double> Make()
        => new(Sample.Network<double>(3, 2, Specs), new MeanSquaredError<double>(), new AdamW<double>(0.01))
        {
            Clip = GradientClip.ByGlobalNorm(1),
        };

    // The target is the sum of what has been read, which a normalised cell has to scale.
    private static TrainingBatch<double>[] Batches(int count, int sequences) => [.. Enumerable.Range(0, count).Select(i =>
    {
        SequenceBatch<double> input = Sample.Batch<double>(10 + i, 2, [.. Enumerable.Repeat(6, sequences)]);
        List<double[]> targets = [.. input.ToList().Select(x =>
        {
            double sum = 0;
            return Enumerable.Range(0, 6).Select(t => sum += 0.3 * x[2 * t]).ToArray();
        })];
        return new TrainingBatch<double>(input, SequenceBatch.FromSequences<double>(targets, 1));
    })];

    /// <summary>Cancels after the fifth batch, which with groups of 2 or 3 is within a group.</summary>
    private sealed class Cancel(CancellationTokenSource source) : IProgress<TrainingProgress>
    {
        private int _reports;

        public void Report(TrainingProgress value)
        {
            if (++_reports == 5)
            {
                source.Cancel();
            }
        }
    }
}
