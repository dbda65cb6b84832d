using Lstm.Kernels;
using Lstm.Sequences;

namespace Lstm.Layers;

// A layer whose rows of W_ih·x, W_hh·h and c are normalised.
internal sealed unsafe partial class LstmLayer<T>
{
    private bool NormalizesRows => _spec.Normalization == LstmNormalization.Layer;

    private RowNorm<T> InputNorm(Pass<T> pass, DirectionRecord<T> kept, int d)
        => kept.LayerNorm!.Norm(0, pass.Parameter(_directions[d].NormIh!), kept.LayerNorm.Inputs.Pointer, kept.GateRows);

    private RowNorm<T> RecurrentNorm(Pass<T> pass, DirectionRecord<T> kept, int d)
    {
        T* values = kept.KeepsCells ? kept.LayerNorm!.Recurrents.Pointer : kept.Gates.Pointer;
        return kept.LayerNorm!.Norm(1, pass.Parameter(_directions[d].NormHh!), values, kept.GateRows);
    }

    // c as it was before zoneout: by row when kept, else by rank.
    private RowNorm<T> CellNorm(Pass<T> pass, LstmRecord<T> tape, int d)
    {
        DirectionRecord<T> kept = tape.Directions[d];
        T* gamma = pass.Parameter(_directions[d].NormC!);
        SequenceShape shape = tape.OutputShape;
        return _spec.CellZoneout > 0
            ? kept.LayerNorm!.Norm(2, gamma, kept.Path.NewCells.Pointer, kept.KeepsCells ? shape.RowCount : shape.Count)
            : kept.LayerNorm!.Norm(2, gamma, kept.Cells.Pointer + (kept.KeepsCells ? (nint)shape.Count * _gates.Line : 0), kept.CellSlots);
    }

    private void ForwardNormalized(Pass<T> pass, Rows<T> input, LstmRecord<T> tape, int d, T* bias, int step, int end)
    {
        DirectionRecord<T> kept = tape.Directions[d];
        (int firstRow, int endRow) = kept.RowsOf(step, end);
        (int firstStep, int endStep) = kept.Plan.SequenceSteps(step, end);
        int firstGateRow = kept.FirstGateRow(firstRow);
        InputProduct<T> product = new()
        {
            Width = pass.Width,
            Input = new()
            {
                A = input.Pointer,
                ARowStride = InputSize,
                B = pass.Parameter(_directions[d].WeightIh),
                PanelRows = InputSize,
                RowStep = 1,
                Count = InputSize,
            },
            Bias = null,
            Columns = _gates,
            FirstRow = firstRow,
            EndRow = endRow,
            Output = kept.LayerNorm!.Inputs.Pointer + ((nint)(firstRow - firstGateRow) * 4 * _gates.Line),
            OutputRows = kept.GateRows,
        };
        pass.Team.Run(ref product);
        LayerNormForward<T> recurrence = new()
        {
            Width = pass.Width,
            Plan = kept.Plan,
            Split = new SequenceSplit(input.Shape, firstStep, endStep),
            FirstStep = step,
            EndStep = end,
            Units = Units,
            Sequences = input.Shape.Count,
            Recurrent = RecurrentWeights(pass, tape, d),
            GateRecurrent = _directions[d].GateRecurrence is { } gates ? pass.Parameter(gates) : null,
            Bias = bias,
            Own = _directions[d].Own is { } own ? pass.Parameter(own) : null,
            InputNorm = InputNorm(pass, kept, d),
            RecurrentNorm = RecurrentNorm(pass, kept, d),
            CellNorm = CellNorm(pass, tape, d),
            CellBias = pass.Parameter(_directions[d].NormCBias!),
            Shown = kept.LayerNorm.Shown.Pointer,
            Gates = kept.Gates.Pointer,
            GateRows = kept.GateRows,
            FirstGateRow = firstGateRow,
            Cells = kept.Cells.Pointer,
            CellSlots = kept.CellSlots,
            KeepCells = kept.KeepsCells,
            Path = Path(pass, tape, d, firstGateRow),
            Lines = kept.Lines.Pointer,
            LineRows = kept.LineRows,
            Drop = CandidateDrop(pass, input.Shape, d),
            CellZoneout = CellZoneout(pass, input.Shape, d),
        };
        _kernels[d].Run(pass.Team, ref recurrence);
    }

