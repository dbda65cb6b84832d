using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Kernels;
using Lstm.Kernels.Normalization;
using Lstm.Kernels.Products;
using Lstm.Kernels.Recurrence;
using Lstm.Parameters;
using Lstm.Runtime;
using Lstm.Sequences;
using Lstm.Specs;

namespace Lstm.Layers;

/// <summary>
/// The recurrence of an LSTM with recurrent batch normalisation: W_ih x, W_hh s and c are normalised over the rows of a step.
/// Steps, not stretches of them, are what is divided among workers. It keeps the raw products, the statistics, and who is at
/// which step.
/// </summary>
// SAFETY: Prepare reserves the products for GateRows rows, what is by rank for all ranks, in training a set for each step, and
// through UpdateRunning the running sets. PlaceOf stays within a set. Parameters begin on lines and ParameterLayout.Add pads the
// buffers to lines, so that Add's PaddedUnits values are there too. Tape.MoveStatistics refuses a pass without training.
internal sealed unsafe class BatchNormRecurrence<T>(LstmSpec spec, LstmWeights weights, CellKernels<T> kernels, PanelLayout gates)
    : Recurrence<T>(weights, kernels)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly AlignedBuffer<T> _measured = new();
    private readonly AlignedBuffer<T> _running = new();

    // W_ih x by panels of gates, after a backward pass its gradient. W_hh s likewise; without a backward pass it is in the gates'
    // place until they are.
    private readonly AlignedBuffer<T> _inputProducts = new();
    private readonly AlignedBuffer<T> _hiddenProducts = new();

    // ∂/∂o by rank, [panels, B, line].
    private readonly AlignedBuffer<T> _outputGateGradient = new();

    // dγ_x, dγ_h, dγ_c and dβ_c of a block of steps, one behind the other, each by panels; and the blocks by which these are
    // summed.
    private readonly AlignedBuffer<T> _blockGradient = new();
    private readonly RowBlocks _blocks = new();
    private readonly AlignedBuffer<T> _shown = new();
    private readonly AlignedBuffer<int> _ownSteps = new();
    private readonly BatchNormalization _norm = (BatchNormalization)spec.Normalization!;
    private readonly T _epsilon = T.CreateChecked(spec.Normalization!.Epsilon);

    // How many of the running sets are there, and of which version of the parameters.
    private int _runningReady;
    private long _runningVersion = -1;

    // Of the last pass: rows at each step of the walk, how many steps, whose step the first one was.
    private int[] _rows = [];
    private int _steps;
    private int _firstStep;

    private int PaddedUnits => gates.PaddedColumns / 4;

    private int SetLength => BatchNorm<T>.Lines * PaddedUnits;

    public override Panels<T> InputProduct(DirectionTape<T> tape) => new(_inputProducts.Pointer, tape.GateRows, 4 * gates.Line);

    public override Panels<T> HiddenProductGradient(DirectionTape<T> tape)
        => new(_hiddenProducts.Pointer, tape.GateRows, 4 * gates.Line);

    /// <summary>Makes room for a pass, and notes at which of its own steps each sequence begins.</summary>
    public override void Prepare(in Pass<T> pass, DirectionTape<T> tape)
    {
        SequenceShape shape = tape.Shape;
        RecurrencePlan plan = tape.Plan;
        _inputProducts.Reserve((long)gates.PaddedColumns * tape.GateRows);
        _hiddenProducts.Reserve(pass.Keeps ? (long)gates.PaddedColumns * tape.GateRows : 0);
        _shown.Reserve((long)PaddedUnits * shape.Count);
        _outputGateGradient.Reserve(pass.Keeps ? (long)PaddedUnits * shape.Count : 0);
        _blockGradient.Reserve(pass.Keeps ? 10L * PaddedUnits : 0);
        _blocks.Set(shape, 0, shape.StepCount);
        _measured.Reserve(pass.Training ? (long)SetLength * plan.StepCount : 0);
        _ownSteps.Reserve(shape.Count);
        if (_rows.Length < plan.StepCount)
        {
            _rows = new int[plan.StepCount];
        }

        _steps = plan.StepCount;
        for (int s = 0; s < _steps; s++)
        {
            _rows[s] = shape.Live(plan.SequenceStep(s));
        }

        int last = 0;
        for (int rank = 0; rank < shape.Count; rank++)
        {
            int caller = shape.RankToCaller[rank];
            int row = pass.StateRows == null ? caller : pass.StateRows[caller];
            int start = pass.Initial is { } state ? Math.Clamp(state.Steps[row], 0, _norm.Steps) : 0;
            _firstStep = rank == 0 ? start : _firstStep;
            _ownSteps.Pointer[rank] = start - (plan.Reverse ? _steps - shape.Lengths[caller] : 0);
            last = (int)Math.Max(last, Math.Min(start + (long)shape.Lengths[caller], _norm.Steps));
        }

        if (!pass.Training || _rows.AsSpan(0, _steps).Contains(1))
        {
            UpdateRunning(pass, last);
        }
    }

    public override void Forward(in Pass<T> pass, DirectionTape<T> tape, in RecurrentForward<T> steps)
    {
        BatchNormForward<T> work = new() { Steps = steps, Norm = NormOf(pass, tape) };
        for (int step = steps.FirstStep; step < steps.EndStep; step++)
        {
            work.Step = step;
            work.AfterUnits = false;
            Kernels.Run(pass.Team, ref work);
            if (steps.Update.Exists)
            {
                work.AfterUnits = true;
                Kernels.Run(pass.Team, ref work);
            }
        }
    }

    public override void Backward(in Pass<T> pass, DirectionTape<T> tape, in RecurrentBackward<T> steps, T* gradient)
    {
        Debug.Assert(pass.Keeps && tape.GateRows == tape.Shape.RowCount, "The forward pass has kept nothing of these rows.");
        T* sums = _blockGradient.Pointer;
        int scales = gates.PaddedColumns;
        BatchNormBackward<T> work = new()
        {
            Steps = steps,
            Norm = NormOf(pass, tape),
            OutputGateGradient = _outputGateGradient.Pointer,
            InputScaleGradient = sums,
            HiddenScaleGradient = sums + scales,
            CellScaleGradient = sums + (2 * scales),
            CellShiftGradient = sums + (2 * scales) + PaddedUnits,
        };
        for (int i = 0; i < _blocks.Count; i++)
        {
            int block = tape.Plan.Reverse ? i : _blocks.Count - 1 - i;
            (int first, int end) = tape.Plan.WalkSteps(_blocks.Start(block), _blocks.Start(block + 1));
            _blockGradient.Span.Clear();
            for (work.Step = end - 1; work.Step >= first; work.Step--)
            {
                StepBack(pass, tape, ref work);
            }

            Add(work.InputScaleGradient, gradient + Weights.NormIh!.Offset, scales);
            Add(work.HiddenScaleGradient, gradient + Weights.NormHh!.Offset, scales);
            Add(work.CellScaleGradient, gradient + Weights.NormC!.Offset, PaddedUnits);
            Add(work.CellShiftGradient, gradient + Weights.NormCBias!.Offset, PaddedUnits);
        }
    }

    /// <summary>
    /// Moves running averages, in flat parameters, towards what the last pass has measured. Steps that share the last set are
    /// averaged first, so that a long sequence's end does not outweigh its middle.
    /// </summary>
    public override void MoveStatistics(Span<T> flat)
    {
        Parameter[] statistics = Weights.Statistics;
        for (int step = 0; step < _steps;)
        {
            int set = (int)Math.Min(_firstStep + (long)step, _norm.Steps - 1);
            int end = set == _norm.Steps - 1 ? _steps : step + 1;
            for (int kind = 0; kind < 3; kind++)
            {
                Parameter mean = statistics[2 * kind], variance = statistics[(2 * kind) + 1];
                MoveSet(flat.Slice(mean.Offset, mean.Count), kind, set, step, end, isVariance: false);
                MoveSet(flat.Slice(variance.Offset, variance.Count), kind, set, step, end, isVariance: true);
            }

            step = end;
        }
    }

    private void StepBack(in Pass<T> pass, DirectionTape<T> tape, ref BatchNormBackward<T> work)
    {
        work.Part = BatchNormBackward<T>.Job.Receive;
        if (work.Steps.Update.Exists || SomeEndAt(tape.Plan.Step(work.Step)))
        {
            Kernels.Run(pass.Team, ref work);
        }

        work.Part = BatchNormBackward<T>.Job.Units;
        Kernels.Run(pass.Team, ref work);
        work.Part = BatchNormBackward<T>.Job.Propagate;
        Kernels.Run(pass.Team, ref work);
    }

    private static void Add(T* sums, T* gradient, int count)
    {
        for (int i = 0; i < count; i++)
        {
            gradient[i] += sums[i];
        }
    }

    private static bool SomeEndAt(ReadOnlySpan<RecurrenceBlock> blocks)
        => blocks[^1].Continuing < blocks[^1].First + blocks[^1].Count;

    // What the kernels need.
    private BatchNorm<T> NormOf(in Pass<T> pass, DirectionTape<T> tape) => new()
    {
        InputScale = pass.Parameter(Weights.NormIh!),
        HiddenScale = pass.Parameter(Weights.NormHh!),
        CellScale = pass.Parameter(Weights.NormC!),
        CellShift = pass.Parameter(Weights.NormCBias!),
        InputProducts = _inputProducts.Pointer,
        HiddenProducts = pass.Keeps ? _hiddenProducts.Pointer : tape.Gates.Pointer,
        Shown = _shown.Pointer,
        Epsilon = _epsilon,
        Panels = gates.PanelCount,
        Measures = pass.Training,
        Measured = _measured.Pointer,
        Running = _running.Pointer,
        RunningSteps = _norm.Steps,
        OwnSteps = _ownSteps.Pointer,
    };

    // AggressiveOptimization: it runs a few times a pass, so it would stay in unoptimised code for long.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void MoveSet(Span<T> running, int kind, int set, int step, int end, bool isVariance)
    {
        T momentum = T.CreateChecked(_norm.Momentum);
        int columns = kind == 2 ? spec.HiddenSize : 4 * spec.HiddenSize;
        for (int column = 0; column < columns; column++)
        {
            nint place = PlaceOf(kind, column, isVariance ? 1 : 0);
            T sum = T.Zero;
            int measured = 0;
            for (int s = step; s < end; s++)
            {
                if (_rows[s] > 1)
                {
                    T value = _measured.Pointer[((nint)s * SetLength) + place];
                    sum += isVariance ? value * T.CreateTruncating(_rows[s]) / T.CreateTruncating(_rows[s] - 1) : value;
                    measured++;
                }
            }

            if (measured > 0)
            {
                ref T average = ref running[(set * columns) + column];
                average += momentum * ((sum / T.CreateTruncating(measured)) - average);
            }
        }
    }

    private void UpdateRunning(in Pass<T> pass, int end)
    {
        Parameter[] statistics = Weights.Statistics;
        _running.Reserve((long)SetLength * _norm.Steps);
        _runningReady = _runningVersion == pass.Version ? _runningReady : 0;
        _runningVersion = pass.Version;
        for (; _runningReady < end; _runningReady++)
        {
            for (int kind = 0; kind < 3; kind++)
            {
                T* means = pass.Parameter(statistics[2 * kind]);
                FillRunning(means, pass.Parameter(statistics[(2 * kind) + 1]), kind, _runningReady);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void FillRunning(T* means, T* variances, int kind, int set)
    {
        int blocks = kind == 2 ? 1 : 4;
        nint first = (nint)set * blocks * spec.HiddenSize;
        T* target = _running.Pointer + ((nint)set * SetLength);
        for (int block = 0; block < blocks; block++)
        {
            for (int unit = 0; unit < PaddedUnits; unit++)
            {
                // Padding is that of a value that is always 0.
                nint source = first + (block * spec.HiddenSize) + unit;
                T variance = unit < spec.HiddenSize ? variances[source] : T.One;
                target[PlaceOf(kind, block, unit, 0)] = unit < spec.HiddenSize ? means[source] : T.Zero;
                target[PlaceOf(kind, block, unit, 1)] = variance;
                target[PlaceOf(kind, block, unit, 2)] = T.One / T.Sqrt(variance + _epsilon);
            }
        }
    }

    // Where a set holds something: of W_ih x (kind 0), W_hh s (1) or c (2), the mean (part 0), the variance (1) or the factor
    // (2).
    private nint PlaceOf(int kind, int column, int part)
    {
        (int block, int unit) = Math.DivRem(column, spec.HiddenSize);
        return PlaceOf(kind, block, unit, part);
    }

    private nint PlaceOf(int kind, int block, int unit, int part)
    {
        (int panel, int place) = Math.DivRem(unit, gates.Line);
        int firstLine = kind switch
        {
            0 => 0,
            1 => BatchNorm<T>.HiddenLine,
            _ => BatchNorm<T>.CellLine,
        };
        return ((((nint)panel * BatchNorm<T>.Lines) + firstLine + (part * (kind == 2 ? 1 : 4)) + block) * gates.Line) + place;
    }
}
