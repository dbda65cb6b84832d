namespace Lstm.Benchmarks.Stress;

/// <summary>
/// Networks that nobody changes, inputs, and the right bits of all that is made of them, computed by one thread beforehand.
/// </summary>
internal sealed class Known
{
    public const int Features = 3;
    public const int Words = 20;
    private const int Inputs = 6;

    public Known(int seed)
    {
        Network = Lstm.Network.Create<float>(Features, seed, new LstmSpec(12) { Layers = 2 }, new DenseSpec(Features));
        Whole = Lstm.Network.Create<double>(
            Features, seed, new LstmSpec(5) { Direction = LstmDirection.Bidirectional }, new PoolingSpec(Pooling.Mean),
            new DenseSpec(2));
        Language = Lstm.Network.Create<float>(Words, seed, new EmbeddingSpec(6), new LstmSpec(9), new DenseSpec(Words));
        Random random = new(seed);
        for (int i = 0; i < Inputs; i++)
        {
            int[] lengths = [1 + (7 * i), 3, i % 2 == 0 ? 0 : 30];
            Batches.Add(new KnownBatch(this, lengths, random));
        }

        Series = Values(random, Features * 64);
        StepOutputs = new float[Series.Length];
        using NetworkStream<float> stream = Network.OpenStream();
        for (int t = 0; t < 64; t++)
        {
            stream.Step(Series.AsSpan(t * Features, Features), StepOutputs.AsSpan(t * Features, Features));
        }
    }

    /// <summary>Features in, features out.</summary>
    public Network<float> Network { get; }

    /// <summary>One that needs whole sequences.</summary>
    public Network<double> Whole { get; }

    /// <summary>Ids in, logits out.</summary>
    public Network<float> Language { get; }

    public MeanSquaredError<float> Loss { get; } = new();

    public SoftmaxCrossEntropy<float> LabelLoss { get; } = new();

    public List<KnownBatch> Batches { get; } = [];

    /// <summary>[64, Features], one session's inputs, and the outputs of its steps.</summary>
    public float[] Series { get; }

    public float[] StepOutputs { get; }

    public static float[] Values(Random random, int count)
        => [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f)];

    /// <summary>Throws unless a result has the right bits.</summary>
    public static void Expect<T>(ReadOnlySpan<T> expected, ReadOnlySpan<T> actual, string what)
        where T : unmanaged
    {
        if (!System.Runtime.InteropServices.MemoryMarshal.AsBytes(expected)
            .SequenceEqual(System.Runtime.InteropServices.MemoryMarshal.AsBytes(actual)))
        {
            throw new WrongResultException($"{what} has other bits than when it is computed by one thread.");
        }
    }

    /// <summary>
    /// Throws unless the sequences are the output of one of the batches: which one, nobody knows where several threads use one
    /// workspace.
    /// </summary>
    public void ExpectSomeOutput(List<float[]> sequences)
    {
        if (!Batches.Any(batch => batch.Output.Zip(sequences).All(pair => pair.First.AsSpan().SequenceEqual(pair.Second))))
        {
            throw new WrongResultException($"An output of {sequences.Count} sequences is that of no batch.");
        }
    }
}

/// <summary>Batches that belong together, none of which is ever changed, and what the networks make of them.</summary>
internal sealed class KnownBatch
{
    public KnownBatch(Known known, int[] lengths, Random random)
    {
        Sequences = [.. lengths.Select(length => Known.Values(random, length * Known.Features))];
        IdSequences = [.. lengths.Select(length => Enumerable.Range(0, length).Select(_ => random.Next(Known.Words)).ToArray())];
        Input = SequenceBatch.FromSequences<float>(Sequences, Known.Features);
        Target = SequenceBatch.FromSequences<float>(
            [.. lengths.Select(length => Known.Values(random, length * Known.Features))], Known.Features);
        Wide = SequenceBatch.FromSequences<double>(
            [.. Sequences.Select(sequence => Array.ConvertAll(sequence, value => (double)value))], Known.Features);
        Ids = SequenceBatch.FromSequences<int>(IdSequences);
        Output = known.Network.Predict(Input).ToList();
        WholeOutput = known.Whole.Predict(Wide).Rows.ToArray();
        LanguageOutput = known.Language.Predict(Ids).Rows.ToArray();
        using Tape<float> tape = known.Network.CreateTape(), words = known.Language.CreateTape();
        Gradient<float> gradient = known.Network.CreateGradient();
        LossValue = known.Network.ForwardLoss(Input, Target, known.Loss, tape);
        known.Network.Backward(tape, gradient);
        Gradient = gradient.Read("lstm.weight_hh_l0").ToArray();
        LabelLossValue = known.Language.ForwardLoss(Ids, Ids, known.LabelLoss, words);
    }

    public List<float[]> Sequences { get; }

    public List<int[]> IdSequences { get; }

    public SequenceBatch<float> Input { get; }

    public SequenceBatch<float> Target { get; }

    public SequenceBatch<double> Wide { get; }

    public SequenceBatch<int> Ids { get; }

    public List<float[]> Output { get; }

    public double[] WholeOutput { get; }

    public float[] LanguageOutput { get; }

    public double LossValue { get; }

    public double LabelLossValue { get; }

    /// <summary>That of the first layer's recurrent weights.</summary>
    public float[] Gradient { get; }
}
