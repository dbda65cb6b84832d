using System.Diagnostics;
using System.Numerics;
using Lstm.Kernels.Recurrence;
using Lstm.Simd;

namespace Lstm.Layers;

/// <summary>Where a direction's passes take their states from and leave them, and the gradients of both.</summary>
/// <param name="spec">The layer's spec.</param>
/// <param name="weights">The direction's parameters, a learned initial state among them.</param>
/// <param name="entry">Index of the direction's state in a <see cref="NetworkState{T}"/>.</param>
// SAFETY: ranks and FinalSlot are slots of the shape that the tape was prepared for. Rows of states are spans; LstmWeights
// declares a learned h and c as long as a row (LstmLayer.StateSize). NetworkState.CheckFits has compared a caller's states with
// the network's sizes and the batch; SessionChoice.Take has checked StateRows.
internal sealed unsafe class DirectionStates<T>(LstmSpec spec, LstmWeights weights, int entry)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly int _units = spec.HiddenSize;
    private readonly int _size = spec.StateSize;

    /// <summary>Index of the direction's state in a <see cref="NetworkState{T}"/>.</summary>
    public int Entry => entry;

    /// <summary>Fills slots 0 … B − 1, in rank order.</summary>
    public void SetInitial(in Pass<T> pass, DirectionTape<T> tape)
    {
        Debug.Assert(pass.Initial is null || pass.StateRows != null || pass.Initial.Count == tape.Shape.Count);
        ReadOnlySpan<int> callers = tape.Shape.RankToCaller;
        Slots<T> seen = tape.Seen(pass);
        for (int rank = 0; rank < callers.Length; rank++)
        {
            ReadOnlySpan<T> hidden = [], cell = [];
            if (pass.Initial is { } state)
            {
                int row = pass.StateRows == null ? callers[rank] : pass.StateRows[callers[rank]];
                hidden = state.HiddenRow(entry, row);
                cell = state.CellRow(entry, row);
            }
            else if (weights is { InitialH: { } h, InitialC: { } c })
            {
                hidden = new(pass.Parameter(h), h.Count);
                cell = new(pass.Parameter(c), c.Count);
            }

            int size = Math.Min(_size, hidden.Length);
            SetOrClear(hidden[..size], new(tape.Hidden.At(rank), _size));
            tape.SetCell(rank, cell);
            if (spec.Equations.GateRecurrence)
            {
                SetOrClear(hidden[size..], new(seen.At(rank) + _size, 3 * _units));
            }
        }

        if (seen.Pointer != tape.Hidden.Pointer)
        {
            SeenStart<T> start = new(tape.Update!.Forward(pass, tape, 0));
            SimdDispatch.Run<T, SeenStart<T>>(pass.Width, ref start);
        }
    }

    /// <summary>Copies the states after each sequence's last step, in the caller's order or into the rows given.</summary>
    public void TakeFinal(DirectionTape<T> tape, NetworkState<T> state, int* stateRows)
    {
        for (int b = 0; b < tape.Shape.Count; b++)
        {
            int slot = tape.FinalSlot(b);
            int row = stateRows == null ? b : stateRows[b];
            Span<T> hidden = state.HiddenRow(entry, row);
            new ReadOnlySpan<T>(tape.Hidden.At(slot), _size).CopyTo(hidden);
            if (spec.Equations.GateRecurrence)
            {
                new ReadOnlySpan<T>(tape.Update!.SeenSlots.At(slot) + _size, 3 * _units).CopyTo(hidden[_size..]);
            }

            tape.CopyCell(tape.Keeps ? slot : tape.Shape.CallerToRank[b], state.CellRow(entry, row));
        }
    }

    /// <summary>Starts dh and dc with the final state's gradient; nothing in a segment after which another is read.</summary>
    public void SetFinalGradient(in Pass<T> pass, DirectionTape<T> tape)
    {
        if (!pass.Segment.IsLast)
        {
            return;
        }

        tape.ClearStateGradients();
        if (pass.FinalGradient is not { } final)
        {
            return;
        }

        ReadOnlySpan<int> callers = tape.Shape.RankToCaller;
        for (int rank = 0; rank < callers.Length; rank++)
        {
            Span<T> hidden = final.HiddenRow(entry, callers[rank]);
            hidden[.._size].CopyTo(tape.HiddenGradientRow(rank));
            if (spec.Equations.GateRecurrence)
            {
                tape.Update!.SetGateGradient(callers.Length, rank, hidden[_size..]);
            }

            tape.SetCellGradient(rank, final.CellRow(entry, callers[rank]));
        }
    }

    /// <summary>
    /// Copies what is left in dh and dc into the initial state's gradient, and adds it to a learned one's; nothing in a segment
    /// before which another is read.
    /// </summary>
    public void TakeInitialGradient(in Pass<T> pass, DirectionTape<T> tape, T* gradient)
    {
        for (int b = 0; b < tape.Shape.Count && pass.Segment.IsFirst; b++)
        {
            int rank = tape.Shape.CallerToRank[b];
            Span<T> hidden = pass.InitialGradient!.HiddenRow(entry, b);

            // All that the first step saw: h, and the gates if it saw them.
            tape.HiddenGradientRow(rank)[.._size].CopyTo(hidden);
            if (spec.Equations.GateRecurrence)
            {
                tape.Update!.CopyGateGradient(tape.Shape.Count, rank, hidden[_size..]);
            }

            tape.CopyCellGradient(rank, pass.InitialGradient.CellRow(entry, b));
            if (pass.Initial is null)
            {
                AddInitialGradient(pass.InitialGradient, b, gradient);
            }
        }
    }

    /// <inheritdoc cref="Layer{T}.SetLearnedState"/>
    public void SetLearned(T* parameters, NetworkState<T> state, int first, int count)
    {
        for (int b = first; b < first + count && weights is { InitialH: { } h, InitialC: { } c }; b++)
        {
            new ReadOnlySpan<T>(parameters + h.Offset, h.Count).CopyTo(state.HiddenRow(entry, b));
            new ReadOnlySpan<T>(parameters + c.Offset, c.Count).CopyTo(state.CellRow(entry, b));
        }
    }

    /// <inheritdoc cref="Layer{T}.AddInitialGradient"/>
    public void AddInitialGradient(NetworkState<T> initial, T* gradient)
    {
        for (int b = 0; b < initial.Count; b++)
        {
            AddInitialGradient(initial, b, gradient);
        }
    }

    private void AddInitialGradient(NetworkState<T> initial, int sequence, T* gradient)
    {
        if (weights is { InitialH: { } h, InitialC: { } c })
        {
            Add(initial.HiddenRow(entry, sequence), gradient + h.Offset);
            Add(initial.CellRow(entry, sequence), gradient + c.Offset);
        }
    }

    private static void Add(ReadOnlySpan<T> row, T* sum)
    {
        for (int u = 0; u < row.Length; u++)
        {
            sum[u] += row[u];
        }
    }

    private static void SetOrClear(ReadOnlySpan<T> source, Span<T> target)
    {
        if (source.IsEmpty)
        {
            target.Clear();
        }
        else
        {
            source.CopyTo(target);
        }
    }
}
