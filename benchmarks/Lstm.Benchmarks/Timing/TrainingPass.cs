namespace Lstm.Benchmarks.Timing;

/// <summary>
/// Forward and backward of a stack of LSTM layers over one batch, for the loss Σ y·G; with all gradients, the input's too.
/// </summary>
internal sealed class TrainingPass : IDisposable
{
    public TrainingPass(int inputs, int units, int layers, ReadOnlySpan<int> lengths, int threads = 1)
        : this(inputs, new LstmSpec(units) { Layers = layers }, lengths, threads)
    {
    }

    public TrainingPass(int inputs, LstmSpec spec, ReadOnlySpan<int> lengths, int threads = 1, int? recomputeEvery = null)
    {
        (int units, int layers) = (spec.HiddenSize, spec.Layers);
        Network = Lstm.Network.Create<float>(inputs, 7, spec);
        Batch = new SequenceBatch<float>(inputs);
        Batch.Reshape(lengths);
        Fill(Batch.Rows);
        Tape = Network.CreateTape(threads);
        Tape.RecomputeEvery = recomputeEvery;
        Gradient = Network.CreateGradient();

        // dy = G stays in the tape's buffer: the shape never changes, and Backward only reads it.
        Network.Forward(Batch, Tape);
        Fill(Tape.OutputGradient.Rows);
        for (int layer = 0; layer < layers; layer++)
        {
            Flops += 3.0 * 2 * 4 * units * ((layer == 0 ? inputs : units) + units) * Batch.RowCount;
        }
    }

    public Network<float> Network { get; }

    public SequenceBatch<float> Batch { get; }

    public Tape<float> Tape { get; }

    public Gradient<float> Gradient { get; }

    /// <summary>Multiply-adds of one pass, two operations each.</summary>
    public double Flops { get; }

    public static int[] Dense(int count, int steps)
    {
        int[] lengths = new int[count];
        Array.Fill(lengths, steps);
        return lengths;
    }

    /// <summary>Warms up the code around the kernels.</summary>
    public static void WarmUp()
    {
        using TrainingPass small = new(40, 40, 2, Dense(8, 12));
        Rounds.WarmUp(small.Run);
    }

    /// <summary>
    /// One pass. The parameters count as changed, so that what is derived from them is made anew, as in training.
    /// </summary>
    public void Run()
    {
        Network.Touch();
        Gradient.Clear();
        Network.Forward(Batch, Tape);
        Network.Backward(Tape, Gradient);
    }

    public void Dispose() => Tape.Dispose();

    // Uniform in ±1, and quick: there may be a hundred million of them.
    private static void Fill(Span<float> values)
    {
        uint state = 1;
        foreach (ref float value in values)
        {
            state = (state * 1664525) + 1013904223;
            value = ((int)state >> 8) / 8388608f;
        }
    }
}
