using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Kernels.Normalization;
using Lstm.Kernels.Products;
using Lstm.Runtime;
using Lstm.Sequences;

namespace Lstm.Layers;

/// <summary>What a direction with batch normalisation keeps beside the rest: the raw products, the statistics, and who is at which step.</summary>
internal sealed unsafe class BatchNormTape<T>(PanelLayout gates, LstmSpec spec)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly AlignedBuffer<T> _measured = new();
    private readonly AlignedBuffer<T> _running = new();
    private readonly AlignedBuffer<T> _hiddenProducts = new();
    private readonly AlignedBuffer<T> _shown = new();
    private readonly AlignedBuffer<int> _ownSteps = new();
    private readonly T _epsilon = T.CreateChecked(spec.NormalizationEpsilon);

    // How many of the running sets are there, and of which version of the parameters.
    private int _runningReady;
    private long _runningVersion = -1;

    // Of the last pass: rows at each step of the walk, how many steps, whose step the first one was.
    private int[] _rows = [];
    private int _steps;
    private int _firstStep;

    /// <summary>W_ih x by panels of gates; after a backward pass its gradient.</summary>
    public AlignedBuffer<T> InputProducts { get; } = new();

    /// <summary>W_hh s likewise; not kept without a backward pass, where it is in the gates' place until they are.</summary>
    public T* HiddenProducts => _hiddenProducts.Pointer;

    /// <summary>∂/∂o by rank, [panels, B, line].</summary>
    public AlignedBuffer<T> OutputGateGradient { get; } = new();

    /// <summary>dγ_x, dγ_h, dγ_c and dβ_c of a block of steps, one behind the other, each by panels.</summary>
    public AlignedBuffer<T> BlockGradient { get; } = new();

    /// <summary>The blocks of steps by which these are summed.</summary>
    public RowBlocks Blocks { get; } = new();

    private int PaddedUnits => gates.PaddedColumns / 4;

    private int SetLength => BatchNorm<T>.Lines * PaddedUnits;

    /// <summary>Makes room for a pass, and notes at which of its own steps each sequence begins.</summary>
    public void Prepare(in Pass<T> pass, SequenceShape shape, RecurrencePlan plan, int gateRows, Parameter[] statistics)
    {
        InputProducts.Reserve((long)gates.PaddedColumns * gateRows);
        _hiddenProducts.Reserve(pass.Keeps ? (long)gates.PaddedColumns * gateRows : 0);
        _shown.Reserve((long)PaddedUnits * shape.Count);
        OutputGateGradient.Reserve(pass.Keeps ? (long)PaddedUnits * shape.Count : 0);
        BlockGradient.Reserve(pass.Keeps ? 10L * PaddedUnits : 0);
        Blocks.Set(shape, 0, shape.StepCount);
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
            int start = pass.Initial is { } state ? Math.Clamp(state.Steps[row], 0, spec.BatchNormSteps) : 0;
            _firstStep = rank == 0 ? start : _firstStep;
            _ownSteps.Pointer[rank] = start - (plan.Reverse ? _steps - shape.Lengths[caller] : 0);
            last = (int)Math.Max(last, Math.Min(start + (long)shape.Lengths[caller], spec.BatchNormSteps));
        }

        if (!pass.Training || _rows.AsSpan(0, _steps).Contains(1))
        {
            UpdateRunning(pass, statistics, last);
        }
    }

    /// <summary>What kernels need of it.</summary>
    public BatchNorm<T> ForPass(in Pass<T> pass, LstmWeights weights, T* z) => new()
    {
        InputScale = pass.Parameter(weights.NormIh!),
        HiddenScale = pass.Parameter(weights.NormHh!),
        CellScale = pass.Parameter(weights.NormC!),
        CellShift = pass.Parameter(weights.NormCBias!),
        InputProducts = InputProducts.Pointer,
        HiddenProducts = pass.Keeps ? HiddenProducts : z,
        Shown = _shown.Pointer,
        Epsilon = _epsilon,
        Panels = gates.PanelCount,
        Measures = pass.Training,
        Measured = _measured.Pointer,
        Running = _running.Pointer,
        RunningSteps = spec.BatchNormSteps,
        OwnSteps = _ownSteps.Pointer,
    };

    /// <summary>
    /// Moves running averages, in flat parameters, towards what the last pass has measured. Steps that share the last set are averaged
    /// first, so that a long sequence's end does not outweigh its middle.
    /// </summary>
    public void MoveRunning(Span<T> flat, Parameter[] statistics)
    {
        for (int step = 0; step < _steps;)
        {
            int set = (int)Math.Min(_firstStep + (long)step, spec.BatchNormSteps - 1);
            int end = set == spec.BatchNormSteps - 1 ? _steps : step + 1;
            for (int kind = 0; kind < 3; kind++)
            {
                MoveSet(flat.Slice(statistics[2 * kind].Offset, statistics[2 * kind].Count), kind, set, step, end, isVariance: false);
                MoveSet(flat.Slice(statistics[(2 * kind) + 1].Offset, statistics[(2 * kind) + 1].Count), kind, set, step, end, isVariance: true);
            }

            step = end;
        }
    }

    // AggressiveOptimization: it runs a few times a pass, so it would stay in unoptimised code for long.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void MoveSet(Span<T> running, int kind, int set, int step, int end, bool isVariance)
    {
        T momentum = T.CreateChecked(spec.BatchNormMomentum);
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

    private void UpdateRunning(in Pass<T> pass, Parameter[] statistics, int end)
    {
        _running.Reserve((long)SetLength * spec.BatchNormSteps);
        _runningReady = _runningVersion == pass.Version ? _runningReady : 0;
        _runningVersion = pass.Version;
        for (; _runningReady < end; _runningReady++)
        {
            for (int kind = 0; kind < 3; kind++)
            {
                FillRunning(pass.Parameter(statistics[2 * kind]), pass.Parameter(statistics[(2 * kind) + 1]), kind, _runningReady);
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

    // Where a set holds something: of W_ih x (kind 0), W_hh s (1) or c (2), the mean (part 0), the variance (1) or the factor (2).
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
