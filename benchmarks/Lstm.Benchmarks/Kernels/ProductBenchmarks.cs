using System.Numerics;
using BenchmarkDotNet.Attributes;
using Lstm.Kernels.Products;
using Lstm.Runtime;
using Lstm.Simd;

namespace Lstm.Benchmarks.Kernels;

/// <summary>z = b + x·Wᵀ in register tiles: rows × inputs × gate columns. 2·rows·inputs·columns operations.</summary>
[MemoryDiagnoser]
[GenericTypeArguments(typeof(float))]
[GenericTypeArguments(typeof(double))]
public unsafe class ProductBenchmarks<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private AlignedBuffer<T> _x = new();
    private AlignedBuffer<T> _weights = new();
    private AlignedBuffer<T> _bias = new();
    private AlignedBuffer<T> _z = new();
    private InputProduct<T> _product;

    [Params("1x256x1024", "32x256x1024", "702x200x800", "1020x1024x1024")]
    public string Shape { get; set; } = "";

    [GlobalSetup]
    public void Setup()
    {
        int[] sizes = [.. Shape.Split('x').Select(int.Parse)];
        (int rows, int inputs, int columns) = (sizes[0], sizes[1], sizes[2]);
        PanelLayout layout = PanelLayout.Gates<T>(columns / 4);
        _x = RandomBuffer.Create<T>((long)rows * inputs);
        _weights = RandomBuffer.Create<T>((long)layout.PaddedColumns * inputs);
        _bias = RandomBuffer.Create<T>(layout.PaddedColumns);
        _z = new((long)layout.PaddedColumns * rows);
        _product = new InputProduct<T>
        {
            Width = SimdDispatch.Best,
            Input = new ProductTerm<T>
            {
                A = _x.Pointer,
                ARowStride = inputs,
                B = _weights.Pointer,
                PanelRows = inputs,
                RowStep = 1,
                Count = inputs,
            },
            Bias = _bias.Pointer,
            Columns = layout,
            FirstRow = 0,
            EndRow = rows,
            Output = _z.Pointer,
            OutputRows = rows,
        };
    }

    [Benchmark]
    public void Product() => _product.Run(WorkShare.Whole);
}
