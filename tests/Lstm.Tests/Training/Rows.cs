using System.Numerics;

namespace Lstm.Tests.Training;

/// <summary>Short ways to batches and random numbers for the training tests.</summary>
internal static class Rows
{
    /// <summary>One sequence of rows.</summary>
    public static SequenceBatch<T> Of<T>(double[] values, int features = 1)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        SequenceBatch.FromSequences([Array.ConvertAll(values, T.CreateChecked)], features);

    /// <summary>Sequences of the given lengths, all values drawn from ±scale.</summary>
    public static SequenceBatch<T> Random<T>(Random random, int[] lengths, int features, double scale = 1)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        SequenceBatch<T> batch = new(features);
        batch.Reshape(lengths);
        foreach (ref T value in batch.Rows)
        {
            value = T.CreateChecked(((2 * random.NextDouble()) - 1) * scale);
        }

        return batch;
    }

    public static SequenceBatch<int> Labels(Random random, int[] lengths, int classes)
    {
        SequenceBatch<int> batch = new(1);
        batch.Reshape(lengths);
        foreach (ref int value in batch.Rows)
        {
            value = random.Next(classes);
        }

        return batch;
    }

    public static double[] Doubles<T>(ReadOnlySpan<T> values)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Array.ConvertAll(values.ToArray(), double.CreateChecked);
}
