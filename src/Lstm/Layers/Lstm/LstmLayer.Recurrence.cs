



using Lstm.Kernels.Products;
using Lstm.Kernels.Recurrence;
using Lstm.Specs;

namespace Lstm.Layers;

// The recurrence of a direction, there and back, as the kernels have it.
internal sealed unsafe partial class LstmLayer<T>
{
    private void ForwardStretch(in Pass<T> pass, Rows<T> input, LstmTape<T> tape, int d, T* bias, int step, int end)
    {
        DirectionTape<T> kept = tape.Directions[d];
        (int firstRow, int endRow) = kept.RowsOf(step, end);
        (int firstStep, int endStep) = kept.Plan.SequenceSteps(step, end);
        bool normalizes = _spec.Normalization != LstmNormalization.None;
        bool fused = !normalizes
            && (InputSize <= FusedInputs || end - step == 1 || (long)_gates.PaddedColumns * (InputSize + Units) * sizeof(T) <= FusedBytes);
        ProductTerm<T> x = new()
        {
            A = input.Pointer,
            ARowStride = InputSize,
            B = pass.Parameter(_directions[d].WeightIh),
            PanelRows = InputSize,
            RowStep = 1,
            Count = InputSize,
        };
        if (!fused)
        {
            InputProduct<T> product = new()
            {
                Width = pass.Width,
                Input = x,
                Bias = normalizes ? null : bias,
                Columns = _gates,
                FirstRow = firstRow,
                EndRow = endRow,
                Output = kept.InputProducts + ((nint)(firstRow - kept.FirstGateRow(firstRow)) * 4 * _gates.Line),
                OutputRows = kept.GateRows,
            };
            pass.Team.Run(ref product);
            x.B = null;
        }

        RecurrentForward<T> recurrence = new()
        {
            Width = pass.Width,
            Plan = kept.Plan,
            Split = new SequenceSplit(input.Shape, firstStep, endStep),
            FirstStep = step,
            EndStep = end,
            Units = Units,
            Sequences = input.Shape.Count,
            Recurrent = RecurrentWeights(pass, tape, d),
            Input = x,
            Bias = bias,
            UnitWeights = _directions[d].UnitWeights is { } own ? pass.Parameter(own) : null,
            KeptValues = kept.KeptValues.Pointer,
            KeptRows = kept.KeptRows,
            Gates = kept.Gates.Pointer,
            GateRows = kept.GateRows,
            FirstGateRow = kept.FirstGateRow(firstRow),
            Cells = kept.Cells.Pointer,
            CellSlots = kept.CellSlots,
            KeepCells = kept.KeepsCells,
            Path = Path(pass, tape, d, kept.FirstGateRow(firstRow)),
            GateRecurrent = _directions[d].GateRecurrence is { } gates ? pass.Parameter(gates) : null,
            Drop = CandidateDrop(pass, input.Shape, d),
            CellZoneout = CellZoneout(pass, input.Shape, d),
            NewCells = kept.Path.NewCells.Pointer,
            NewCellRows = kept.KeepsCells ? input.Shape.RowCount : input.Shape.Count,
        };
        switch (_spec.Normalization)
        {
            case LstmNormalization.Layer:
                RunLayerNorm(pass, tape, d, recurrence);
                break;
            case LstmNormalization.Batch:
                RunBatchNorm(pass, kept, d, recurrence);
                break;
            default:
                _kernels[d].Run(pass.Team, ref recurrence);
                break;
        }
    }

    private void PropagateThroughTime(in Pass<T> pass, LstmTape<T> tape, int d, T* outputGradient, T* gradient)
    {
        DirectionTape<T> kept = tape.Directions[d];
        RecurrentBackward<T> recurrence = new()
        {
            Width = pass.Width,
            Plan = kept.Plan,
            Split = new SequenceSplit(tape.OutputShape),
            Units = Units,
            Sequences = tape.OutputShape.Count,
            Hidden = PathBackward(pass, tape, d, outputGradient),
            Earlier = pass.Segment.Earlier,
            Later = pass.Segment.Later,
            UnitWeights = _directions[d].UnitWeights is { } own ? pass.Parameter(own) : null,
            KeptValues = kept.KeptValues.Pointer,
            KeptRows = kept.KeptRows,
            Gates = kept.Gates.Pointer,
            GateRows = kept.GateRows,
            Cells = kept.Cells.Pointer,
            CellSlots = kept.CellSlots,
            CellGradient = kept.CellGradient.Pointer,
            Drop = CandidateDrop(pass, tape.OutputShape, d),
            CellZoneout = CellZoneout(pass, tape.OutputShape, d),
            NewCells = kept.Path.NewCells.Pointer,
            NewCellRows = tape.OutputShape.RowCount,
            CellCarried = kept.Path.CellCarried.Pointer,
        };
        switch (_spec.Normalization)
        {
            case LstmNormalization.Layer:
                RunLayerNorm(pass, tape, d, recurrence);
                break;
            case LstmNormalization.Batch:
                RunBatchNorm(pass, kept, d, recurrence, gradient);
                break;
            default:
                _kernels[d].Run(pass.Team, ref recurrence);
                break;
        }
    }
}
