using System.Numerics;
using BenchmarkDotNet.Attributes;
using Lstm.Kernels.Products;
using Lstm.Runtime;
using Lstm.Sequences;
using Lstm.Simd;

namespace Lstm.Benchmarks.Kernels;

/// <summary>dW += dzᵀ·x over all rows of a batch: 2·T·B·inputs·4H operations.</summary>
[MemoryDiagnoser]
[GenericTypeArguments(typeof(float))]
[GenericTypeArguments(typeof(double))]
public unsafe class WeightGradientBenchmarks<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private AlignedBuffer<T> _x = new();
    private AlignedBuffer<T> _dz = new();
    private AlignedBuffer<T> _gradient = new();
    private readonly AlignedBuffer<T> _strips = new(Lstm.Layers.PassResources<T>.StripsLength);
    private readonly AlignedBuffer<WeightFactor<T>> _factor = new(1);
    private WeightGradient<T> _product;

    [Params("I64_H128_L1_B32_T100", "I512_H512_L1_B64_T50")]
    public string Config { get; set; } = "";

    [GlobalSetup]
    public void Setup()
    {
        (int inputs, int units, _, int count, int steps) = Compare.Configuration.Parse(Config);
        int rows = count * steps;
        SequenceShape shape = new();
        shape.SetDense(count, steps);
        RowRuns runs = new();
        runs.Set(shape);
        PanelLayout layout = PanelLayout.Gates<T>(units);
        _x = RandomBuffer.Create<T>((long)rows * inputs);
        _dz = RandomBuffer.Create<T>((long)layout.PaddedColumns * rows);
        _gradient = new((long)layout.PaddedColumns * inputs);
        _factor.Pointer[0] = new() { A = _x.Pointer, Stride = inputs, Features = inputs, Gradient = _gradient.Pointer };
        _product = new WeightGradient<T>
        {
            Width = SimdDispatch.Best,
            Runs = runs,
            Columns = layout,
            Factors = _factor.Pointer,
            FactorCount = 1,
            Gates = _dz.Pointer,
            GateRows = rows,
            Strips = _strips.Pointer,
            StripsLength = _strips.Length,
        };
    }

    [Benchmark]
    public void AddInputWeights() => _product.Run(WorkShare.Whole);
}
