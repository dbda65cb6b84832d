using System.Numerics;
using BenchmarkDotNet.Attributes;
using Lstm.Kernels.Products;
using Lstm.Runtime;

namespace Lstm.Benchmarks.Kernels;

/// <summary>Turning W_hh for the backward pass, once after each change of the parameters.</summary>
[MemoryDiagnoser]
[GenericTypeArguments(typeof(float))]
[GenericTypeArguments(typeof(double))]
public unsafe class TransposedWeightsBenchmarks<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private AlignedBuffer<T> _weights = new();
    private TransposedWeights<T> _transposed = new(PanelLayout.Gates<T>(1), 1);
    private readonly WorkerTeam _team = new(1);
    private long _version;

    [Params(128, 512)]
    public int Units { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        PanelLayout layout = PanelLayout.Gates<T>(Units);
        _weights = RandomBuffer.Create<T>((long)layout.PaddedColumns * Units);
        _transposed = new(layout, Units);
    }

    [Benchmark]
    public void Update() => _transposed.Update(_weights.Pointer, _version++, _team);
}
