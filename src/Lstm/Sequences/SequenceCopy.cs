using System.Numerics.Tensors;

namespace Lstm.Sequences;

/// <summary>Copies sequences out of a batch's content, in the caller's order.</summary>
/// <param name="content">The content; it stays as it is meanwhile.</param>
internal readonly struct SequenceCopy<T>(SequenceContent<T> content)
    where T : unmanaged
{
    /// <summary>One sequence, [length, features]; it exists.</summary>
    public T[] Sequence(int sequence)
    {
        int length = content.Shape.Lengths[sequence];
        T[] values = new T[length * content.FeatureSize];
        for (int t = 0; t < length; t++)
        {
            content.Row(sequence, t).CopyTo(values.AsSpan(t * content.FeatureSize));
        }

        return values;
    }

    /// <summary>All sequences.</summary>
    public List<T[]> Sequences()
    {
        int count = content.Shape.Count;
        List<T[]> sequences = new(count);
        for (int b = 0; b < count; b++)
        {
            sequences.Add(Sequence(b));
        }

        return sequences;
    }

    /// <summary>A tensor [T, B, F], or [B, T, F] with the batch first.</summary>
    /// <exception cref="InvalidOperationException">The tensor has more values than an array can hold.</exception>
    public Tensor<T> Tensor(bool batchFirst, T padding)
    {
        SequenceShape shape = content.Shape;
        int featureSize = content.FeatureSize;
        (int count, int steps) = (shape.Count, shape.StepCount);
        Int128 length = (Int128)count * steps * featureSize;
        if (length > Array.MaxLength)
        {
            throw new InvalidOperationException(
                $"A tensor of {count} sequences, {steps} steps and {featureSize} features has {length} values, padding " +
                $"included; an "
                + $"array holds at most {Array.MaxLength}. Read the sequences one at a time with GetSequence.");
        }

        T[] values = new T[(int)length];
        Array.Fill(values, padding);
        for (int b = 0; b < count; b++)
        {
            for (int t = 0; t < shape.Lengths[b]; t++)
            {
                int place = batchFirst ? (b * steps) + t : (t * count) + b;
                content.Row(b, t).CopyTo(values.AsSpan(place * featureSize));
            }
        }

        ReadOnlySpan<nint> lengths = batchFirst ? [count, steps, featureSize] : [steps, count, featureSize];
        return System.Numerics.Tensors.Tensor.Create(values, lengths);
    }
}
