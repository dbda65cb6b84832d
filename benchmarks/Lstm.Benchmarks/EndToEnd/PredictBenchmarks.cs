using BenchmarkDotNet.Attributes;
using Lstm.Benchmarks.Compare;
using MathNet.Numerics;
using MathNet.Numerics.LinearAlgebra;

namespace Lstm.Benchmarks.EndToEnd;

/// <summary>A batch of sequences through one LSTM layer, on one thread: this library, and MathNet's matrices.</summary>
[MemoryDiagnoser]
public class PredictBenchmarks
{
    private Setup<float> _setup = null!;
    private Workspace<float> _workspace = null!;
    private MathNetLstm _mathNet = null!;
    private Matrix<float>[] _steps = [];

    [Params("I64_H128_L1_B32_T100", "I256_H256_L1_B32_T50")]
    public string Config { get; set; } = "";

    [GlobalSetup]
    public void Setup()
    {
        Configuration sizes = Configuration.Parse(Config);
        _setup = new Setup<float>(sizes);
        _workspace = _setup.Network.CreateWorkspace();
        Control.UseSingleThread();
        _mathNet = new MathNetLstm(sizes.I, sizes.H, sizes.B, Read("weight_ih_l0"), Read("weight_hh_l0"), Read("bias_ih_l0"));
        int step = sizes.B * sizes.I;
        _steps = [.. Enumerable.Range(0, sizes.T).Select(t =>
            Matrix<float>.Build.Dense(sizes.I, sizes.B, _setup.Batch.Rows.Slice(t * step, step).ToArray()))];

        // A column of MathNet's last step is a row of the library's.
        double[] last = [.. MathNetForward()[^1].ToColumnMajorArray().Select(value => (double)value)];
        _setup.RequireClose("output beside MathNet's", Predict().Rows[^last.Length..], last);
    }

    [GlobalCleanup]
    public void Cleanup() => _workspace.Dispose();

    [Benchmark]
    public SequenceBatch<float> Predict() => _setup.Network.Predict(_setup.Batch, workspace: _workspace);

    [Benchmark(Baseline = true)]
    public Matrix<float>[] MathNetForward() => _mathNet.Forward(_steps);

    private float[] Read(string name) => _setup.Network.ReadParameter($"lstm.{name}").ToArray();
}
