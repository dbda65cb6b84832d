using System.Numerics;
using BenchmarkDotNet.Attributes;

namespace Lstm.Benchmarks.Kernels;

/// <summary>
/// A network of nothing but dropout: 32 sequences of 20 steps of 128 values, masked, and copied when nothing is dropped.
/// </summary>
[MemoryDiagnoser]
[GenericTypeArguments(typeof(float))]
[GenericTypeArguments(typeof(double))]
public class DropoutBenchmarks<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int Features = 128;
    private readonly SequenceBatch<T> _batch = new(Features);
    private Network<T> _network = null!;
    private Tape<T> _tape = null!;

    [Params(true, false)]
    public bool Training { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _network = Network.Create<T>(Features, new DropoutSpec(0.3));
        _tape = _network.CreateTape();
        _tape.Training = Training;
        int[] lengths = new int[32];
        Array.Fill(lengths, 20);
        _batch.Reshape(lengths);
        _batch.Rows.Fill(T.One);
    }

    [GlobalCleanup]
    public void Cleanup() => _tape.Dispose();

    [Benchmark]
    public SequenceBatch<T> Forward() => _network.Forward(_batch, _tape);
}
