using Lstm.Tests.Support;

namespace Lstm.Tests.Training;

/// <summary>What the training tests run in processes of their own.</summary>
internal static class TrainingScenarios
{
    /// <summary>Bytes allocated by steps 60 to 290 of a second epoch: <c>workers truncateAfter</c>.</summary>
    [ChildScenario("training.fit")]
    public static void MeasureFit(string[] arguments)
    {
        Network<float> network = Network.Create<float>(3, 7, TrainerTests.Specs);
        Trainer<float> trainer = new(network, new MeanSquaredError<float>(), new Adam<float>()) { Clip = GradientClip.ByGlobalNorm(1) };
        int truncate = int.Parse(arguments[1]);
        TrainingOptions options = new() { Workers = int.Parse(arguments[0]), TruncateAfter = truncate == 0 ? null : truncate, Shuffle = false };
        List<TrainingBatch<float>> batches = TrainerTests.Batches(3);
        long before = 0, after = 0;
        List<TrainingBatch<float>> all = [.. Enumerable.Repeat(batches, 100).SelectMany(list => list)];
        TrainerTests.Seen probe = new()
        {
            Keeps = false,
            Then = p =>
            {
                before = p.Batch == 60 && !p.IsEpochEnd ? GC.GetTotalAllocatedBytes(true) : before;
                after = p.Batch == 290 && !p.IsEpochEnd ? GC.GetTotalAllocatedBytes(true) : after;
            },
        };
        trainer.Fit(all, options, progress: probe);
        trainer.Fit(all, options, progress: probe);
        Console.WriteLine(after - before);
    }
}
