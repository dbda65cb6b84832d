using System.Numerics.Tensors;

namespace Lstm;

/// <summary>Makes batches of sequences.</summary>
public static class SequenceBatch
{
    /// <summary>Makes a batch from sequences, each a run of steps of <paramref name="featureSize"/> values.</summary>
    /// <typeparam name="T"><see cref="float"/>, <see cref="double"/> or <see cref="int"/>.</typeparam>
    /// <param name="sequences">One or more sequences, of any lengths that are multiples of <paramref name="featureSize"/>, zero included.</param>
    /// <param name="featureSize">Values per step, at least 1.</param>
    /// <exception cref="ArgumentException">There are no sequences, or one's length is no multiple of <paramref name="featureSize"/>.</exception>
    public static SequenceBatch<T> FromSequences<T>(IReadOnlyList<T[]> sequences, int featureSize = 1)
        where T : unmanaged
    {
        SequenceBatch<T> batch = new(featureSize);
        batch.Fill(sequences);
        return batch;
    }

    /// <summary>Makes a batch from a tensor [T, B, F], or [B, T, F] when <paramref name="batchFirst"/>.</summary>
    /// <typeparam name="T"><see cref="float"/>, <see cref="double"/> or <see cref="int"/>.</typeparam>
    /// <param name="tensor">Rank 3, or rank 2 for one feature; strided is fine.</param>
    /// <param name="batchFirst">Whether the first dimension is the batch.</param>
    /// <param name="lengths">Length of each sequence; empty means the tensor's step count for all.</param>
    /// <exception cref="ArgumentException">The tensor's shape or a length does not fit.</exception>
    public static SequenceBatch<T> FromTensor<T>(in ReadOnlyTensorSpan<T> tensor, bool batchFirst = false, ReadOnlySpan<int> lengths = default)
        where T : unmanaged
    {
        SequenceBatch<T> batch = new(tensor.Rank == 3 ? checked((int)tensor.Lengths[2]) : 1);
        batch.Fill(tensor, batchFirst, lengths);
        return batch;
    }
}
