using Lstm.Tests.Support;
using Lstm.Training;
using Lstm.Training.Models;

namespace Lstm.Tests.Training;

/// <summary>What the training tests run in processes of their own.</summary>
internal static class TrainingScenarios
{
    /// <summary>Bytes allocated by 49 warm steps: <c>workers truncateAfter stepEvery</c>.</summary>
    [ChildScenario("training.fit")]
    public static void MeasureFit(string[] arguments)
    {
        Network<float> network = Network.Create<float>(3, 7, TrainerTests.Specs);
        Trainer<float> trainer =
            new(network, new MeanSquaredError<float>(), new Adam<float>()) { Clip = GradientClip.ByGlobalNorm(1) };
        int truncate = int.Parse(arguments[1]), every = int.Parse(arguments[2]);
        TrainingOptions options =
            new()
            {
                Workers = int.Parse(arguments[0]),
                TruncateAfter = truncate == 0 ? null : truncate,
                StepEvery = every == 0
            ? null : every,
                Shuffle = Shuffle.None
            };
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

    /// <summary>Checks batches of values and of labels, pooled and not.</summary>
    [ChildScenario("training.check")]
    public static void Check(string[] arguments)
    {
        int[] lengths = [9, 0, 30];
        SequenceBatch<float> input = Rows.Random<float>(new Random(1), lengths, 3),
            target = Rows.Random<float>(new Random(2), lengths, 4), weights = Rows.Random<float>(new Random(3), lengths, 1);
        foreach (ref float t in target.Rows)
        {
            t = t > 0 ? 1 : 0;
        }

        BatchChecks<float> values = Checks(new BinaryCrossEntropyWithLogits<float>(), new LstmSpec(4), new DenseSpec(4));
        BatchChecks<float> labels =
            Checks(new SoftmaxCrossEntropy<float>(), new LstmSpec(4), new PoolingSpec(Pooling.Last), new DenseSpec(4));
        TrainingBatch<float> valued = new(input, target, weights),
            labelled = new(input, SequenceBatch.FromSequences<int>([[1], [2], [3]]));
        Allocation.Print(100, 100, () =>
        {
            values.Check(valued, 3);
            labels.Check(labelled, 3);
        });

        static BatchChecks<float> Checks(Loss<float> loss, params LayerSpec[] specs)
            => new(new NetworkModel<float>(Network.Create<float>(3, 1, specs)), loss, new TrainingOptions { CarryState = true },
                "batches", "training batches", trains: true);
    }

    /// <summary>Interrupts a training and saves it: <c>path</c>.</summary>
    [ChildScenario("training.checkpoint.Single")]
    public static void SaveFloatCheckpoint(string[] arguments) => CheckpointTests<float>.InterruptAndSave(arguments[0]);

    /// <inheritdoc cref="SaveFloatCheckpoint"/>
    [ChildScenario("training.checkpoint.Double")]
    public static void SaveDoubleCheckpoint(string[] arguments) => CheckpointTests<double>.InterruptAndSave(arguments[0]);
}
