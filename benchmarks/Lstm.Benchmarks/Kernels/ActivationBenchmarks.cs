using System.Numerics;
using BenchmarkDotNet.Attributes;
using Lstm.Kernels.Elementwise;
using Lstm.Kernels.Products;
using Lstm.Runtime;
using Lstm.Simd;

namespace Lstm.Benchmarks.Kernels;

/// <summary>The activation of a dense layer's output, 64 rows of 64 values, and its way back.</summary>
[MemoryDiagnoser]
[GenericTypeArguments(typeof(float))]
[GenericTypeArguments(typeof(double))]
public unsafe class ActivationBenchmarks<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int Rows = 64;
    private const int Columns = 64;
    private AlignedBuffer<T> _start = new();
    private AlignedBuffer<T> _y = new();
    private AlignedBuffer<T> _dz = new();
    private ActivationBackward<T> _backward;

    [Params(Activation.Sigmoid, Activation.Tanh, Activation.Relu)]
    public Activation Activation { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _start = RandomBuffer.Create<T>(Rows * Columns);
        _y = new(Rows * Columns);
        _dz = new(Rows * Columns);
        _backward = new ActivationBackward<T>
        {
            Width = SimdDispatch.Best,
            Activation = Activation,
            Columns = PanelLayout.Plain<T>(Columns),
            Rows = Rows,
            Output = _start.Pointer,
            OutputGradient = _start.Pointer,
            Gradient = _dz.Pointer,
        };
    }

    // In place, so the values are brought back each time.
    [Benchmark]
    public void Forward()
    {
        _start.Span.CopyTo(_y.Span);
        ActivationForward<T>.Run(SimdDispatch.Best, Activation, _y.Pointer, _y.Length);
    }

    [Benchmark]
    public void Backward() => _backward.Run(WorkShare.Whole);
}
