using Lstm.Tests.Support;

namespace Lstm.Tests.Training;

/// <summary>What the training tests run in processes of their own.</summary>
internal static class TrainingScenarios
{
    /// <summary>Bytes allocated by 49 warm steps: <c>workers truncateAfter stepEvery</c>.</summary>
    [ChildScenario("training.fit")]
    public static void MeasureFit(string[] arguments)
    {
        Network<float> network = Network.Create<float>(3, 7, TrainerTests.Specs);
        Trainer<float> trainer = new(network, new MeanSquaredError<float>(), new Adam<float>()) { Clip = GradientClip.ByGlobalNorm(1) };
        int truncate = int.Parse(arguments[1]), every = int.Parse(arguments[2]);
        TrainingOptions options = new() { Workers = int.Parse(arguments[0]), TruncateAfter = truncate == 0 ? null : truncate, StepEvery = every == 0 ? null : every, Shuffle = false };
        List<TrainingBatch<float>> batches = TrainerTests.Batches(3);
        long least = long.MaxValue, before = 0;
        List<TrainingBatch<float>> all = [.. Enumerable.Repeat(batches, 100).SelectMany(list => list)];

        // The least of several stretches: a worker's first wait, somewhen, allocates once.
        TrainerTests.Seen probe = new()
        {
            Keeps = false,
            Then = p =>
            {
                if (!p.IsEpochEnd && p.Batch % 100 == 50)
                {
                    before = GC.GetTotalAllocatedBytes(true);
                }
                else if (!p.IsEpochEnd && p.Batch % 100 == 99 && p.Epoch > 1)
                {
                    least = Math.Min(least, GC.GetTotalAllocatedBytes(true) - before);
                }
            },
        };
        trainer.Fit(all, options with { Epochs = 3 }, progress: probe);
        Console.WriteLine(least);
    }

    /// <summary>Interrupts a training and saves it: <c>path</c>.</summary>
    [ChildScenario("training.checkpoint.Single")]
    public static void SaveFloatCheckpoint(string[] arguments) => CheckpointTests<float>.InterruptAndSave(arguments[0]);

    /// <inheritdoc cref="SaveFloatCheckpoint"/>
    [ChildScenario("training.checkpoint.Double")]
    public static void SaveDoubleCheckpoint(string[] arguments) => CheckpointTests<double>.InterruptAndSave(arguments[0]);
}
