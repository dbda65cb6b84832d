using System.Numerics;
using System.Numerics.Tensors;
using BenchmarkDotNet.Attributes;
using Lstm.Runtime;
using Lstm.Tests.Kernels;

namespace Lstm.Benchmarks.Kernels;

/// <summary>The elementary functions over 4096 values, beside those of TensorPrimitives.</summary>
[MemoryDiagnoser]
[GenericTypeArguments(typeof(float))]
[GenericTypeArguments(typeof(double))]
public class ElementaryBenchmarks<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int Count = 4096;
    private AlignedBuffer<T> _x = new();
    private AlignedBuffer<T> _positive = new();
    private AlignedBuffer<T> _y = new();

    [GlobalSetup]
    public void Setup()
    {
        _x = RandomBuffer.Create<T>(Count);
        TensorPrimitives.Multiply(_x.Span, T.CreateChecked(5), _x.Span);
        _positive = new(Count);
        TensorPrimitives.Abs(_x.Span, _positive.Span);
        _y = new(Count);
    }

    [Benchmark]
    public void Exp() => ElementaryKernel<ExpFunction, T>.Run(_x.Span, _y.Span);

    [Benchmark]
    public void Log() => ElementaryKernel<LogFunction, T>.Run(_positive.Span, _y.Span);

    [Benchmark]
    public void Log1p() => ElementaryKernel<Log1pFunction, T>.Run(_positive.Span, _y.Span);

    [Benchmark]
    public void Tanh() => ElementaryKernel<TanhFunction, T>.Run(_x.Span, _y.Span);

    [Benchmark]
    public void Sigmoid() => ElementaryKernel<SigmoidFunction, T>.Run(_x.Span, _y.Span);

    [Benchmark]
    public void Softplus() => ElementaryKernel<SoftplusFunction, T>.Run(_x.Span, _y.Span);

    [Benchmark]
    public void TensorPrimitivesExp() => TensorPrimitives.Exp(_x.Span, _y.Span);

    [Benchmark]
    public void TensorPrimitivesTanh() => TensorPrimitives.Tanh(_x.Span, _y.Span);

    [Benchmark]
    public void TensorPrimitivesSigmoid() => TensorPrimitives.Sigmoid(_x.Span, _y.Span);
}
