



using Lstm.Kernels.Normalization;
using Lstm.Kernels.Products;
using Lstm.Kernels.Recurrence;
using Lstm.Sequences;
using Lstm.Specs;

namespace Lstm.Layers;

// A layer whose rows of W_ih·x, W_hh·h and c are normalised.
internal sealed unsafe partial class LstmLayer<T>
{
    private bool NormalizesRows => _spec.Normalization == LstmNormalization.Layer;

    private RowNorm<T> InputNorm(in Pass<T> pass, DirectionTape<T> kept, int d)
        => kept.LayerNorm!.Norm(0, pass.Parameter(_directions[d].NormIh!), kept.LayerNorm.Inputs.Pointer, kept.GateRows);

    private RowNorm<T> RecurrentNorm(in Pass<T> pass, DirectionTape<T> kept, int d)
    {
        T* values = kept.KeepsCells ? kept.LayerNorm!.Recurrents.Pointer : kept.Gates.Pointer;
        return kept.LayerNorm!.Norm(1, pass.Parameter(_directions[d].NormHh!), values, kept.GateRows);
    }

    // c as it was before zoneout: by row when kept, else by rank.
    private RowNorm<T> CellNorm(in Pass<T> pass, LstmTape<T> tape, int d)
    {
        DirectionTape<T> kept = tape.Directions[d];
        T* gamma = pass.Parameter(_directions[d].NormC!);
        SequenceShape shape = tape.OutputShape;
        return _spec.CellZoneout > 0
            ? kept.LayerNorm!.Norm(2, gamma, kept.Path.NewCells.Pointer, kept.KeepsCells ? shape.RowCount : shape.Count)
            : kept.LayerNorm!.Norm(2, gamma, kept.Cells.Pointer + (kept.KeepsCells ? (nint)shape.Count * _gates.Line : 0), kept.CellSlots);
    }

    private void RunLayerNorm(in Pass<T> pass, LstmTape<T> tape, int d, in RecurrentForward<T> recurrence)
    {
        DirectionTape<T> kept = tape.Directions[d];
        LayerNormForward<T> work = new()
        {
            Layer = recurrence,
            InputNorm = InputNorm(pass, kept, d),
            RecurrentNorm = RecurrentNorm(pass, kept, d),
            CellNorm = CellNorm(pass, tape, d),
            CellBias = pass.Parameter(_directions[d].NormCBias!),
            Shown = kept.LayerNorm!.Shown.Pointer,
        };
        _kernels[d].Run(pass.Team, ref work);
    }

    private void RunLayerNorm(in Pass<T> pass, LstmTape<T> tape, int d, in RecurrentBackward<T> recurrence)
    {
        DirectionTape<T> kept = tape.Directions[d];
        LayerNormBackward<T> work = new()
        {
            Layer = recurrence,
            InputNorm = InputNorm(pass, kept, d),
            RecurrentNorm = RecurrentNorm(pass, kept, d),
            CellNorm = CellNorm(pass, tape, d),
            CellBias = pass.Parameter(_directions[d].NormCBias!),
            Shown = kept.LayerNorm!.Shown.Pointer,
            ShownGradient = kept.LayerNorm.ShownGradient.Pointer,
            RecurrentGradient = kept.LayerNorm.StepGradient.Pointer,
        };
        _kernels[d].Run(pass.Team, ref work);
    }

    /// <summary>The gradients of γ and β; what was normalised before the gates becomes its gradient.</summary>
    private void AddNormGradients(in Pass<T> pass, LstmTape<T> tape, int d, T* gradient)
    {
        LstmWeights direction = _directions[d];
        DirectionTape<T> kept = tape.Directions[d];
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
    private void AddNormalizedWeightGradients(in Pass<T> pass, DirectionTape<T> kept, WeightFactor<T>* factors, int count, int biases)
    {
        pass.AddWeightGradients(kept.Runs, _gates, factors, 1, kept.InputProducts, kept.GateRows);
        pass.AddWeightGradients(kept.Runs, _gates, factors + 1, count - 1 - biases, kept.HiddenProductGradient, kept.GateRows);
        if (biases > 0)
        {
            pass.AddWeightGradients(kept.Runs, _gates, factors + count - biases, biases, kept.Gates.Pointer, kept.GateRows);
        }
    }
}
