using System.Numerics.Tensors;

namespace Lstm;

/// <summary>Creates batches of sequences.</summary>
public static class SequenceBatch
{
    /// <summary>Creates a batch from sequences, each an array of whole steps of <paramref name="featureSize"/> values.</summary>
    /// <typeparam name="T"><see cref="float"/>, <see cref="double"/> or <see cref="int"/>.</typeparam>
    /// <param name="sequences">
    /// One or more sequences. The length of each is a multiple of <paramref name="featureSize"/>; it may be 0.
    /// </param>
    /// <param name="featureSize">Values per step, at least 1; 1 by default.</param>
    /// <exception cref="ArgumentException">
    /// There are no sequences, a sequence is null, or the length of one is no multiple of <paramref name="featureSize"/>.
    /// </exception>
    public static SequenceBatch<T> FromSequences<T>(IReadOnlyList<T[]> sequences, int featureSize = 1)
        where T : unmanaged
    {
        SequenceBatch<T> batch = new(featureSize);
        batch.Fill(sequences);
        return batch;
    }

    /// <summary>
    /// Creates a batch from a tensor [T, B, F], or [B, T, F] when <paramref name="batchFirst"/> is <see langword="true"/>.
    /// </summary>
    /// <typeparam name="T"><see cref="float"/>, <see cref="double"/> or <see cref="int"/>.</typeparam>
    /// <param name="tensor">Rank 3, or rank 2 for one feature. Strides are allowed.</param>
    /// <param name="batchFirst">Whether the first dimension is the batch.</param>
    /// <param name="lengths">
    /// The length of each sequence, 0 … T; empty means T for all. Values beyond a length are not read.
    /// </param>
    /// <exception cref="ArgumentException">The tensor's rank or sizes or a length do not fit.</exception>
    public static SequenceBatch<T> FromTensor<T>(
        in ReadOnlyTensorSpan<T> tensor, bool batchFirst = false, ReadOnlySpan<int> lengths = default)
        where T : unmanaged
    {
        SequenceBatch<T> batch = new(tensor.Rank == 3 ? checked((int)tensor.Lengths[2]) : 1);
        batch.Fill(tensor, batchFirst, lengths);
        return batch;
    }

    /// <summary>Creates a batch from sequences, each a run of whole steps of <paramref name="featureSize"/> values.</summary>
    /// <inheritdoc cref="FromSequences{T}(IReadOnlyList{T[]}, int)"/>
    public static SequenceBatch<T> FromSequences<T>(IEnumerable<IEnumerable<T>> sequences, int featureSize = 1)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(sequences);
        return FromSequences<T>(sequences.Select(sequence => sequence as T[] ?? sequence?.ToArray()!).ToArray(), featureSize);
    }

    /// <summary>Creates a batch from sequences of steps, each step an array of one value per feature.</summary>
    /// <typeparam name="T"><see cref="float"/>, <see cref="double"/> or <see cref="int"/>.</typeparam>
    /// <param name="sequences">
    /// One or more sequences of any lengths, zero included. All steps of all sequences have the same number of values.
    /// </param>
    /// <exception cref="ArgumentException">
    /// There are no sequences or no steps, a sequence or step is null, or a step has another number of values than the first
    /// step.
    /// </exception>
    public static SequenceBatch<T> FromSteps<T>(IReadOnlyList<T[][]> sequences)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(sequences);
        int featureSize = sequences.SelectMany(sequence => sequence ?? []).FirstOrDefault()?.Length
            ?? throw new ArgumentException(
                "No sequence has a step, so the number of features is unknown: use FromSequences with a featureSize.",
                nameof(sequences));
        return FromSequences<T>(sequences.Select((steps, b) => Join(steps, b, featureSize)).ToArray(), featureSize);
    }

    /// <summary>Creates a batch of one sequence from an array [steps, features].</summary>
    /// <typeparam name="T"><see cref="float"/>, <see cref="double"/> or <see cref="int"/>.</typeparam>
    /// <param name="sequence">The sequence, 0 or more steps of 1 or more features.</param>
    /// <exception cref="ArgumentException">The array has no features.</exception>
    public static SequenceBatch<T> FromSequence<T>(T[,] sequence)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(sequence);
        T[] values = new T[sequence.Length];
        int i = 0;
        foreach (T value in sequence)
        {
            values[i++] = value;
        }

        return FromSequences<T>([values], sequence.GetLength(1));
    }

    private static T[] Join<T>(T[][] steps, int sequence, int featureSize)
    {
        ArgumentNullException.ThrowIfNull(steps, $"sequences[{sequence}]");
        for (int t = 0; t < steps.Length; t++)
        {
            if (steps[t]?.Length != featureSize)
            {
                throw new ArgumentException(
                    $"Step {t} of sequence {sequence} has {steps[t]?.Length.ToString() ?? "no"} values, the first step of all "
                    + $"has {featureSize}. Give every step the same number of values.", "sequences");
            }
        }

        return [.. steps.SelectMany(step => step)];
    }
}
