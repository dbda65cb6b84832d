using System.Numerics;
using BenchmarkDotNet.Attributes;

namespace Lstm.Benchmarks.Kernels;

/// <summary>The losses of 64 rows, with the output's gradient: 256 values a row, or one choice among 256.</summary>
[MemoryDiagnoser]
[GenericTypeArguments(typeof(float))]
[GenericTypeArguments(typeof(double))]
public class LossBenchmarks<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int Rows = 64;
    private const int Features = 256;
    private readonly SequenceBatch<T> _output = new(Features);
    private readonly SequenceBatch<T> _target = new(Features);
    private readonly SequenceBatch<T> _gradient = new(Features);
    private readonly SequenceBatch<int> _labels = new(1);
    private readonly MeanSquaredError<T> _squares = new();
    private readonly MeanAbsoluteError<T> _absolutes = new();
    private readonly HuberLoss<T> _huber = new();
    private readonly BinaryCrossEntropyWithLogits<T> _binary = new();
    private readonly SoftmaxCrossEntropy<T> _softmax = new();

    [GlobalSetup]
    public void Setup()
    {
        Random random = new(1);
        int[] lengths = [Rows];
        _output.Reshape(lengths);
        _target.Reshape(lengths);
        _gradient.Reshape(lengths);
        _labels.Reshape(lengths);
        for (int i = 0; i < Rows * Features; i++)
        {
            _output.Rows[i] = T.CreateChecked((8 * random.NextDouble()) - 4);
            _target.Rows[i] = T.CreateChecked(random.NextDouble());
            _labels.Rows[i % Rows] = random.Next(Features);
        }
    }

    [Benchmark]
    public double MeanSquaredError() => _squares.Evaluate(_output, _target, _gradient);

    [Benchmark]
    public double MeanAbsoluteError() => _absolutes.Evaluate(_output, _target, _gradient);

    [Benchmark]
    public double Huber() => _huber.Evaluate(_output, _target, _gradient);

    [Benchmark]
    public double BinaryCrossEntropy() => _binary.Evaluate(_output, _target, _gradient);

    [Benchmark]
    public double SoftmaxCrossEntropy() => _softmax.Evaluate(_output, _labels, _gradient);
}
