using System.Numerics;

namespace Lstm;

/// <summary>The hidden and cell states of a network's recurrent layers for B sequences: a value that the caller owns.</summary>
/// <remarks>
/// The entries stand layer by layer, a reverse direction after its forward one, as in PyTorch's h_n. Rows are in the
/// caller's order of sequences.
/// </remarks>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public sealed partial class NetworkState<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly T[] _values;
    private readonly int[] _starts;

    internal NetworkState(IReadOnlyList<int> sizes, int count)
    {
        Sizes = sizes;
        Count = count;
        _starts = new int[sizes.Count + 1];
        for (int i = 0; i < sizes.Count; i++)
        {
            _starts[i + 1] = checked(_starts[i] + (2 * count * sizes[i]));
        }

        _values = new T[_starts[^1]];
    }

    /// <summary>Number of sequences B.</summary>
    public int Count { get; }

    /// <summary>Units H of each entry: one entry for each direction of each recurrent layer.</summary>
    public IReadOnlyList<int> Sizes { get; }

    /// <summary>The hidden states of one entry, [B, H]; writable.</summary>
    /// <param name="entry">0 … <see cref="Sizes"/>.Count − 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such entry.</exception>
    public Span<T> Hidden(int entry) => _values.AsSpan(Start(entry), Count * Sizes[entry]);

    /// <summary>The cell states of one entry, [B, H]; writable.</summary>
    /// <param name="entry">0 … <see cref="Sizes"/>.Count − 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such entry.</exception>
    public Span<T> Cell(int entry) => _values.AsSpan(Start(entry) + (Count * Sizes[entry]), Count * Sizes[entry]);

    /// <summary>Sets all states to zero.</summary>
    public void Clear() => Array.Clear(_values);

    /// <summary>Sets the states of one sequence to zero.</summary>
    /// <param name="sequence">0 … <see cref="Count"/> − 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such sequence.</exception>
    public void Clear(int sequence)
    {
        if ((uint)sequence >= (uint)Count)
        {
            throw new ArgumentOutOfRangeException(nameof(sequence), sequence, $"The state has {Count} sequences.");
        }

        for (int entry = 0; entry < Sizes.Count; entry++)
        {
            HiddenRow(entry, sequence).Clear();
            CellRow(entry, sequence).Clear();
        }
    }

    /// <summary>Overwrites all states with another's.</summary>
    /// <param name="source">A state of the same sizes and number of sequences.</param>
    /// <exception cref="ArgumentException">The sizes or the numbers of sequences differ.</exception>
    public void CopyFrom(NetworkState<T> source)
    {
        ArgumentNullException.ThrowIfNull(source);
        CheckFits(source.Sizes, source.Count, nameof(source));
        source._values.CopyTo(_values, 0);
    }

    /// <summary>A copy of its own.</summary>
    public NetworkState<T> Clone()
    {
        NetworkState<T> copy = new(Sizes, Count);
        copy.CopyFrom(this);
        return copy;
    }

    internal Span<T> HiddenRow(int entry, int sequence) => Hidden(entry).Slice(sequence * Sizes[entry], Sizes[entry]);

    internal Span<T> CellRow(int entry, int sequence) => Cell(entry).Slice(sequence * Sizes[entry], Sizes[entry]);

    internal void CheckFits(IReadOnlyList<int> sizes, int count, string argument)
    {
        if (!ReferenceEquals(sizes, Sizes) && !sizes.SequenceEqual(Sizes))
        {
            throw new ArgumentException(
                $"The state's sizes are [{string.Join(", ", Sizes)}]; here they are [{string.Join(", ", sizes)}].", argument);
        }

        if (count != Count)
        {
            throw new ArgumentException($"The state has {Count} sequences; here there are {count}.", argument);
        }
    }

    private int Start(int entry)
    {
        if ((uint)entry >= (uint)Sizes.Count)
        {
            throw new ArgumentOutOfRangeException(nameof(entry), entry, $"The state has {Sizes.Count} entries.");
        }

        return _starts[entry];
    }
}
