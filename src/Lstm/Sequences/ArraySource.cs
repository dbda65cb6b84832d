namespace Lstm.Sequences;

/// <summary>Arrays from which a batch is filled: one per sequence, each [steps, featureSize].</summary>
internal readonly struct ArraySource<T>
    where T : unmanaged
{
    private readonly IReadOnlyList<T[]> _sequences;
    private readonly int _featureSize;

    /// <summary>Takes a list of sequences.</summary>
    public ArraySource(IReadOnlyList<T[]> sequences, int featureSize)
    {
        (_sequences, _featureSize) = (sequences, featureSize);

        // The list may be the caller's own code: its count is asked for once.
        Count = sequences.Count;
    }

    /// <summary>Number of sequences.</summary>
    public int Count { get; }

    /// <summary>Writes the number of steps of each sequence.</summary>
    /// <exception cref="ArgumentException">A sequence is null, or its length is no multiple of the feature size.</exception>
    public void ReadLengths(Span<int> lengths)
    {
        for (int b = 0; b < Count; b++)
        {
            T[] sequence = _sequences[b] ?? throw new ArgumentException(
                $"Sequence {b} of {Count} is null; one without steps is an empty array.", "sequences");
            if (sequence.Length % _featureSize != 0)
            {
                throw new ArgumentException(
                    $"Sequence {b} has {sequence.Length} values, which is no multiple of the feature size {_featureSize}. Give "
                    + $"whole steps of {_featureSize} values, or make the batch with the featureSize that the steps have.",
                    "sequences");
            }

            lengths[b] = sequence.Length / _featureSize;
        }
    }

    /// <summary>Copies the values into content that has these lengths.</summary>
    /// <exception cref="ArgumentException">A sequence has another length than when the lengths were read.</exception>
    public void CopyTo(SequenceContent<T> content, ReadOnlySpan<int> lengths)
    {
        Span<T> rows = content.Rows;
        for (int b = 0; b < Count; b++)
        {
            ReadOnlySpan<T> rest = _sequences[b];
            if (rest.Length != lengths[b] * _featureSize)
            {
                throw new ArgumentException(
                    $"Sequence {b} has changed its length to {rest.Length} while it was read.", "sequences");
            }

            for (int t = 0; rest.Length > 0; t++)
            {
                rest[.._featureSize].CopyTo(rows[(content.Shape.Row(b, t) * _featureSize)..]);
                rest = rest[_featureSize..];
            }
        }
    }
}
