using System.Diagnostics;
using System.Numerics;
using Lstm.Kernels;
using Lstm.Kernels.Products;
using Lstm.Kernels.Recurrence;
using Lstm.Parameters;
using Lstm.Specs;

namespace Lstm.Layers;

/// <summary>One direction of an LSTM layer: from x over z to h, and back.</summary>
// SAFETY: LstmLayer.Forward and DirectionSegments.ForwardSegment call DirectionTape.Prepare for the rows of the input before
// Forward; it reserves z for the longest stretch and the states for all slots or ranks. Backward calls PrepareBackward and
// SetFinalGradient first; its gradients are what Layer.Backward says. LstmWeights has declared the parameters' offsets.
internal sealed unsafe class DirectionLayer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // A layer with weights up to this size takes the input's product into the recurrent step: the weights stay in or
    // near the second-level cache, from where they are fetched a panel ahead, and z need not be written and read back.
    private const int FusedBytes = 2048 * 1024;

    // So does one with a few inputs only, whatever its size.
    private const int FusedInputs = 32;

    private readonly LstmSpec _spec;
    private readonly PanelLayout _gates;
    private readonly LstmWeights _weights;
    private readonly CellKernels<T> _kernels;
    private readonly DirectionMasks<T> _masks;
    private readonly DirectionGradients<T> _gradients;
    private readonly int _inputSize;
    private readonly int _units;
    private readonly bool _isSecond;

    /// <summary>Makes a direction.</summary>
    /// <param name="spec">The layer's spec.</param>
    /// <param name="weights">The direction's parameters.</param>
    /// <param name="gates">The layout of the 4H gates.</param>
    /// <param name="inputSize">I.</param>
    /// <param name="index">The layer's index in the network: part of the masks' key.</param>
    /// <param name="direction">0, or 1 for the second direction, whose gradient of x is added to the first one's.</param>
    /// <param name="entry">Index of the direction's state in a <see cref="NetworkState{T}"/>.</param>
    public DirectionLayer(
        LstmSpec spec, LstmWeights weights, PanelLayout gates, int inputSize, int index, int direction, int entry)
    {
        (_spec, _weights, _gates, _inputSize, _units) = (spec, weights, gates, inputSize, spec.HiddenSize);
        _isSecond = direction == 1;
        _kernels = LstmCells<T>.Kernels(spec.Cell, spec.HiddenSize, spec.TruncatedGradient, _isSecond);
        _masks = new DirectionMasks<T>(spec, index, direction);
        _gradients = new DirectionGradients<T>(spec, weights, gates);
        States = new DirectionStates<T>(spec, weights, entry);
    }

    /// <summary>The direction's name, in the manner of its parameters': <c>lstm.l0</c>, <c>lstm.l0_reverse</c>.</summary>
    public string Name => _weights.WeightIh.Name.Replace("weight_ih_", string.Empty, StringComparison.Ordinal);

    /// <summary>Whether it reads from the last step to the first.</summary>
    public bool IsReverse => _weights.Reverse;

    /// <summary>Where its states come from and go to.</summary>
    public DirectionStates<T> States { get; }

    public DirectionTape<T> CreateTape() => new(_spec, _weights, _gates, _inputSize, CreateRecurrence(), _masks);

    public void Initialize(ParameterStart<T> start) => new LstmStart<T>(_spec, _weights).Write(start);

    /// <summary>x [R, I] → h, in the slots that the tape was prepared with.</summary>
    public void Forward(in Pass<T> pass, Rows<T> input, DirectionTape<T> tape)
    {
        Debug.Assert(input.Features == _inputSize, "The rows are not of this layer's input.");
        Debug.Assert(input.Count == tape.Shape.RowCount, "The tape has not been prepared for these rows.");
        States.SetInitial(pass, tape);
        if (pass.Training)
        {
            tape.Dropped?.Draw(pass, tape);
        }

        T* bias = tape.SumBiases(pass, _weights.Biases);
        for (int step = 0; step < tape.Plan.StepCount;)
        {
            int end = tape.StretchEnd(step);
            ProductTerm<T> x = MultiplyInput(pass, input, tape, bias, step, end);
            tape.Recurrence.Forward(pass, tape, Steps(pass, tape, x, bias, step, end));
            step = end;
        }
    }

    /// <summary>
    /// The gradient of h's rows, of which this direction's begin at <paramref name="outputGradient"/>, → that of x, overwritten
    /// by the first direction and added to by the second; adds into the parameters' gradient.
    /// </summary>
    public void Backward(
        in Pass<T> pass, Rows<T> input, DirectionTape<T> tape, T* outputGradient, int outputStride, T* inputGradient, T* gradient)
    {
        Debug.Assert(input.Features == _inputSize, "The rows are not of this layer's input.");
        Debug.Assert(input.Count == tape.Shape.RowCount, "The tape does not hold these rows.");
        Debug.Assert(outputGradient != null || input.Count == 0, "There is no gradient of the output.");
        tape.PrepareBackward(pass);
        TransposeRecurrentWeights(pass, tape);
        States.SetFinalGradient(pass, tape);
        tape.Recurrence.Backward(pass, tape, StepsBackward(pass, tape, outputGradient, outputStride), gradient);
        if (!pass.Segment.IsFirst)
        {
            tape.KeepFirst(pass.Segment.Earlier);
        }

        _gradients.Add(pass, input, tape, gradient);
        States.TakeInitialGradient(pass, tape, gradient);
        if (inputGradient != null)
        {
            MultiplyInputGradient(pass, input, tape, inputGradient);
        }
    }

    /// <summary>One step of one sequence, for streaming; null if the layer's steps are not that simple.</summary>
    // A state in rows has each vector whole, while a step that works in place needs the lines of a panel together.
    public StepKernel<T>? BindStep(Pass<T> pass, T* hidden, T* cell)
    {
        if (_spec is not
            {
                StateVectors: 1,
                Projection: null,
                Equations.GateRecurrence: false,
                Regularization: { HiddenZoneout: 0, CellZoneout: 0 },
                Normalization: null,
            })
        {
            return null;
        }

        return _kernels.Bind(pass.Width, new RecurrentStep<T>
        {
            Inputs = _inputSize,
            Units = _units,
            Input = pass.Parameter(_weights.WeightIh),
            Recurrent = pass.Parameter(_weights.WeightHh),
            Bias = _weights.Biases.Length > 0 ? pass.Parameter(_weights.Biases[0]) : null,
            SecondBias = _weights.Biases.Length > 1 ? pass.Parameter(_weights.Biases[1]) : null,
            UnitWeights = UnitWeights(pass),
            Hidden = hidden,
            Cell = cell,
            Team = pass.Team,
        });
    }

    private Recurrence<T> CreateRecurrence() => _spec.Normalization switch
    {
        LayerNormalization => new LayerNormRecurrence<T>(_spec, _weights, _kernels, _gates),
        BatchNormalization => new BatchNormRecurrence<T>(_spec, _weights, _kernels, _gates),
        _ => new PlainRecurrence<T>(_weights, _kernels),
    };

    private T* UnitWeights(in Pass<T> pass) => _weights.UnitWeights is { } own ? pass.Parameter(own) : null;

    // W_hh as this pass sees it: some weights dropped while training.
    private T* RecurrentWeights(in Pass<T> pass, DirectionTape<T> tape)
        => pass.Training && tape.Dropped is { } dropped ? dropped.Pointer : pass.Parameter(_weights.WeightHh);

    private void TransposeRecurrentWeights(in Pass<T> pass, DirectionTape<T> tape)
    {
        if (tape.Dropped is not null && pass.Segment.IsLast)
        {
            // The last pass may have seen other weights of the same version.
            tape.TransposedHh.Invalidate();
        }

        tape.TransposedHh.Update(RecurrentWeights(pass, tape), pass.Version, pass.Team);
    }

    /// <summary>Writes W_ih x of a stretch, or returns it as a term that the steps are to take in.</summary>
    private ProductTerm<T> MultiplyInput(in Pass<T> pass, Rows<T> input, DirectionTape<T> tape, T* bias, int step, int end)
    {
        ProductTerm<T> x = new()
        {
            A = input.Pointer,
            ARowStride = _inputSize,
            B = pass.Parameter(_weights.WeightIh),
            PanelRows = _inputSize,
            RowStep = 1,
            Count = _inputSize,
        };
        bool isSmall = _inputSize <= FusedInputs || end - step == 1
            || (long)_gates.PaddedColumns * (_inputSize + _units) * sizeof(T) <= FusedBytes;
        if (tape.Recurrence.TakesInput && isSmall)
        {
            return x;
        }

        (int firstRow, int endRow) = tape.RowsOf(step, end);
        InputProduct<T> product = new()
        {
            Width = pass.Width,
            Input = x,
            Bias = tape.Recurrence.StartsFromBias ? bias : null,
            Columns = _gates,
            FirstRow = firstRow,
            EndRow = endRow,
            Output = tape.Recurrence.InputProduct(tape).At(0, firstRow - tape.FirstGateRow(firstRow)),
            OutputRows = tape.GateRows,
        };
        pass.Team.Run(ref product);
        x.B = null;
        return x;
    }

    private void MultiplyInputGradient(in Pass<T> pass, Rows<T> input, DirectionTape<T> tape, T* inputGradient)
    {
        tape.TransposedIh.Update(pass.Parameter(_weights.WeightIh), pass.Version, pass.Team);
        RowProduct<T> product = new()
        {
            Width = pass.Width,
            Terms = tape.GateTerms(tape.Recurrence.InputProduct(tape), tape.TransposedIh.Pointer),
            TermCount = tape.GateTermCount,
            Columns = tape.TransposedIh.Columns,
            Rows = input.Count,
            Start = _isSecond ? inputGradient : null,
            StartStride = _inputSize,
            Output = inputGradient,
            OutputStride = _inputSize,
        };
        pass.Team.Run(ref product);
    }

    private RecurrentForward<T> Steps(in Pass<T> pass, DirectionTape<T> tape, ProductTerm<T> x, T* bias, int step, int end)
    {
        (int firstStep, int endStep) = tape.Plan.SequenceSteps(step, end);
        int firstGateRow = tape.FirstGateRow(tape.RowsOf(step, end).First);
        Slots<T> seen = tape.Seen(pass);
        return new RecurrentForward<T>
        {
            Width = pass.Width,
            Plan = tape.Plan,
            Split = new SequenceSplit(tape.Shape, firstStep, endStep),
            FirstStep = step,
            EndStep = end,
            Units = _units,
            Sequences = tape.Shape.Count,
            Recurrent = RecurrentWeights(pass, tape),
            Input = x,
            Bias = bias,
            UnitWeights = UnitWeights(pass),
            KeptValues = tape.CellLines.Pointer,
            KeptRows = tape.NewCellRows,
            Gates = tape.Gates.Pointer,
            GateRows = tape.GateRows,
            FirstGateRow = firstGateRow,
            Cells = tape.Cells.Pointer,
            CellSlots = tape.CellSlots,
            KeepCells = tape.Keeps,
            Hidden = tape.Hidden.Pointer,
            HiddenStride = tape.Hidden.Stride,
            Size = _spec.StateSize,
            Seen = seen.Pointer,
            SeenStride = seen.Stride,
            Update = tape.Update is { } update && update.Acts(pass) ? update.Forward(pass, tape, firstGateRow) : default,
            GateRecurrent = _weights.GateRecurrence is { } gates ? pass.Parameter(gates) : null,
            Drop = _masks.Candidate(pass, tape.Shape),
            CellZoneout = _masks.Cell(pass, tape.Shape),
            NewCells = tape.NewCells.Pointer,
            NewCellRows = tape.NewCellRows,
        };
    }

    private RecurrentBackward<T> StepsBackward(in Pass<T> pass, DirectionTape<T> tape, T* outputGradient, int outputStride)
        => new()
        {
            Width = pass.Width,
            Plan = tape.Plan,
            Split = new SequenceSplit(tape.Shape),
            Units = _units,
            Sequences = tape.Shape.Count,
            Size = _spec.StateSize,
            OutputGradient = outputGradient,
            OutputStride = outputStride,
            Transposed = tape.TransposedHh.Pointer,
            Columns = tape.TransposedHh.Columns,
            GateTerms = tape.StepTerms(),
            GateTermCount = tape.GateTermCount,
            LaterTerms = pass.Segment.IsLast ? null : tape.LaterTerms(pass.Segment.Later),
            Truncates = _spec.TruncatedGradient,
            HiddenGradient = tape.HiddenGradient.Pointer,
            Update = tape.Update is { } update && update.Acts(pass) ? update.Backward(pass, tape) : default,
            Earlier = pass.Segment.Earlier,
            Later = pass.Segment.Later,
            UnitWeights = UnitWeights(pass),
            KeptValues = tape.CellLines.Pointer,
            KeptRows = tape.NewCellRows,
            Gates = tape.Gates.Pointer,
            GateRows = tape.GateRows,
            Cells = tape.Cells.Pointer,
            CellSlots = tape.CellSlots,
            CellGradient = tape.CellGradient.Pointer,
            Drop = _masks.Candidate(pass, tape.Shape),
            CellZoneout = _masks.Cell(pass, tape.Shape),
            NewCells = tape.NewCells.Pointer,
            NewCellRows = tape.NewCellRows,
            CellCarried = tape.CellCarried.Pointer,
        };
}
