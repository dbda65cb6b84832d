using System.Globalization;
using System.Text.Json;
using Lstm.Tests.Support;
using Lstm.Training;

namespace Lstm.Tests.Training;

/// <summary>
/// The course of a training: when it looks at cancellation, what it reports, and what is left of one that was interrupted.
/// </summary>
public class TrainerCourseTests
{
    [Fact]
    public void Fit_truncated_is_cancelled_behind_the_segment_under_way()
    {
        (Trainer<float> trainer, TrainingBatch<float> batch) = Long();
        using CancellationTokenSource stop = new();
        TrainerTests.Seen seen = new() { Then = p => { if (p.Step == 6) { stop.Cancel(); } } };
        Assert.Throws<OperationCanceledException>(
            () => trainer.Fit([batch], Truncated, progress: seen, cancellationToken: stop.Token));
        Assert.Equal(new TrainingPosition(0, 0, 0, 6), trainer.Position);
        Assert.Equal((TrainingOutcome.Canceled, 3L), (trainer.LastResult!.Outcome, trainer.LastResult.Steps));
    }

    [Theory]
    [InlineData(2, null, false)]
    [InlineData(2, null, true)]
    [InlineData(5, 2, false)]
    [InlineData(5, 2, true)]
    public void Fit_cancelled_within_a_truncated_batch_goes_on_to_the_same_bits(int truncate, int? every, bool carries)
    {
        TrainingOptions options = new()
        {
            Epochs = 2,
            TruncateAfter = truncate,
            StepEvery = every,
            CarryState = carries,
            Workers = 1,
        };
        List<TrainingBatch<float>> batches = TrainerTests.Batches(3);
        for (int stopAt = 1; stopAt <= 20; stopAt++)
        {
            using MemoryStream file = new();
            Trainer<float> whole = Make(), parts = Make(), resumed = Make();
            TrainingResult expected = whole.Fit(batches, options);
            using CancellationTokenSource stop = new();
            int reports = 0;
            TrainerTests.Seen seen = new() { Then = p => { if (++reports == stopAt) { stop.Cancel(); } } };
            Assert.Throws<OperationCanceledException>(
                () => parts.Fit(batches, options, progress: seen, cancellationToken: stop.Token));
            parts.SaveCheckpoint(file);
            file.Position = 0;
            resumed.LoadCheckpoint(file);
            Assert.Equal(parts.Position, resumed.Position);
            foreach (Trainer<float> trainer in new[] { parts, resumed })
            {
                TrainingResult rest = trainer.Fit(batches, options with { Epochs = 2 - trainer.Position.Epoch });
                Close.SameBits<float>(whole.Network.Flat, trainer.Network.Flat, $"parameters after stop {stopAt}");
                Assert.Equal(expected.Epochs[^1].Loss, rest.Epochs[^1].Loss);
            }
        }
    }

    [Fact]
    public void Fit_reports_each_segment()
    {
        (Trainer<float> trainer, TrainingBatch<float> batch) = Long();
        TrainerTests.Seen seen = new();
        TrainingResult result = trainer.Fit([batch], Truncated, progress: seen);
        Assert.Equal([2, 4, 6, 8, 9], seen.All.Where(p => !p.IsEpochEnd).Select(p => p.Step));
        Assert.All(seen.All.Where(p => !p.IsEpochEnd), p => Assert.Equal((1, 9, 1), (p.Batch, p.StepCount, p.Batches)));
        Assert.Equal([1, 2, 3, 4, 5, 5], seen.All.Select(p => p.OptimizerSteps));
        Assert.Equal(result.Loss, seen.All[^2].Loss);
        Assert.True(seen.All[0].Remaining > seen.All[^2].Remaining);
        Assert.Equal(TimeSpan.Zero, seen.All[^1].Remaining);
    }

    [Fact]
    public void Fit_until_it_no_longer_improves_has_no_time_left_that_overflows()
    {
        List<TrainingBatch<float>> batches = TrainerTests.Batches(2);
        TrainerTests.Seen seen = new() { Then = p => Thread.Sleep(p.Epoch == 1 && p.Batch == 1 ? 20 : 0) };
        TrainingOptions options = new() { Epochs = int.MaxValue, Patience = 1, MinimumImprovement = 1000, Workers = 1 };
        TrainingResult result = Make().Fit(batches, options, batches, seen);
        Assert.Equal(TrainingOutcome.StoppedEarly, result.Outcome);
        Assert.All(seen.All, p => Assert.True(p.Remaining is null || p.Remaining > TimeSpan.Zero));
    }