    private void PropagateNormalized(Pass<T> pass, LstmRecord<T> tape, int d, T* outputGradient)
    {
        DirectionRecord<T> kept = tape.Directions[d];
        LayerNormBackward<T> recurrence = new()
        {
            Width = pass.Width,
            Plan = kept.Plan,
            Split = new SequenceSplit(tape.OutputShape),
            Units = Units,
            Sequences = tape.OutputShape.Count,
            Hidden = PathBackward(pass, tape, d, outputGradient),
            Earlier = pass.Earlier,
            Later = pass.Later,
            Own = _directions[d].Own is { } own ? pass.Parameter(own) : null,
            InputNorm = InputNorm(pass, kept, d),
            RecurrentNorm = RecurrentNorm(pass, kept, d),
            CellNorm = CellNorm(pass, tape, d),
            CellBias = pass.Parameter(_directions[d].NormCBias!),
            Shown = kept.LayerNorm!.Shown.Pointer,
            ShownGradient = kept.LayerNorm.ShownGradient.Pointer,
            RecurrentGradient = kept.LayerNorm.StepGradient.Pointer,
            Gates = kept.Gates.Pointer,
            GateRows = kept.GateRows,
            Cells = kept.Cells.Pointer,
            CellSlots = kept.CellSlots,
            CellGradient = kept.CellGradient.Pointer,
            Lines = kept.Lines.Pointer,
            LineRows = kept.LineRows,
            Drop = CandidateDrop(pass, tape.OutputShape, d),
            CellZoneout = CellZoneout(pass, tape.OutputShape, d),
            CellCarried = kept.Path.CellCarried.Pointer,
        };
        _kernels[d].Run(pass.Team, ref recurrence);
    }

    /// <summary>The gradients of γ and β; what was normalised before the gates becomes its gradient.</summary>
    private void AddNormGradients(Pass<T> pass, LstmRecord<T> tape, int d, T* gradient)
    {
        LstmWeights direction = _directions[d];
        DirectionRecord<T> kept = tape.Directions[d];
        NormGradient<T> norm = new()
        {
            Width = pass.Width,
            Runs = kept.Runs,
            Norm = InputNorm(pass, kept, d),
            OutputGradient = kept.Gates.Pointer,
            OutputRows = kept.GateRows,
            Gradient = gradient + direction.NormIh!.Offset,
            Replaces = true,
        };
        pass.Team.Run(ref norm);
        norm.Norm = RecurrentNorm(pass, kept, d);
        norm.Gradient = gradient + direction.NormHh!.Offset;
        pass.Team.Run(ref norm);
        norm.Norm = CellNorm(pass, tape, d);
        norm.OutputGradient = kept.LayerNorm!.ShownGradient.Pointer;
        norm.Gradient = gradient + direction.NormC!.Offset;
        norm.BiasGradient = gradient + direction.NormCBias!.Offset;
        norm.Replaces = false;
        pass.Team.Run(ref norm);
    }

    /// <summary>The gradients of x's and s's weights from those of their products, and of the biases from dz.</summary>
    private void AddNormalizedWeightGradients(Pass<T> pass, DirectionRecord<T> kept, WeightFactor<T>* factors, int count, int biases)
    {
        AddWeightGradients(pass, kept, factors, 1, kept.InputProductGradient);
        AddWeightGradients(pass, kept, factors + 1, count - 1 - biases, kept.HiddenProductGradient);
        if (biases > 0)
        {
            AddWeightGradients(pass, kept, factors + count - biases, biases, kept.Gates.Pointer);
        }
    }
}
