namespace Lstm.Benchmarks.Reproduce;

/// <summary>Endless streams of embedded Reber strings, side by side: inputs, and the next symbols as targets.</summary>
internal sealed class ReberStreams
{
    private readonly Random _random;
    private readonly EmbeddedReber[] _walks;
    private readonly int[] _symbols;
    private readonly int[] _lengths;

    public ReberStreams(int count, Random random)
    {
        _random = random;
        _walks = new EmbeddedReber[count];
        _symbols = new int[count];
        _lengths = new int[count];
        for (int b = 0; b < count; b++)
        {
            Restart(b);
        }
    }

    public SequenceBatch<float> Input { get; } = new(EmbeddedReber.Symbols.Length);

    public SequenceBatch<float> Target { get; } = new(EmbeddedReber.Symbols.Length);

    /// <summary>The steps a stream has made.</summary>
    public int Length(int stream) => _lengths[stream];

    /// <summary>Begins a new stream in the place of one.</summary>
    public void Restart(int stream)
    {
        _walks[stream] = new EmbeddedReber();
        _symbols[stream] = _walks[stream].Next(_random);
        _lengths[stream] = 0;
    }

    /// <summary>Replaces <see cref="Input"/> and <see cref="Target"/> by the next steps of all streams.</summary>
    public void Advance(int steps)
    {
        Input.Reshape([.. Enumerable.Repeat(steps, _walks.Length)]);
        Target.Reshape(Input.Lengths);
        for (int b = 0; b < _walks.Length; b++)
        {
            for (int t = 0; t < steps; t++)
            {
                OneHot.Write(Input[b, t], _symbols[b]);
                _symbols[b] = _walks[b].Next(_random);
                OneHot.Write(Target[b, t], _symbols[b]);
            }

            _lengths[b] += steps;
        }
    }
}
