using BenchmarkDotNet.Attributes;
using Lstm.Benchmarks.Compare;

namespace Lstm.Benchmarks.EndToEnd;

/// <summary>Forward and backward with all gradients, and a whole training step, on one thread and on two.</summary>
[MemoryDiagnoser]
public class TrainingBenchmarks
{
    private TrainingWork<float> _gradients = null!;
    private TrainingWork<float> _step = null!;

    [Params("I1_H32_L1_B32_T50", "I64_H128_L1_B32_T100", "I256_H256_L2_B32_T50")]
    public string Config { get; set; } = "";

    [Params(1, 2)]
    public int Threads { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        Configuration sizes = Configuration.Parse(Config);
        _gradients = new TrainingWork<float>(new Setup<float>(sizes), Threads, updates: false);
        _step = new TrainingWork<float>(new Setup<float>(sizes), Threads, updates: true);
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _gradients.Dispose();
        _step.Dispose();
    }

    [Benchmark]
    public void ForwardBackward() => _gradients.Run(1);

    [Benchmark]
    public void TrainingStep() => _step.Run(1);
}
