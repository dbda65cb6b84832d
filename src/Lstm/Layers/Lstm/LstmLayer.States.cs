



using Lstm.Kernels.Recurrence;
using Lstm.Simd;

namespace Lstm.Layers;

// Where a pass takes its states from and leaves them, and the gradients of both.
internal sealed unsafe partial class LstmLayer<T>
{
    public override void SetLearnedState(T* parameters, NetworkState<T> state, int first, int count)
    {
        for (int d = 0; d < _directions.Length; d++)
        {
            if (_directions[d] is { InitialH: { } h, InitialC: { } c })
            {
                for (int b = first; b < first + count; b++)
                {
                    new ReadOnlySpan<T>(parameters + h.Offset, h.Count).CopyTo(state.HiddenRow(FirstState + d, b));
                    new ReadOnlySpan<T>(parameters + c.Offset, Units).CopyTo(state.CellRow(FirstState + d, b));
                }
            }
        }
    }

    public override void TakeFinalState(LayerTape<T> tape, NetworkState<T> state, int* stateRows)
    {
        LstmTape<T> own = (LstmTape<T>)tape;
        for (int d = 0; d < _directions.Length; d++)
        {
            if (own.IsSegmented)
            {
                own.Segments![d].TakeFinalState(state);
            }
            else
            {
                TakeFinalState(own, d, state, stateRows);
            }
        }
    }

    /// <summary>The same of one direction.</summary>
    public void TakeFinalState(LstmTape<T> tape, int d, NetworkState<T> state, int* stateRows)
    {
        for (int b = 0; b < tape.OutputShape.Count; b++)
        {
            int slot = tape.FinalSlot(d, b);
            int row = stateRows == null ? b : stateRows[b];
            Span<T> hidden = state.HiddenRow(FirstState + d, row);
            new ReadOnlySpan<T>(tape.Output.Pointer + ((nint)slot * OutputSize) + (d * HiddenSize), HiddenSize).CopyTo(hidden);
            if (_spec.GateRecurrence)
            {
                HiddenUpdateTape<T> path = tape.Directions[d].Path;
                new ReadOnlySpan<T>(path.Seen.Pointer + ((nint)slot * path.SeenSize) + HiddenSize, 3 * Units).CopyTo(hidden[HiddenSize..]);
            }

            tape.Directions[d].CopyCell(tape.Directions[d].KeepsCells ? slot : tape.OutputShape.CallerToRank[b], state.CellRow(FirstState + d, row));
        }
    }

    // Slots 0 … B − 1, in rank order.
    private void SetInitialState(in Pass<T> pass, LstmTape<T> tape, int d)
    {
        LstmWeights direction = _directions[d];
        ReadOnlySpan<int> callers = tape.OutputShape.RankToCaller;
        for (int rank = 0; rank < callers.Length; rank++)
        {
            ReadOnlySpan<T> hidden = [], cell = [];
            if (pass.Initial is { } state)
            {
                int row = pass.StateRows == null ? callers[rank] : pass.StateRows[callers[rank]];
                hidden = state.HiddenRow(FirstState + d, row);
                cell = state.CellRow(FirstState + d, row);
            }
            else if (direction.InitialH is { } initialH)
            {
                hidden = new(pass.Parameter(initialH), initialH.Count);
                cell = new(pass.Parameter(direction.InitialC!), Units);
            }

            SetOrClear(hidden[..Math.Min(HiddenSize, hidden.Length)], new(tape.Output.Pointer + ((nint)rank * OutputSize) + (d * HiddenSize), HiddenSize));
            tape.Directions[d].SetCell(rank, cell);
            if (_spec.GateRecurrence)
            {
                HiddenUpdateTape<T> path = tape.Directions[d].Path;
                SetOrClear(hidden[Math.Min(HiddenSize, hidden.Length)..], new(path.Seen.Pointer + ((nint)rank * path.SeenSize) + HiddenSize, 3 * Units));
            }
        }

        if (SeesOwnBuffer(pass))
        {
            SeenStart<T> seen = new(Path(pass, tape, d, 0));
            SimdDispatch.Run<T, SeenStart<T>>(pass.Width, ref seen);
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

    private void SetFinalGradient(in Pass<T> pass, LstmTape<T> tape, int d)
    {
        DirectionTape<T> kept = tape.Directions[d];
        if (!pass.Segment.IsLast)
        {
            return;
        }

        kept.ClearStateGradients(tape.OutputShape.Count);
        if (pass.FinalGradient is not { } final)
        {
            return;
        }

        ReadOnlySpan<int> callers = tape.OutputShape.RankToCaller;
        for (int rank = 0; rank < callers.Length; rank++)
        {
            Span<T> hidden = final.HiddenRow(FirstState + d, callers[rank]);
            hidden[..HiddenSize].CopyTo(kept.HiddenGradientRow(rank));
            if (_spec.GateRecurrence)
            {
                PathBackward(pass, tape, d, null).SetGateGradient(rank, hidden[HiddenSize..]);
            }

            kept.SetCellGradient(rank, final.CellRow(FirstState + d, callers[rank]));
        }
    }

    public override void AddInitialGradient(NetworkState<T> initial, T* gradient)
    {
        for (int d = 0; d < _directions.Length; d++)
        {
            for (int b = 0; b < initial.Count; b++)
            {
                AddInitialGradient(initial, d, b, gradient);
            }
        }
    }

    private void AddInitialGradient(NetworkState<T> initial, int d, int b, T* gradient)
    {
        if (_directions[d] is { InitialH: { } h, InitialC: { } c })
        {
            Add(initial.HiddenRow(FirstState + d, b), gradient + h.Offset);
            Add(initial.CellRow(FirstState + d, b), gradient + c.Offset);
        }

        static void Add(ReadOnlySpan<T> row, T* sum)
        {
            for (int u = 0; u < row.Length; u++)
            {
                sum[u] += row[u];
            }
        }
    }

    private void TakeInitialGradient(in Pass<T> pass, LstmTape<T> tape, int d, T* gradient)
    {
        DirectionTape<T> kept = tape.Directions[d];
        for (int b = 0; b < tape.OutputShape.Count && pass.Segment.IsFirst; b++)
        {
            int rank = tape.OutputShape.CallerToRank[b];
            CopyHiddenGradient(kept, rank, pass.InitialGradient!.HiddenRow(FirstState + d, b));
            kept.CopyCellGradient(rank, pass.InitialGradient.CellRow(FirstState + d, b));
            if (pass.Initial is null)
            {
                AddInitialGradient(pass.InitialGradient, d, b, gradient);
            }
        }
    }

    // All that the first step saw: h, and the gates if it saw them.
    private void CopyHiddenGradient(DirectionTape<T> kept, int rank, Span<T> target)
    {
        kept.HiddenGradientRow(rank)[..HiddenSize].CopyTo(target);
        if (_spec.GateRecurrence)
        {
            kept.Path.CopyGateGradient(kept.Sequences, rank, target[HiddenSize..]);
        }
    }
}
