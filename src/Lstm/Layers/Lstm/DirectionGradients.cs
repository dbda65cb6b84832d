using System.Diagnostics;
using System.Numerics;
using Lstm.Kernels.Products;
using Lstm.Kernels.Recurrence;
using Lstm.Parameters;

namespace Lstm.Layers;

/// <summary>The gradients of a direction's parameters, from dz of all rows: each adds into the flat gradient.</summary>
// SAFETY: Add runs after a backward pass over a tape that DirectionTape.Prepare has prepared for the rows of the input and
// PrepareBackward for the way back, so that the input, the slots and all panels have what Runs goes over. The gradient is one of
// the network's layout (PassChecks.CheckGradient), in which LstmWeights has declared each offset.
internal sealed unsafe class DirectionGradients<T>(LstmSpec spec, LstmWeights weights, PanelLayout gates)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>After the recurrence has gone back over a pass.</summary>
    public void Add(in Pass<T> pass, Rows<T> input, DirectionTape<T> tape, T* gradient)
    {
        Debug.Assert(tape.Keeps && input.Count == tape.Shape.RowCount, "The tape does not hold these rows.");
        Debug.Assert(weights.Biases.Length + 3 <= WeightGradient<T>.MaxFactors, "There are too many factors.");
        AddWeights(pass, input, tape, gradient);
        if (weights.Projection is not null)
        {
            AddProjection(pass, tape, gradient);
        }

        if (weights.CellWeights.Length > 0)
        {
            AddCellWeights(pass, tape, gradient);
        }

        if (weights.Peephole is not null)
        {
            AddPeephole(pass, tape, gradient);
        }
    }

    // dW_ih, dW_hh, the gates' weights, and the biases.
    private void AddWeights(in Pass<T> pass, Rows<T> input, DirectionTape<T> tape, T* gradient)
    {
        DroppedWeights<T>? dropped = pass.Training ? tape.Dropped : null;
        Slots<T> seen = tape.Seen(pass);
        int size = spec.StateSize;
        T one = T.One;
        WeightFactor<T>* factors = stackalloc WeightFactor<T>[WeightGradient<T>.MaxFactors];
        factors[0] = new()
        {
            A = input.Pointer,
            Stride = input.Features,
            Features = input.Features,
            Gradient = gradient + weights.WeightIh.Offset,
        };
        factors[1] = new()
        {
            A = seen.Pointer,
            Stride = seen.Stride,
            Features = size,
            BySlot = true,
            Gradient = dropped is null ? gradient + weights.WeightHh.Offset : dropped.ReserveGradient(pass),
        };
        int count = 2;
        if (weights.GateRecurrence is { } recurrent)
        {
            factors[count++] = factors[1] with
            {
                A = seen.Pointer + size,
                Features = 3 * spec.HiddenSize,
                Gradient = gradient + recurrent.Offset,
            };
        }

        foreach (Parameter bias in weights.Biases)
        {
            factors[count++] = new() { A = &one, Features = 1, Gradient = gradient + bias.Offset };
        }

        tape.Recurrence.AddGradients(pass, tape, factors, count, gradient);
        if (pass.Segment.IsFirst)
        {
            dropped?.AddGradient(pass, tape, gradient);
        }

        if (weights.GateRecurrence is { } padded)
        {
            ClearCandidateColumns(gradient + padded.Offset);
        }
    }

    private void AddProjection(in Pass<T> pass, DirectionTape<T> tape, T* gradient)
    {
        WeightFactor<T> factor = new()
        {
            A = tape.Update!.Outputs.Pointer,
            Stride = spec.HiddenSize,
            Features = spec.HiddenSize,
            Gradient = gradient + weights.Projection!.Offset,
        };
        pass.AddWeightGradients(
            tape.Runs, weights.ProjectionColumns!, &factor, 1, tape.Update.Projected.Pointer, tape.Shape.RowCount);
    }

    private void AddCellWeights(in Pass<T> pass, DirectionTape<T> tape, T* gradient)
    {
        UnitWeightGradient<T> units = new()
        {
            Width = pass.Width,
            Runs = tape.Runs,
            Panels = gates.PanelCount,
            Weights = weights.CellWeights.Length,
            KeptValues = tape.CellLines.Pointer,
            KeptRows = tape.NewCellRows,
            KeptLines = spec.CustomCell!.Code.KeptLines,
            Gradient = gradient + weights.CellWeights[0].Offset,
        };
        pass.Team.Run(ref units);
    }

    private void AddPeephole(in Pass<T> pass, DirectionTape<T> tape, T* gradient)
    {
        PeepholeGradient<T> peephole = new()
        {
            Width = pass.Width,
            Runs = tape.Runs,
            Panels = gates.PanelCount,
            Sequences = tape.Shape.Count,
            Gates = tape.Gates.Pointer,
            GateRows = tape.GateRows,
            Cells = tape.Cells.Pointer,
            CellSlots = tape.CellSlots,
            NewCells = spec.Regularization.CellZoneout > 0 ? tape.NewCells.Pointer : null,
            Gradient = gradient + weights.Peephole!.Offset,
        };
        pass.Team.Run(ref peephole);
    }

    // The line of g is padding, where a product leaves what is nobody's gradient.
    private void ClearCandidateColumns(T* gradient)
    {
        int line = gates.Line;
        for (nint row = 0; row < (nint)gates.PanelCount * 3 * spec.HiddenSize; row++)
        {
            new Span<T>(gradient + (row * 4 * line) + (2 * line), line).Clear();
        }
    }
}
