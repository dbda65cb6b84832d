using System.Diagnostics;
using Lstm.Training;

namespace Lstm.Benchmarks.Workers;

/// <summary>One row of <c>workers</c>: repeated training steps, or predictions, on a given number of workers.</summary>
/// <param name="Inputs">Features of a step.</param>
/// <param name="Units">Hidden units of each layer.</param>
/// <param name="Layers">Layers.</param>
/// <param name="Sequences">Sequences of the batch.</param>
/// <param name="Steps">Steps of each.</param>
/// <param name="Trains">Whether a step is one of a <see cref="Trainer{T}"/> with Adam; else it is a prediction.</param>
internal sealed record WorkerRow(int Inputs, int Units, int Layers, int Sequences, int Steps, bool Trains)
{
    // Calls that are not counted: the first one makes the buffers.
    private const int Uncounted = 2;

    public override string ToString()
        => $"{(Trains ? "train" : "predict"),-8}{Units,4} units{(Layers > 1 ? $" × {Layers}" : string.Empty),-4}, {Inputs,3} "
            + $"inputs, {Sequences,2} × {Steps}";

    /// <summary>Something that runs so many steps on so many workers, and returns the seconds of one.</summary>
    public Func<int, int, double> Prepare()
    {
        Network<float> network = Network.Create<float>(Inputs, 7, new LstmSpec(Units) { Layers = Layers }, new DenseSpec(1));
        SequenceBatch<float> batch = RandomBatch(Inputs), target = RandomBatch(1);
        if (!Trains)
        {
            return (workers, count) => Predict(network, batch, workers, count);
        }

        Trainer<float> trainer = new(network, new MeanSquaredError<float>(), new Adam<float>());
        return (workers, count) => Train(trainer, new TrainingBatch<float>(batch, target), workers, count);
    }

    private static double Train(Trainer<float> trainer, TrainingBatch<float> batch, int workers, int count)
    {
        TrainingBatch<float>[] batches = new TrainingBatch<float>[count + Uncounted];
        Array.Fill(batches, batch);
        Watch watch = new();
        trainer.Fit(batches, new TrainingOptions { Workers = workers, Shuffle = Shuffle.None }, progress: watch);
        return Stopwatch.GetElapsedTime(watch.Begun, watch.Ended).TotalSeconds / count;
    }

    private static double Predict(Network<float> network, SequenceBatch<float> batch, int workers, int count)
    {
        using Workspace<float> workspace = network.CreateWorkspace(workers);
        long begun = 0;
        for (int i = 0; i < count + Uncounted; i++)
        {
            begun = i == Uncounted ? Stopwatch.GetTimestamp() : begun;
            network.Predict(batch, workspace: workspace);
        }

        return Stopwatch.GetElapsedTime(begun).TotalSeconds / count;
    }

    private SequenceBatch<float> RandomBatch(int features)
    {
        SequenceBatch<float> batch = new(features);
        int[] lengths = new int[Sequences];
        Array.Fill(lengths, Steps);
        batch.Reshape(lengths);
        Random random = new(1);
        foreach (ref float value in batch.Rows)
        {
            value = (random.NextSingle() * 2) - 1;
        }

        return batch;
    }

    private sealed class Watch : IProgress<TrainingProgress>
    {
        public long Begun { get; private set; }

        public long Ended { get; private set; }

        public void Report(TrainingProgress value)
        {
            long now = Stopwatch.GetTimestamp();
            (Begun, Ended) = value.IsEpochEnd ? (Begun, Ended) : value.Batch <= Uncounted ? (now, now) : (Begun, now);
        }
    }
}
