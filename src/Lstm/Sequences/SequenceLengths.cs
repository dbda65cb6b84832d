using System.Buffers;

namespace Lstm.Sequences;

/// <summary>Pooled room for the length of each sequence of a refill, so that refilling a batch allocates nothing.</summary>
internal readonly ref struct SequenceLengths
{
    private readonly int[] _array;

    /// <summary>Rents room for the lengths of <paramref name="count"/> sequences; the values are undefined.</summary>
    /// <exception cref="ArgumentException"><paramref name="count"/> is 0.</exception>
    public SequenceLengths(int count, string argument)
    {
        if (count == 0)
        {
            throw new ArgumentException("A batch has at least one sequence; there are 0.", argument);
        }

        _array = ArrayPool<int>.Shared.Rent(count);
        Span = _array.AsSpan(0, count);
    }

    /// <summary>The lengths, one per sequence.</summary>
    public Span<int> Span { get; }

    /// <summary>Returns the room to the pool.</summary>
    public void Dispose() => ArrayPool<int>.Shared.Return(_array);
}
