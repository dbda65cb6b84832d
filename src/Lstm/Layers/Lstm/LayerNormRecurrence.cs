using System.Numerics;
using Lstm.Kernels;
using Lstm.Kernels.Normalization;
using Lstm.Kernels.Products;
using Lstm.Kernels.Recurrence;
using Lstm.Runtime;
using Lstm.Sequences;

namespace Lstm.Layers;

/// <summary>
/// The recurrence of a layer-normalised LSTM: the rows of W_ih·x, W_hh·s and c are normalised. It keeps what was normalised, the
/// mean and scale of each row, and room to work in.
/// </summary>
// SAFETY: Prepare reserves the statistics and the products (W_hh·s only where it is kept) for GateRows rows, and the room to work
// in for all ranks; PrepareBackward what the way back adds. CellNorm begins at the slot of row 0 when states are by slot, and
// LstmChecks allows one state vector only.
internal sealed unsafe class LayerNormRecurrence<T>(LstmSpec spec, LstmWeights weights, CellKernels<T> kernels, PanelLayout gates)
    : Recurrence<T>(weights, kernels)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // Of each of the three normalisations: μ, s, mean(a), mean(a⊙v̂).
    private const int StatisticsPerNorm = 4;

    private readonly AlignedBuffer<T> _mask = MaskOf(gates, spec.HiddenSize);
    private readonly AlignedBuffer<T> _statistics = new();
    private readonly AlignedBuffer<T> _sums = new();

    // W_ih·x, and after a backward pass its gradient: [panels, GateRows, 4·line]. W_hh·s likewise; when nothing is kept it has
    // the gates' own place.
    private readonly AlignedBuffer<T> _inputs = new();
    private readonly AlignedBuffer<T> _recurrents = new();

    // The c that a panel shows, by rank, [B, line], and the gradient of what was shown: [panels, R, line].
    private readonly AlignedBuffer<T> _shown = new();
    private readonly AlignedBuffer<T> _shownGradient = new();

    // The gradient of W_hh·s at the step that is under way, by rank: [panels, B, 4·line].
    private readonly AlignedBuffer<T> _stepGradient = new();

    public override bool StepsByRank => true;

    public override Panels<T> InputProduct(DirectionTape<T> tape) => new(_inputs.Pointer, tape.GateRows, 4 * gates.Line);

    public override Panels<T> HiddenProductGradient(DirectionTape<T> tape)
        => new(_recurrents.Pointer, tape.GateRows, 4 * gates.Line);

    public override Panels<T> StepGradient(DirectionTape<T> tape) => new(_stepGradient.Pointer, tape.Shape.Count, 4 * gates.Line);

    public override void Prepare(in Pass<T> pass, DirectionTape<T> tape)
    {
        _inputs.Reserve((long)gates.PaddedColumns * tape.GateRows);
        _recurrents.Reserve(pass.Keeps ? (long)gates.PaddedColumns * tape.GateRows : 0);
        _shown.Reserve((long)tape.Shape.Count * gates.Line);
        _sums.Reserve(2L * tape.Shape.Count * gates.Line);
        _statistics.Reserve(3L * StatisticsPerNorm * tape.GateRows);
    }

    public override void PrepareBackward(SequenceShape shape)
    {
        _shownGradient.Reserve((long)gates.PaddedColumns / 4 * shape.RowCount);
        _stepGradient.Reserve((long)gates.PaddedColumns * shape.Count);
    }

    public override void Forward(in Pass<T> pass, DirectionTape<T> tape, in RecurrentForward<T> steps)
    {
        LayerNormForward<T> work = new()
        {
            Steps = steps,
            InputNorm = InputNorm(pass, tape),
            RecurrentNorm = RecurrentNorm(pass, tape),
            CellNorm = CellNorm(pass, tape),
            CellBias = pass.Parameter(Weights.NormCBias!),
            Shown = _shown.Pointer,
        };
        Kernels.Run(pass.Team, ref work);
    }

    public override void Backward(in Pass<T> pass, DirectionTape<T> tape, in RecurrentBackward<T> steps, T* gradient)
    {
        LayerNormBackward<T> work = new()
        {
            Steps = steps,
            InputNorm = InputNorm(pass, tape),
            RecurrentNorm = RecurrentNorm(pass, tape),
            CellNorm = CellNorm(pass, tape),
            CellBias = pass.Parameter(Weights.NormCBias!),
            Shown = _shown.Pointer,
            ShownGradient = _shownGradient.Pointer,
            RecurrentGradient = _stepGradient.Pointer,
        };
        Kernels.Run(pass.Team, ref work);
    }

    // The gradients of γ and β first: with them, what was normalised before the gates becomes its gradient.
    public override void AddGradients(in Pass<T> pass, DirectionTape<T> tape, WeightFactor<T>* factors, int count, T* gradient)
    {
        NormGradient<T> norm = new()
        {
            Width = pass.Width,
            Runs = tape.Runs,
            Norm = InputNorm(pass, tape),
            OutputGradient = tape.Gates.Pointer,
            OutputRows = tape.GateRows,
            Gradient = gradient + Weights.NormIh!.Offset,
            Replaces = true,
        };
        pass.Team.Run(ref norm);
        norm.Norm = RecurrentNorm(pass, tape);
        norm.Gradient = gradient + Weights.NormHh!.Offset;
        pass.Team.Run(ref norm);
        norm.Norm = CellNorm(pass, tape);
        norm.OutputGradient = _shownGradient.Pointer;
        norm.Gradient = gradient + Weights.NormC!.Offset;
        norm.BiasGradient = gradient + Weights.NormCBias!.Offset;
        norm.Replaces = false;
        pass.Team.Run(ref norm);
        base.AddGradients(pass, tape, factors, count, gradient);
    }

    private RowNorm<T> InputNorm(in Pass<T> pass, DirectionTape<T> tape)
        => Norm(tape, 0, pass.Parameter(Weights.NormIh!), _inputs.Pointer, tape.GateRows);

    private RowNorm<T> RecurrentNorm(in Pass<T> pass, DirectionTape<T> tape)
        => Norm(tape, 1, pass.Parameter(Weights.NormHh!), tape.Keeps ? _recurrents.Pointer : tape.Gates.Pointer, tape.GateRows);

    // c as it was before zoneout: by row when kept, else by rank.
    private RowNorm<T> CellNorm(in Pass<T> pass, DirectionTape<T> tape)
    {
        T* gamma = pass.Parameter(Weights.NormC!);
        return spec.Regularization.CellZoneout > 0
            ? Norm(tape, 2, gamma, tape.NewCells.Pointer, tape.NewCellRows)
            : Norm(tape, 2, gamma, tape.Cells.Pointer + (tape.Keeps ? (nint)tape.Shape.Count * gates.Line : 0), tape.CellSlots);
    }

    // The normalisation of W_ih·x (0), W_hh·s (1) or c (2).
    private RowNorm<T> Norm(DirectionTape<T> tape, int index, T* gamma, T* values, int valueRows)
    {
        nint rows = tape.GateRows;
        T* statistics = _statistics.Pointer + (index * StatisticsPerNorm * rows);
        return new RowNorm<T>
        {
            Units = spec.HiddenSize,
            Lines = index == 2 ? 1 : 4,
            Epsilon = T.CreateChecked(spec.Normalization!.Epsilon),
            Mask = _mask.Pointer,
            Gamma = gamma,
            Values = values,
            ValueRows = valueRows,
            Mean = statistics,
            Scale = statistics + rows,
            SlopeMean = statistics + (2 * rows),
            ProductMean = statistics + (3 * rows),
            Sums = _sums.Pointer,
        };
    }

    private static AlignedBuffer<T> MaskOf(PanelLayout gates, int units)
    {
        AlignedBuffer<T> mask = new(2 * gates.Line);
        mask.Span[..gates.Line].Fill(T.One);
        mask.Span.Slice(gates.Line, units % gates.Line).Fill(T.One);
        return mask;
    }
}