    [Fact]
    public void LastResult_has_what_a_cancelled_training_came_to_and_RestoreBest_its_best()
    {
        List<TrainingBatch<float>> batches = TrainerTests.Batches(2);
        Trainer<float> trainer = Make();
        Assert.Null(trainer.LastResult);
        Assert.Throws<InvalidOperationException>(trainer.RestoreBest);
        using CancellationTokenSource stop = new();
        double[] losses = [];
        TrainerTests.Seen seen = new() { Then = p => { if (p.Epoch == 5) { stop.Cancel(); } } };
        Assert.Throws<OperationCanceledException>(
            () => trainer.Fit(
            batches, new TrainingOptions { Epochs = 9, RestoreBest = true, Workers = 1 }, batches, seen, stop.Token));
        TrainingResult result = trainer.LastResult!;
        Assert.Equal((TrainingOutcome.Canceled, 4), (result.Outcome, result.Epochs.Count));
        double best = result.Epochs.Min(epoch => epoch.ValidationLoss!.Value);
        Assert.Equal(best, result.Best!.Value.ValidationLoss);
        Assert.NotEqual(best, trainer.Evaluate(batches).Loss);
        trainer.RestoreBest();
        Assert.Equal(best, trainer.Evaluate(batches).Loss);
    }

    [Fact]
    public void LastResult_of_a_training_that_failed_says_so()
    {
        Trainer<float> trainer = Make();
        TrainerTests.Seen fails = new() { Then = p => { if (p.Batch == 2) { throw new TimeoutException("mine"); } } };
        Assert.Equal(
            "mine", Assert.Throws<TimeoutException>(
            () => trainer.Fit(TrainerTests.Batches(3), new TrainingOptions(), progress: fails)).Message);
        Assert.Equal((TrainingOutcome.Failed, 2L), (trainer.LastResult!.Outcome, trainer.LastResult.Steps));
        Assert.Equal(new TrainingPosition(0, 2, 2), trainer.Position);
    }

    [Fact]
    public void Results_are_written_as_JSON_in_every_case()
    {
        List<TrainingBatch<float>> batches = TrainerTests.Batches(2);
        TrainerTests.Seen seen = new();
        TrainingResult result = Make().Fit(batches, new TrainingOptions { Epochs = 2 }, progress: seen);
        string json = JsonSerializer.Serialize(result);
        Assert.Contains("\"ValidationLoss\":null", json);
        Assert.Equal(result.Loss, JsonSerializer.Deserialize<TrainingResult>(json)!.Loss);
        Assert.All(seen.All, p => Assert.Equal(p, JsonSerializer.Deserialize<TrainingProgress>(JsonSerializer.Serialize(p))));
        Assert.Equal("""{"Loss":"NaN","Accuracy":null}""", JsonSerializer.Serialize(new EvaluationResult(double.NaN, null)));
    }

    [Fact]
    public void Results_are_the_same_text_in_every_culture()
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo german = (CultureInfo)CultureInfo.InvariantCulture.Clone();
            german.NumberFormat.NumberDecimalSeparator = ",";
            CultureInfo.CurrentCulture = german;
            Assert.Equal("loss 0.5, accuracy 0.25", new EvaluationResult(0.5, 0.25).ToString());
            Assert.Equal("loss 0.5, validation loss 0.25", new EpochResult(0.5, null, 0.25).ToString());
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void Fit_with_options_that_have_no_effect_throws()
    {
        Trainer<float> trainer = Make();
        List<TrainingBatch<float>> batches = TrainerTests.Batches(2);
        Assert.Contains("CarryState", Refusal(new TrainingOptions { CarryState = true, Shuffle = Shuffle.Sequences }));
        Assert.Contains("no effect", Refusal(new TrainingOptions { TruncateAfter = 3, RecomputeEvery = 3 }));
        Assert.Contains("MinimumImprovement", Refusal(new TrainingOptions { MinimumImprovement = 0.1 }));
        Assert.Contains("Checkpoint.Keep is 0", Refusal(new TrainingOptions { Checkpoint = new("c") { Keep = 0 } }));
        Assert.Contains("Checkpoint.Every is", Refusal(new TrainingOptions { Checkpoint = new("c") { Every = TimeSpan.Zero } }));
        trainer.Position = new TrainingPosition(0, 0, 0, 3);
        Assert.Contains(
            "TruncateAfter", Assert.Throws<InvalidOperationException>(() => trainer.Fit(batches, new TrainingOptions())).Message);
        trainer.Position = new TrainingPosition(0, 0, 0, 30);
        Assert.Contains(
            "which has 12 steps",
            Assert.Throws<InvalidOperationException>(
            () => trainer.Fit(batches, new TrainingOptions { TruncateAfter = 3, Shuffle = Shuffle.None })).Message);

        string Refusal(TrainingOptions options)
            => Assert.Throws<ArgumentException>("options", () => trainer.Fit(batches, options)).Message;
    }

    private static TrainingOptions Truncated => new() { TruncateAfter = 2, Workers = 1 };

    private static Trainer<float> Make()
        => new(Network.Create<float>(3, 7, new LstmSpec(5) { LearnInitialState = true }, new DropoutSpec(0.1), new DenseSpec(2)),
            new MeanSquaredError<float>(), new Adam<float>(0.01));

    private static (Trainer<float> Trainer, TrainingBatch<float> Batch) Long()
    {
        Random random = new(1);
        return (Make(), new TrainingBatch<float>(Rows.Random<float>(random, [9, 7], 3), Rows.Random<float>(random, [9, 7], 2)));
    }
}
