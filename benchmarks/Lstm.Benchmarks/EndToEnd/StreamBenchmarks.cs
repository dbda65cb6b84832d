using BenchmarkDotNet.Attributes;

namespace Lstm.Benchmarks.EndToEnd;

/// <summary>One step of a stream, for one session and for eight.</summary>
[MemoryDiagnoser]
public class StreamBenchmarks
{
    private NetworkStream<float> _stream = null!;
    private float[] _x = [];
    private float[] _y = [];

    [Params(32, 128, 512)]
    public int Units { get; set; }

    [Params(1, 8)]
    public int Sessions { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _stream = Network.Create<float>(Units, new LstmSpec(Units)).OpenStream(Sessions);
        _x = new float[Sessions * Units];
        _y = new float[Sessions * Units];
        Array.Fill(_x, 0.5f);
    }

    [GlobalCleanup]
    public void Cleanup() => _stream.Dispose();

    [Benchmark]
    public void Step() => _stream.Step(_x, _y);
}
