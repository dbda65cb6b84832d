using System.Numerics;

namespace Lstm.Benchmarks.Compare;

/// <summary>
/// <c>train_fwdbwd</c>: the gradient cleared, forward, backward with the input's gradient, for the loss Σ y·G.
/// <c>train_step</c>: the same, then the gradient clipped to norm 1 and a step of Adam.
/// </summary>
/// <remarks>
/// The parameters count as changed before each iteration, so that what is derived from them (the transposed panels) is
/// made anew and its time counts, as in training.
/// </remarks>
internal sealed class TrainingWork<T> : Work
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Setup<T> _setup;
    private readonly Tape<T> _tape;
    private readonly Gradient<T> _gradient;
    private readonly SequenceBatch<T> _outputGradient;
    private readonly GradientClip _clip = GradientClip.ByGlobalNorm(1);

    // Slow, like the peers': the loss has no bottom, and numbers that drift to where they vanish would take another time.
    private readonly Adam<T>? _optimizer;

    public TrainingWork(Setup<T> setup, int threads, bool updates)
    {
        _setup = setup;
        _optimizer = updates ? new Adam<T>(learningRate: 1e-5) : null;
        Threads = threads;
        _tape = setup.Network.CreateTape(threads);
        _gradient = setup.Network.CreateGradient();
        _outputGradient = setup.NewBatch(setup.Configuration.H, setup.Configuration.T);

        // dy = G stays in the tape's buffer: the shape never changes, and Backward only reads it.
        setup.Network.Forward(setup.Batch, _tape);
        _outputGradient.Rows.CopyTo(_tape.OutputGradient.Rows);
    }

    public override double Flops => 3 * _setup.Configuration.ForwardFlops;

    public override int Threads { get; }

    public override void Check()
    {
        Configuration sizes = _setup.Configuration;
        Oracle oracle = _setup.CreateOracle();
        double[] expected = oracle.Forward(Setup<T>.Doubles(_setup.Batch.Rows), sizes.T, sizes.B);
        double[] inputGradient = oracle.Backward(Setup<T>.Doubles(_outputGradient.Rows));

        // Twice: the second iteration reuses every buffer, like the timed ones.
        ForwardBackward();
        ForwardBackward();
        _setup.RequireClose("output", _tape.Output.Rows, expected);
        _setup.RequireClose("gradient of the input", _tape.InputGradient.Rows, inputGradient);
        for (int k = 0; k < sizes.L; k++)
        {
            RequireClose($"weight_ih_l{k}", oracle.Layers[k].WeightIhGradient);
            RequireClose($"weight_hh_l{k}", oracle.Layers[k].WeightHhGradient);
            RequireClose($"bias_ih_l{k}", oracle.Layers[k].BiasGradient);
        }
    }

    public override void Run(int iterations)
    {
        for (int n = 0; n < iterations; n++)
        {
            ForwardBackward();
            if (_optimizer is not null)
            {
                _clip.Apply(_gradient);
                _optimizer.Step(_setup.Network, _gradient);
            }
        }
    }

    public override void Dispose() => _tape.Dispose();

    private void ForwardBackward()
    {
        _setup.Network.Touch();
        _gradient.Clear();
        _setup.Network.Forward(_setup.Batch, _tape);
        _setup.Network.Backward(_tape, _gradient);
    }

    private void RequireClose(string name, double[] expected)
        => _setup.RequireClose($"gradient of {name}", _gradient.Read($"lstm.{name}").ToArray(), expected);
}
