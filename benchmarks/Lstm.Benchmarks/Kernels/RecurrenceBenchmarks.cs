using System.Numerics;
using BenchmarkDotNet.Attributes;
using Lstm.Cells;
using Lstm.Kernels;
using Lstm.Kernels.Products;
using Lstm.Kernels.Recurrence;
using Lstm.Runtime;
using Lstm.Sequences;
using Lstm.Simd;

namespace Lstm.Benchmarks.Kernels;

/// <summary>
/// All steps of one layer for a batch of equal lengths: the products with W_hh and the cell's equations, forward and backward.
/// 8·T·B·H² operations each.
/// </summary>
[MemoryDiagnoser]
[GenericTypeArguments(typeof(float))]
[GenericTypeArguments(typeof(double))]
public unsafe class RecurrenceBenchmarks<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly List<AlignedBuffer<T>> _buffers = [];
    private AlignedBuffer<T> _start = new();
    private AlignedBuffer<T> _gates = new();
    private AlignedBuffer<T> _stateGradients = new();
    private AlignedBuffer<ProductTerm<T>> _terms = new();
    private RecurrentForward<T> _forward;
    private RecurrentBackward<T> _backward;

    [Params("H128_B32_T20", "H512_B64_T10")]
    public string Size { get; set; } = "";

    [GlobalSetup]
    public void Setup()
    {
        int[] sizes = [.. Size.Split('_').Select(part => int.Parse(part[1..]))];
        (int units, int count, int steps) = (sizes[0], sizes[1], sizes[2]);
        SequenceShape shape = new();
        shape.SetDense(count, steps);
        RecurrencePlan plan = new(false);
        plan.Set(shape);
        PanelLayout layout = PanelLayout.Gates<T>(units);
        int slots = count + shape.RowCount;
        _start = RandomBuffer.Create<T>((long)layout.PaddedColumns * shape.RowCount);
        _gates = new(_start.Length);
        T* hidden = Buffer(slots * units);
        T* cells = Buffer(layout.PaddedColumns / 4 * slots);
        _forward = new RecurrentForward<T>
        {
            Width = SimdDispatch.Best,
            Plan = plan,
            Split = new SequenceSplit(shape),
            FirstStep = 0,
            EndStep = steps,
            Units = units,
            Sequences = count,
            Recurrent = Buffer(layout.PaddedColumns * units),
            Input = default,
            Bias = null,
            UnitWeights = null,
            Gates = _gates.Pointer,
            GateRows = shape.RowCount,
            FirstGateRow = 0,
            Cells = cells,
            CellSlots = slots,
            KeepCells = true,
            Hidden = hidden,
            HiddenStride = units,
            Size = units,
            Seen = hidden,
            SeenStride = units,
        };
        PanelLayout columns = PanelLayout.Plain<T>(units);
        T* transposed = Buffer(columns.PaddedColumns * layout.PaddedColumns);
        _terms = new(layout.PanelCount);
        for (int p = 0; p < layout.PanelCount; p++)
        {
            int width = layout.Width(p);
            _terms.Pointer[p] = new ProductTerm<T>
            {
                A = _gates.Pointer + ((nint)p * shape.RowCount * width),
                ARowStride = width,
                B = transposed,
                PanelRows = layout.PaddedColumns,
                FirstRow = p * width,
                RowStep = 1,
                Count = width,
            };
        }

        _stateGradients = new(2L * count * columns.PaddedColumns);
        _backward = new RecurrentBackward<T>
        {
            Width = SimdDispatch.Best,
            Plan = plan,
            Split = new SequenceSplit(shape),
            Units = units,
            Sequences = count,
            Size = units,
            OutputGradient = Buffer(shape.RowCount * units),
            OutputStride = units,
            Transposed = transposed,
            Columns = columns,
            GateTerms = _terms.Pointer,
            GateTermCount = layout.PanelCount,
            HiddenGradient = _stateGradients.Pointer,
            UnitWeights = null,
            Gates = _gates.Pointer,
            GateRows = shape.RowCount,
            Cells = cells,
            CellSlots = slots,
            CellGradient = _stateGradients.Pointer + ((nint)count * columns.PaddedColumns),
        };
    }

    // Both work in place: z is brought back, and gates of ±1 stand for the saved ones.
    [Benchmark]
    public void Forward()
    {
        _start.Span.CopyTo(_gates.Span);
        new CellJob<T, RecurrentForward<T>, StandardCell<T>>(_forward, default).Run(WorkShare.Whole);
    }

    [Benchmark]
    public void Backward()
    {
        _start.Span.CopyTo(_gates.Span);
        _stateGradients.Span.Clear();
        new CellJob<T, RecurrentBackward<T>, StandardCell<T>>(_backward, default).Run(WorkShare.Whole);
    }

    private T* Buffer(long length)
    {
        _buffers.Add(RandomBuffer.Create<T>(length));

        // Weights small enough for sums of ±1.
        foreach (ref T value in _buffers[^1].Span)
        {
            value *= T.CreateChecked(1.0 / 64);
        }

        return _buffers[^1].Pointer;
    }
}
