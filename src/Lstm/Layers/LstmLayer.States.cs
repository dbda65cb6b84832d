namespace Lstm.Layers;

// Where a pass takes its states from and leaves them, and the gradients of both.
internal sealed unsafe partial class LstmLayer<T>
{
    /// <summary>Sets this layer's part of a state to the learned initial state, if there is one.</summary>
    public void SetLearnedState(T* parameters, NetworkState<T> state)
    {
        for (int d = 0; d < _directions.Length; d++)
        {
            if (_directions[d] is { InitialH: { } h, InitialC: { } c })
            {
                for (int b = 0; b < state.Count; b++)
                {
                    new ReadOnlySpan<T>(parameters + h.Offset, Units).CopyTo(state.HiddenRow(FirstState + d, b));
                    new ReadOnlySpan<T>(parameters + c.Offset, Units).CopyTo(state.CellRow(FirstState + d, b));
                }
            }
        }
    }

    /// <summary>Copies the state after each sequence's last step into a state in the caller's order.</summary>
    public void TakeFinalState(LayerRecord<T> record, NetworkState<T> state, int* stateRows)
    {
        LstmRecord<T> tape = (LstmRecord<T>)record;
        for (int d = 0; d < _directions.Length; d++)
        {
            for (int b = 0; b < tape.OutputShape.Count; b++)
            {
                int slot = tape.FinalSlot(d, b);
                int row = stateRows == null ? b : stateRows[b];
                Span<T> hidden = state.HiddenRow(FirstState + d, row);
                new ReadOnlySpan<T>(tape.Output.Pointer + ((nint)slot * OutputSize) + (d * Units), Units).CopyTo(hidden);
                tape.Directions[d].CopyCell(tape.Directions[d].KeepsCells ? slot : tape.OutputShape.CallerToRank[b], state.CellRow(FirstState + d, row));
            }
        }
    }

    // Slots 0 … B − 1, in rank order.
    private void SetInitialState(Pass<T> pass, LstmRecord<T> tape, int d)
    {
        LstmWeights direction = _directions[d];
        ReadOnlySpan<int> callers = tape.OutputShape.RankToCaller;
        for (int rank = 0; rank < callers.Length; rank++)
        {
            Span<T> h = new(tape.Output.Pointer + ((nint)rank * OutputSize) + (d * Units), Units);
            if (pass.Initial is { } state)
            {
                int row = pass.StateRows == null ? callers[rank] : pass.StateRows[callers[rank]];
                state.HiddenRow(FirstState + d, row).CopyTo(h);
                tape.Directions[d].SetCell(rank, state.CellRow(FirstState + d, row));
            }
            else if (direction.InitialH is { } initialH)
            {
                new ReadOnlySpan<T>(pass.Parameter(initialH), Units).CopyTo(h);
                tape.Directions[d].SetCell(rank, new ReadOnlySpan<T>(pass.Parameter(direction.InitialC!), Units));
            }
            else
            {
                h.Clear();
                tape.Directions[d].SetCell(rank, []);
            }
        }
    }

    private void SetFinalGradient(Pass<T> pass, LstmRecord<T> tape, int d)
    {
        LstmRecord<T>.DirectionRecord kept = tape.Directions[d];
        kept.ClearStateGradients(tape.OutputShape.Count);
        if (pass.FinalGradient is not { } final)
        {
            return;
        }

        ReadOnlySpan<int> callers = tape.OutputShape.RankToCaller;
        for (int rank = 0; rank < callers.Length; rank++)
        {
            final.HiddenRow(FirstState + d, callers[rank]).CopyTo(kept.HiddenGradientRow(rank));
            kept.SetCellGradient(rank, final.CellRow(FirstState + d, callers[rank]));
        }
    }

    private void TakeInitialGradient(Pass<T> pass, LstmRecord<T> tape, int d, T* gradient)
    {
        LstmWeights direction = _directions[d];
        LstmRecord<T>.DirectionRecord kept = tape.Directions[d];
        for (int b = 0; b < tape.OutputShape.Count; b++)
        {
            int rank = tape.OutputShape.CallerToRank[b];
            if (pass.InitialGradient is { } initial)
            {
                kept.HiddenGradientRow(rank)[..Units].CopyTo(initial.HiddenRow(FirstState + d, b));
                kept.CopyCellGradient(rank, initial.CellRow(FirstState + d, b));
            }

            if (direction.InitialH is { } initialH && pass.Initial is null)
            {
                kept.AddStateGradients(rank, gradient + initialH.Offset, gradient + direction.InitialC!.Offset);
            }
        }
    }
}
