using System.Numerics;
using BenchmarkDotNet.Attributes;
using Lstm.Kernels.Products;
using Lstm.Runtime;
using Lstm.Simd;

namespace Lstm.Benchmarks.Kernels;

/// <summary>y = x·Wᵀ stored row by row, as of a dense layer or an input's gradient: rows × inputs × columns.</summary>
[MemoryDiagnoser]
[GenericTypeArguments(typeof(float))]
[GenericTypeArguments(typeof(double))]
public unsafe class RowProductBenchmarks<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly AlignedBuffer<ProductTerm<T>> _term = new(1);
    private AlignedBuffer<T> _x = new();
    private AlignedBuffer<T> _weights = new();
    private AlignedBuffer<T> _y = new();
    private RowProduct<T> _product;

    [Params("640x256x256", "640x256x10", "100x512x10000")]
    public string Shape { get; set; } = "";

    [GlobalSetup]
    public void Setup()
    {
        int[] sizes = [.. Shape.Split('x').Select(int.Parse)];
        (int rows, int inputs, int columns) = (sizes[0], sizes[1], sizes[2]);
        PanelLayout layout = PanelLayout.Plain<T>(columns);
        _x = RandomBuffer.Create<T>((long)rows * inputs);
        _weights = RandomBuffer.Create<T>((long)layout.PaddedColumns * inputs);
        _y = new((long)rows * columns);
        _term.Pointer[0] = new ProductTerm<T>
        {
            A = _x.Pointer,
            ARowStride = inputs,
            B = _weights.Pointer,
            PanelRows = inputs,
            RowStep = 1,
            Count = inputs,
        };
        _product = new RowProduct<T>
        {
            Width = SimdDispatch.Best,
            Terms = _term.Pointer,
            TermCount = 1,
            Columns = layout,
            Rows = rows,
            Start = null,
            StartStride = 0,
            Output = _y.Pointer,
            OutputStride = columns,
        };
    }

    [Benchmark]
    public void Product() => _product.Run(WorkShare.Whole);
}
