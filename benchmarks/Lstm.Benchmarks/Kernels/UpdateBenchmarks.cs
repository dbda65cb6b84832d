using System.Numerics;
using BenchmarkDotNet.Attributes;

namespace Lstm.Benchmarks.Kernels;

/// <summary>
/// What a training step does once for each parameter: clipping, and the optimizers. 525,312 parameters at 256 units.
/// </summary>
[MemoryDiagnoser]
[GenericTypeArguments(typeof(float))]
[GenericTypeArguments(typeof(double))]
public class UpdateBenchmarks<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly GradientClip _byNorm = GradientClip.ByGlobalNorm(1e9);
    private readonly GradientClip _byValue = GradientClip.ByValue(1);
    private readonly Adam<T> _adam = new(learningRate: 1e-5);
    private readonly AdamW<T> _adamW = new(learningRate: 1e-5);
    private readonly Sgd<T> _sgd = new(learningRate: 1e-5);
    private readonly Sgd<T> _momentum = new(learningRate: 1e-5, momentum: 0.9);
    private readonly RMSprop<T> _rmsprop = new(learningRate: 1e-5);
    private Network<T> _network = null!;
    private Gradient<T> _gradient = null!;

    [Params(32, 256)]
    public int Units { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _network = Network.Create<T>(Units, new LstmSpec(Units));
        _gradient = _network.CreateGradient();
        _gradient.Flat.Fill(T.CreateChecked(0.001));
    }

    [Benchmark]
    public double Norm() => _byNorm.Apply(_gradient);

    [Benchmark]
    public double NormAndClamp() => _byValue.Apply(_gradient);

    [Benchmark]
    public void Adam() => _adam.Step(_network, _gradient);

    [Benchmark]
    public void AdamW() => _adamW.Step(_network, _gradient);

    [Benchmark]
    public void Sgd() => _sgd.Step(_network, _gradient);

    [Benchmark]
    public void SgdWithMomentum() => _momentum.Step(_network, _gradient);

    [Benchmark]
    public void RMSprop() => _rmsprop.Step(_network, _gradient);
}
