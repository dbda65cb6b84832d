using System.Numerics;

namespace Lstm.Benchmarks.Compare;

/// <summary>
/// <c>infer_step</c>: one step of a stream; the output is the next input where the sizes allow, else the input stays.
/// </summary>
internal sealed class StepWork<T> : Work
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Setup<T> _setup;
    private readonly NetworkStream<T> _stream;
    private readonly bool _feedsBack;
    private T[] _x;
    private T[] _y;

    public StepWork(Setup<T> setup)
    {
        _setup = setup;
        _stream = setup.Network.OpenStream(setup.Configuration.B);
        _feedsBack = setup.Configuration.I == setup.Configuration.H;
        _x = setup.Batch.Rows[..(setup.Configuration.B * setup.Configuration.I)].ToArray();
        _y = new T[setup.Configuration.B * setup.Configuration.H];
    }

    public override double Flops => _setup.Configuration.ForwardFlops;

    public override int Threads => 1;

    public override unsafe long? WeightBytes => _setup.Network.Parameters.Sum(p => (long)p.Count) * sizeof(T);

    public override void Check()
    {
        const int Steps = 4;
        Configuration sizes = _setup.Configuration;
        SequenceBatch<T> input = _setup.NewBatch(sizes.I, Steps);
        double[] expected = _setup.CreateOracle().Forward(Setup<T>.Doubles(input.Rows), Steps, sizes.B);
        _stream.Reset();
        int inputs = sizes.B * sizes.I;
        for (int t = 0; t < Steps; t++)
        {
            _stream.Step(input.Rows.Slice(t * inputs, inputs), _y);
            _setup.RequireClose($"output of step {t}", _y, expected.AsSpan(t * _y.Length, _y.Length));
        }

        _stream.Reset();
    }

    public override void Run(int iterations)
    {
        for (int n = 0; n < iterations; n++)
        {
            _stream.Step(_x, _y);
            if (_feedsBack)
            {
                (_x, _y) = (_y, _x);
            }
        }
    }

    public override void Dispose() => _stream.Dispose();
}
