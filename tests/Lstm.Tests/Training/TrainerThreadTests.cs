using Lstm.Tests.Formats;
using Lstm.Tests.Support;
using Lstm.Training;

namespace Lstm.Tests.Training;

/// <summary>What other threads and callbacks may do while Fit runs, and what is refused.</summary>
public class TrainerThreadTests
{
    [Fact]
    public void SaveCheckpoint_of_another_thread_waits_for_the_step_and_writes_a_whole_file()
    {
        using TemporaryFolder folder = new();
        List<TrainingBatch<float>> batches = TrainerTests.Batches(3);
        TrainingOptions options = new() { Epochs = 40, TruncateAfter = 3, Seed = 3, Workers = 1 };
        Trainer<float> whole = Make(), trainer = Make();
        whole.Fit(batches, options);
        int saved = 0, reports = 0;
        using CancellationTokenSource stop = new();
        Thread saving = new(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                trainer.SaveCheckpoint(folder[$"{saved % 8}"]);
                Volatile.Write(ref saved, saved + 1);
            }
        });
        saving.Start();

        // So that files of eight steps at least are there, however slow the other thread is.
        TrainerTests.Seen paces = new()
        {
            Then = _ => SpinWait.SpinUntil(() => Volatile.Read(ref saved) > Math.Min(reports, 8), TimeSpan.FromSeconds(20)),
        };
        trainer.Fit(batches, options, progress: new TrainerTests.Seen { Then = p => { paces.Report(p); reports++; } });
        stop.Cancel();
        saving.Join();
        Assert.InRange(saved, 8, int.MaxValue);
        for (int i = 0; i < 8; i++)
        {
            Trainer<float> resumed = Make();
            resumed.LoadCheckpoint(folder[$"{i}"]);
            resumed.Fit(batches, options with { Epochs = 40 - resumed.Position.Epoch });
            Close.SameBits<float>(whole.Network.Flat, resumed.Network.Flat, $"parameters gone on from file {i}");
        }
    }

    [Fact]
    public void Evaluate_of_other_threads_while_Fit_runs_is_that_of_a_whole_step()
    {
        List<TrainingBatch<float>> batches = TrainerTests.Batches(2);
        Trainer<float> alone = Make(), trainer = Make();
        HashSet<double> possible = [alone.Evaluate(batches).Loss];
        TrainerTests.Seen seen = new() { Then = _ => possible.Add(alone.Evaluate(batches).Loss) };
        TrainingOptions options = new() { Epochs = 30, Workers = 1 };
        alone.Fit(batches, options, progress: seen);
        List<double> measured = [];
        using CancellationTokenSource stop = new();
        Thread evaluating = new(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                measured.Add(trainer.Evaluate(batches, new EvaluationOptions { Workers = 1 }).Loss);
            }
        });
        evaluating.Start();
        trainer.Fit(batches, options);
        stop.Cancel();
        evaluating.Join();
        Assert.All(measured, loss => Assert.Contains(loss, possible));
    }

    [Fact]
    public void Callbacks_that_would_change_the_training_under_way_are_refused_and_it_goes_on()
    {
        using MemoryStream file = new();
        List<TrainingBatch<float>> batches = TrainerTests.Batches(2);
        Trainer<float> whole = Make(), trainer = Make();
        trainer.SaveCheckpoint(file);
        int refused = 0;
        TrainerTests.Seen meddles = new()
        {
            Then = _ =>
            {
                file.Position = 0;
                foreach (Action action in new Action[]
                {
                    () => trainer.LoadCheckpoint(file), () => trainer.Position = default, trainer.RestoreBest, ()
                        => trainer.Fit(batches, new TrainingOptions()),
                })
                {
                    Assert.Contains("while Fit", Assert.Throws<InvalidOperationException>(action).Message);
                    refused++;
                }
            },
        };
        TrainingOptions options = new() { Epochs = 2, Workers = 1 };
        whole.Fit(batches, options);
        trainer.Fit(batches, options, progress: meddles);
        Assert.Equal(24, refused);
        Close.SameBits<float>(whole.Network.Flat, trainer.Network.Flat, "parameters");
    }

    [Fact]
    public void A_loss_that_saves_or_evaluates_within_its_step_is_refused()
    {
        List<TrainingBatch<float>> batches = TrainerTests.Batches(1);
        Meddling loss = new();
        Trainer<float> trainer = new(Network.Create<float>(3, 7, new LstmSpec(4), new DenseSpec(2)), loss, new Sgd<float>(0.1));
        foreach (
            Action action in new Action[] { () => trainer.SaveCheckpoint(new MemoryStream()), () => trainer.Evaluate(batches) })
        {
            loss.Action = action;
            InvalidOperationException e =
                Assert.Throws<InvalidOperationException>(() => trainer.Fit(batches, new TrainingOptions()));
            Assert.Contains("within a training step", e.Message);
        }

        loss.Action = null;
        trainer.Fit(batches, new TrainingOptions());
        trainer.SaveCheckpoint(new MemoryStream());
    }

    private static Trainer<float> Make()
        => new(Network.Create<float>(3, 7, new LstmSpec(5), new DropoutSpec(0.1), new DenseSpec(2)),
            new MeanSquaredError<float>(), new Adam<float>(0.01));

    private sealed class Meddling : Loss<float>
    {
        public Action? Action { get; set; }

        public override LossUnit Unit => LossUnit.Row;

        protected override double SumOf(
            SequenceBatch<float> output, SequenceBatch<float> target, SequenceBatch<float>? outputGradient,
            SequenceBatch<float>? weights)
        {
            Action?.Invoke();
            return 0;
        }
    }
}
