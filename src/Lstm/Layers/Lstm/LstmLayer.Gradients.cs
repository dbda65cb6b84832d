



using Lstm.Kernels.Products;
using Lstm.Kernels.Recurrence;
using Lstm.Specs;

namespace Lstm.Layers;

// The gradients of the parameters, from the gates' gradients of all rows.
internal sealed unsafe partial class LstmLayer<T>
{
    private void AddParameterGradients(in Pass<T> pass, Rows<T> input, LstmTape<T> tape, int d, T* gradient)
    {
        LstmWeights direction = _directions[d];
        DirectionTape<T> kept = tape.Directions[d];
        kept.Runs.Set(input.Shape, kept.Plan);
        T one = T.One;
        WeightFactor<T>* factors = stackalloc WeightFactor<T>[WeightGradient<T>.MaxFactors];
        factors[0] = new() { A = input.Pointer, Stride = InputSize, Features = InputSize, Gradient = gradient + direction.WeightIh.Offset };
        factors[1] = new()
        {
            A = Seen(pass, tape, d),
            Stride = SeenStride(pass, tape, d),
            Features = HiddenSize,
            BySlot = true,
            Gradient = DropsWeights(pass) ? DroppedWeightGradient(pass, tape, d) : gradient + direction.WeightHh.Offset,
        };
        int count = 2;
        if (direction.GateRecurrence is { } gates)
        {
            T* seenGates = Seen(pass, tape, d) + HiddenSize;
            factors[count++] = new() { A = seenGates, Stride = SeenStride(pass, tape, d), Features = 3 * Units, BySlot = true, Gradient = gradient + gates.Offset };
        }

        foreach (Parameter bias in direction.Biases)
        {
            factors[count++] = new() { A = &one, Features = 1, Gradient = gradient + bias.Offset };
        }

        if (NormalizesRows)
        {
            AddNormGradients(pass, tape, d, gradient);
        }

        if (_spec.Normalization != LstmNormalization.None)
        {
            AddNormalizedWeightGradients(pass, kept, factors, count, direction.Biases.Length);
        }
        else
        {
            pass.AddWeightGradients(kept.Runs, _gates, factors, count, kept.Gates.Pointer, kept.GateRows);
        }

        if (DropsWeights(pass) && pass.Segment.IsFirst)
        {
            AddDroppedWeightGradient(pass, tape, d, gradient);
        }

        if (direction.Projection is not null)
        {
            AddProjectionGradient(pass, tape, d, gradient);
        }

        if (direction.GateRecurrence is { } recurrent)
        {
            ClearCandidateColumns(gradient + recurrent.Offset);
        }

        if (direction.CellWeights.Length > 0)
        {
            UnitWeightGradient<T> units = new()
            {
                Width = pass.Width,
                Runs = kept.Runs,
                Panels = _gates.PanelCount,
                Weights = direction.CellWeights.Length,
                KeptValues = kept.KeptValues.Pointer,
                KeptRows = kept.KeptRows,
                KeptLines = kept.KeptLines,
                Gradient = gradient + direction.CellWeights[0].Offset,
            };
            pass.Team.Run(ref units);
        }

        if (direction.Peephole is { } own)
        {
            PeepholeGradient<T> peephole = new()
            {
                Width = pass.Width,
                Runs = kept.Runs,
                Panels = _gates.PanelCount,
                Sequences = tape.OutputShape.Count,
                Gates = kept.Gates.Pointer,
                GateRows = kept.GateRows,
                Cells = kept.Cells.Pointer,
                CellSlots = kept.CellSlots,
                NewCells = _spec.CellZoneout > 0 ? kept.Path.NewCells.Pointer : null,
                Gradient = gradient + own.Offset,
            };
            pass.Team.Run(ref peephole);
        }
    }
}
