using Lstm.Tests.Formats;
using Lstm.Tests.Support;
using Lstm.Training;

namespace Lstm.Tests.Training;

/// <summary>Checkpoints that Fit saves by rule.</summary>
public class CheckpointOptionsTests
{
    [Fact]
    public void Fit_saves_at_the_end_of_each_epoch_by_default()
    {
        using TemporaryFolder folder = new();
        List<long> steps = Saved(folder, new CheckpointOptions(folder["c.safetensors"]), epochs: 2);
        Assert.Equal([0, 0, 0, 3, 3, 3, 3, 6], steps);
        Assert.Equal(["c.safetensors"], folder.Files);
    }

    [Fact]
    public void Fit_saves_every_so_many_steps_and_keeps_the_last()
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder["c.step-notes.safetensors"], "mine");
        List<long> steps = Saved(folder, new CheckpointOptions(folder["c.safetensors"]) { EverySteps = 2, Keep = 3 }, epochs: 3);
        Assert.Equal([0, 2, 2, 2, 4, 4, 6, 6, 6, 8, 8, 8], steps);
        Assert.Equal(9, StepsOf(folder["c.safetensors"]));
        Assert.Equal(
            ["c.safetensors", "c.step-0000000006.safetensors", "c.step-0000000008.safetensors", "c.step-notes.safetensors"],
            folder.Files);
        Assert.Equal(6, StepsOf(folder["c.step-0000000006.safetensors"]));
    }

    [Fact]
    public void Fit_saves_after_a_time()
    {
        using TemporaryFolder folder = new();
        CheckpointOptions options = new(folder["c"]) { Every = TimeSpan.FromTicks(1) };
        Assert.Equal([1, 2, 3, 3], Saved(folder, options, epochs: 1));
        File.Delete(folder["c"]);
        Assert.Equal([0, 0, 0, 0], Saved(folder, options with { Every = TimeSpan.FromHours(1) }, epochs: 1));
        Assert.Equal(3, StepsOf(folder["c"]));
    }

    [Fact]
    public void Fit_that_is_cancelled_saves_where_it_stopped_and_goes_on_to_the_same_bits()
    {
        using TemporaryFolder folder = new();
        List<TrainingBatch<float>> batches = TrainerTests.Batches(3);
        TrainingOptions options = new()
        {
            Epochs = 2,
            TruncateAfter = 4,
            Checkpoint = new CheckpointOptions(folder["c"]),
            Workers = 1,
        };
        Trainer<float> whole = Make(), parts = Make(), resumed = Make();
        whole.Fit(batches, options with { Checkpoint = null });
        using CancellationTokenSource stop = new();
        TrainerTests.Seen seen = new() { Then = p => { if (p is { Epoch: 2, Batch: 2, Step: 8 }) { stop.Cancel(); } } };
        Assert.Throws<OperationCanceledException>(
            () => parts.Fit(batches, options, progress: seen, cancellationToken: stop.Token));
        resumed.LoadCheckpoint(folder["c"]);
        Assert.Equal(new TrainingPosition(1, 1, 4, 8), resumed.Position);
        resumed.Fit(batches, options with { Epochs = 1 });
        Close.SameBits<float>(whole.Network.Flat, resumed.Network.Flat, "parameters");
    }

    [Fact]
    public void Fit_whose_checkpoint_cannot_be_written_throws_behind_the_step()
    {
        using TemporaryFolder folder = new();
        Trainer<float> trainer = Make();
        Directory.CreateDirectory(folder["gone"]);
        TrainingOptions options = new()
        {
            Checkpoint = new CheckpointOptions(Path.Combine(folder["gone"], "c")) { EverySteps = 2 },
            Workers = 1,
        };
        TrainerTests.Seen removes = new() { Then = p => { if (p.Batch == 1) { Directory.Delete(folder["gone"]); } } };
        Assert.ThrowsAny<IOException>(() => trainer.Fit(TrainerTests.Batches(3), options, progress: removes));
        Assert.Equal((TrainingOutcome.Failed, new TrainingPosition(0, 2, 2)), (trainer.LastResult!.Outcome, trainer.Position));
    }

    [Fact]
    public void Fit_whose_checkpoints_have_no_place_throws_before_the_first_step()
    {
        using TemporaryFolder folder = new();
        Trainer<float> trainer = Make();
        foreach (string path in new[] { Path.Combine(folder["missing"], "c"), Path.GetDirectoryName(folder["c"])! })
        {
            TrainingOptions options = new() { Checkpoint = new CheckpointOptions(path) { Keep = 2 } };
            Assert.Contains(path, Assert.ThrowsAny<IOException>(() => trainer.Fit(TrainerTests.Batches(3), options)).Message);
            Assert.Equal(default, trainer.Position);
        }
    }

    // The optimizer steps of the file at each report; 0 where there is none.
    private static List<long> Saved(TemporaryFolder folder, CheckpointOptions checkpoint, int epochs)
    {
        List<long> steps = [];
        TrainerTests.Seen seen = new() { Then = _ => steps.Add(File.Exists(checkpoint.Path) ? StepsOf(checkpoint.Path) : 0) };
        Make().Fit(
            TrainerTests.Batches(3), new TrainingOptions { Epochs = epochs, Checkpoint = checkpoint, Workers = 1 },
            progress: seen);
        return steps;
    }

    private static long StepsOf(string path)
    {
        Trainer<float> trainer = Make();
        trainer.LoadCheckpoint(path);
        return trainer.Optimizer.Steps;
    }

    private static Trainer<float> Make()
        => new(Network.Create<float>(3, 7, new LstmSpec(5), new DenseSpec(2)), new MeanSquaredError<float>(),
            new Adam<float>(0.01));
}
