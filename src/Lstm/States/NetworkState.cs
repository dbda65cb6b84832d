using System.Numerics;
using Lstm.Kernels.Products;
using Lstm.Runtime;
using Lstm.Specs;
using Lstm.States;
using Lstm.Texts;

namespace Lstm;

/// <summary>The hidden and cell states of a network's recurrent layers for B sequences.</summary>
/// <remarks>
/// The caller owns the state. The entries are in the order of the layers, with the reverse direction after the forward one, as in
/// PyTorch's h_n. Rows are in the caller's order of sequences. One pass or stream uses a state at a time: a second one throws
/// <see cref="InvalidOperationException"/>.
/// </remarks>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public sealed partial class NetworkState<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const string UseRemedy = "Passes and streams that run at once need separate states: create one for each with Clone.";

    private readonly AlignedBuffer<T> _values;
    private readonly int[] _starts;
    private readonly int[] _steps;

    /// <summary>Makes a state, all zero.</summary>
    /// <param name="sizes">Sizes of the entries.</param>
    /// <param name="count">Number of sequences that <see cref="RequireFits"/> has let pass.</param>
    /// <param name="owner">The use of the tape whose passes write it; null for its own.</param>
    internal NetworkState(IReadOnlyList<StateSize> sizes, int count, Use? owner = null)
    {
        Use = owner ?? new Use();
        Sizes = sizes;
        Count = count;
        _steps = new int[count];
        _starts = new int[(2 * sizes.Count) + 1];
        int line = PanelLayout.LineOf<T>();
        for (int i = 0; i < 2 * sizes.Count; i++)
        {
            // Each block starts on a cache line and is padded with zeros to whole lines: kernels read lines.
            int size = i % 2 == 0 ? sizes[i / 2].Hidden : sizes[i / 2].Cell;
            _starts[i + 1] = checked((_starts[i] + (count * size) + line - 1) / line * line);
        }

        _values = new AlignedBuffer<T>(_starts[^1]);
    }

    /// <summary>The start of the network that made the state or last ran it; null for zero.</summary>
    internal IStateStart<T>? Start { get; set; }

    /// <summary>Whether it was made from bytes, which do not say where its sequences started.</summary>
    internal bool IsOfBytes { get; set; }

    /// <summary>Taken by each pass that reads the state and writes it back, and by each step of a stream.</summary>
    internal Use Use { get; }

    /// <summary>The number of sequences B.</summary>
    public int Count { get; }

    /// <summary>The sizes of the entries. There is one entry for each direction of each recurrent layer.</summary>
    public IReadOnlyList<StateSize> Sizes { get; }

    /// <summary>Gets the hidden states of one entry, [B, <see cref="StateSize.Hidden"/>]. They can be changed in place.</summary>
    /// <param name="entry">The index of the entry, 0 … <see cref="Sizes"/>.Count − 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such entry.</exception>
    public Span<T> Hidden(int entry) => _values.Span.Slice(Place(entry, 0), Count * Sizes[entry].Hidden);

    /// <summary>Gets the cell states of one entry, [B, <see cref="StateSize.Cell"/>]. They can be changed in place.</summary>
    /// <param name="entry">The index of the entry, 0 … <see cref="Sizes"/>.Count − 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such entry.</exception>
    public Span<T> Cell(int entry) => _values.Span.Slice(Place(entry, 1), Count * Sizes[entry].Cell);

    /// <summary>
    /// The number of steps of each sequence since its start, [B]. The numbers can be changed in place. Passes and streams count
    /// steps up to <see cref="int.MaxValue"/>; batch norm uses the number to select the statistics of a step.
    /// </summary>
    public Span<int> Steps => _steps;

    /// <summary>
    /// Resets every sequence to its start, with 0 steps: h and c become zero, or the learned initial state of the network that
    /// created the state or last ran it. A state of gradients becomes zero.
    /// </summary>
    /// <exception cref="InvalidOperationException">
    /// The start is not known, because the state was created from bytes and no pass of a network has used it; or a pass or a
    /// stream uses the state.
    /// </exception>
    public void Clear()
    {
        CheckStart();
        using Use.Taking taken = Take(this);
        ClearAll();
        Start?.SetLearned(this, 0, Count);
    }

    /// <summary>
    /// Resets one sequence to its start, with 0 steps, as <see cref="Clear()"/> does for all sequences.
    /// </summary>
    /// <param name="sequence">The index of the sequence, 0 … <see cref="Count"/> − 1.</param>
    /// <exception cref="InvalidOperationException">
    /// The start is not known, because the state was created from bytes and no pass of a network has used it.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such sequence.</exception>
    /// <exception cref="InvalidOperationException">A pass or a stream uses the state.</exception>
    public void Clear(int sequence)
    {
        if ((uint)sequence >= (uint)Count)
        {
            throw new ArgumentOutOfRangeException(
                nameof(sequence), sequence, $"The state has {Count} sequences, 0 … {Count - 1}.");
        }

        CheckStart();
        using Use.Taking taken = Take(this);
        _steps[sequence] = 0;
        for (int entry = 0; entry < Sizes.Count; entry++)
        {
            HiddenRow(entry, sequence).Clear();
            CellRow(entry, sequence).Clear();
        }

        Start?.SetLearned(this, sequence, 1);
    }

    /// <summary>Overwrites all states and numbers of steps with those of another state.</summary>
    /// <param name="source">The state to copy, with the same sizes and number of sequences.</param>
    /// <exception cref="ArgumentException">The sizes or the numbers of sequences differ.</exception>
    /// <exception cref="InvalidOperationException">A pass or a stream uses one of the two states.</exception>
    public void CopyFrom(NetworkState<T> source)
    {
        ArgumentNullException.ThrowIfNull(source);
        CheckFits(source.Sizes, source.Count, nameof(source));
        if (ReferenceEquals(source, this))
        {
            return;
        }

        // Two states of one tape share their use.
        using Use.Reading reading = ReferenceEquals(source.Use, Use) ? default : Read(source);
        using Use.Taking taken = Take(this);
        CopyValues(source);
    }

    /// <summary>Creates an independent copy of the state.</summary>
    /// <exception cref="InvalidOperationException">A pass or a stream uses the state.</exception>
    public NetworkState<T> Clone()
    {
        NetworkState<T> copy = new(Sizes, Count);
        copy.CopyFrom(this);
        (copy.Start, copy.IsOfBytes) = (Start, IsOfBytes);
        return copy;
    }

    /// <summary>Refuses more sequences than a state can hold.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There are too many.</exception>
    internal static void RequireFits(IReadOnlyList<StateSize> sizes, int count, string argument)
    {
        int line = PanelLayout.LineOf<T>();
        Int128 length = 0;
        for (int i = 0; i < 2 * sizes.Count; i++)
        {
            length += (((Int128)count * (i % 2 == 0 ? sizes[i / 2].Hidden : sizes[i / 2].Cell)) + line - 1) / line * line;
        }

        if (length > AlignedBuffer<T>.MaxLength || count > Array.MaxLength)
        {
            throw new ArgumentOutOfRangeException(
                argument, count,
                $"The states of {count} sequences have {length} values; one state holds at most {AlignedBuffer<T>.MaxLength}. " +
                $"Divide the sequences among several states.");
        }
    }

    /// <summary>Takes a state for a pass; does nothing for null.</summary>
    /// <exception cref="InvalidOperationException">It is in use.</exception>
    internal static Use.Taking Take(NetworkState<T>? state) => Use.Take(state?.Use, "The state", UseRemedy);

    /// <summary>Reads a state in a pass; does nothing for null.</summary>
    /// <exception cref="InvalidOperationException">It is in use.</exception>
    internal static Use.Reading Read(NetworkState<T>? state) => Use.Read(state?.Use, "The state", UseRemedy);

    /// <summary>Sets all states, and the numbers of steps, to zero, for whoever uses the state.</summary>
    internal void ClearAll()
    {
        _values.Span.Clear();
        Steps.Clear();
    }

    /// <summary><see cref="CopyFrom"/> of a state of the same sizes, for whoever uses both.</summary>
    internal void CopyValues(NetworkState<T> source)
    {
        source._values.Span.CopyTo(_values.Span);
        source.Steps.CopyTo(Steps);
    }

    internal Span<T> HiddenRow(int entry, int sequence)
        => Hidden(entry).Slice(sequence * Sizes[entry].Hidden, Sizes[entry].Hidden);

    internal Span<T> CellRow(int entry, int sequence) => Cell(entry).Slice(sequence * Sizes[entry].Cell, Sizes[entry].Cell);

    /// <summary>Counts steps that a sequence has made.</summary>
    internal void Advance(int sequence, int steps)
        => _steps[sequence] = (int)Math.Min(_steps[sequence] + (long)steps, int.MaxValue);

    /// <summary>
    /// Checks that it fits the network that is to run it; from then on <see cref="Clear()"/> goes back to the start of that one.
    /// </summary>
    internal void Attach(IStateStart<T> start, IReadOnlyList<StateSize> sizes, int count, string argument)
    {
        CheckFits(sizes, count, argument);
        (Start, IsOfBytes) = (start, false);
    }

    internal void CheckFits(IReadOnlyList<StateSize> sizes, int count, string argument)
    {
        if (!ReferenceEquals(sizes, Sizes) && !sizes.SequenceEqual(Sizes))
        {
            throw new ArgumentException(
                $"The state has the sizes [{Text(Sizes)}] per sequence, one for each direction of each LSTM layer; here they " +
                $"are [{Text(sizes)}]. "
                + "Use a state from CreateState of this network.", argument);
        }

        if (count != Count)
        {
            throw new ArgumentException(
                $"The state has {Count} sequences; here there are {count}. Use a state of {count} sequences: " +
                $"network.CreateState({count}).", argument);
        }
    }

    /// <summary>
    /// Returns the number of sequences, and the sizes of h and c of each recurrent layer and direction, as text.
    /// </summary>
    public override string ToString()
        => $"{TypeName.Of(this)}: {Counted.Of(Count, "sequence")}, {Counted.Of(Sizes.Count, "layer")} of {Text(Sizes)} units";

    private static string Text(IReadOnlyList<StateSize> sizes) => Shortened.List([.. sizes.Select(size => size.ToString())]);

    /// <summary>All values of the entries from <paramref name="first"/> on, padding included.</summary>
    internal Span<T> Entries(int first, int count) => _values.Span[_starts[2 * first].._starts[2 * (first + count)]];

    // SAFETY: Place refuses an entry that does not exist; the constructor has made room for the block to whole lines, and the
    // buffer is never reserved again. Passes keep the state alive while they use the pointer.
    /// <summary>The hidden or cell states of an entry, to whole lines.</summary>
    internal unsafe T* HiddenPointer(int entry) => _values.Pointer + Place(entry, 0);

    internal unsafe T* CellPointer(int entry) => _values.Pointer + Place(entry, 1);

    private int Place(int entry, int part)
    {
        if ((uint)entry >= (uint)Sizes.Count)
        {
            throw new ArgumentOutOfRangeException(nameof(entry), entry, $"The state has {Sizes.Count} entries.");
        }

        return _starts[(2 * entry) + part];
    }

    private void CheckStart()
    {
        if (IsOfBytes)
        {
            throw new InvalidOperationException(
                "The state was created from bytes and no pass of a network has used it, so it is not known whether it starts " +
                "at zero or at learned values. "
                + "Use a state of network.CreateState, which is at the start.");
        }
    }
}
