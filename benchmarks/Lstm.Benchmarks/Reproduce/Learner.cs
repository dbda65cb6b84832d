namespace Lstm.Benchmarks.Reproduce;

/// <summary>A network in training, on one thread: it answers, and is then told what the answers should have been.</summary>
internal sealed class Learner : IDisposable
{
    private readonly Setup _setup;
    private readonly Tape<float> _tape;
    private readonly Workspace<float> _workspace;
    private readonly Gradient<float> _gradient;
    private readonly SequenceBatch<float> _answers;
    private readonly SequenceBatch<int> _labels = new(featureSize: 1);

    public Learner(Setup setup, int seed)
    {
        _setup = setup;
        Network = setup.Network(seed);
        Optimizer = setup.Optimizer();
        _tape = Network.CreateTape();
        _tape.ComputesInputGradient = false;
        _workspace = Network.CreateWorkspace();
        _gradient = Network.CreateGradient();
        _answers = new SequenceBatch<float>(Network.OutputSize);
    }

    public Network<float> Network { get; }

    public Optimizer<float> Optimizer { get; }

    /// <summary>The answers to a batch, to be followed by <see cref="Learn"/>; valid until the next.</summary>
    public SequenceBatch<float> Answer(SequenceBatch<float> input, NetworkState<float>? state = null)
        => Read(state is null ? Network.Forward(input, _tape) : Network.Forward(input, state, _tape));

    /// <summary>The answers without learning from them; valid until the next.</summary>
    public SequenceBatch<float> Test(SequenceBatch<float> input, NetworkState<float>? state = null)
        => Read(Network.Predict(input, state, _workspace));

    /// <summary>One update towards the targets of the batch that was answered last.</summary>
    public void Learn(SequenceBatch<float> target, SequenceBatch<float>? weights = null)
    {
        _gradient.Clear();
        if (IsSoftmax)
        {
            ReadLabels(target);
            _setup.Loss.Evaluate(_tape.Output, _labels, _tape.OutputGradient, weights);
        }
        else
        {
            _setup.Loss.Evaluate(_tape.Output, target, _tape.OutputGradient, weights);
        }

        Network.Backward(_tape, _gradient);
        _setup.Clip.Apply(_gradient);
        Optimizer.Step(Network, _gradient);
    }

    public void Dispose()
    {
        _tape.Dispose();
        _workspace.Dispose();
    }

    private bool IsSoftmax => _setup.Loss is SoftmaxCrossEntropy<float>;

    private SequenceBatch<float> Read(SequenceBatch<float> output)
    {
        if (!IsSoftmax)
        {
            return output;
        }

        _answers.Reshape(output.Lengths);
        ReadOnlySpan<float> logits = output.Rows;
        Span<float> values = _answers.Rows;
        for (int size = output.FeatureSize; values.Length > 0; logits = logits[size..], values = values[size..])
        {
            Softmax(logits[..size], values[..size]);
        }

        return _answers;
    }

    // Decides nothing that is fed back: what the C runtime's exponential makes of the last bits is seen by no training.
    private static void Softmax(ReadOnlySpan<float> logits, Span<float> values)
    {
        float largest = float.NegativeInfinity, sum = 0;
        foreach (float logit in logits)
        {
            largest = MathF.Max(largest, logit);
        }

        for (int i = 0; i < logits.Length; i++)
        {
            values[i] = MathF.Exp(logits[i] - largest);
            sum += values[i];
        }

        for (int i = 0; i < logits.Length; i++)
        {
            values[i] /= sum;
        }
    }

    private void ReadLabels(SequenceBatch<float> target)
    {
        _labels.Reshape(target.Lengths);
        ReadOnlySpan<float> rest = target.Rows;
        foreach (ref int label in _labels.Rows)
        {
            label = rest[..target.FeatureSize].IndexOf(1f);
            rest = rest[target.FeatureSize..];
        }
    }
}
