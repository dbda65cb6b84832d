namespace Lstm.Benchmarks.Stress;

/// <summary>A model, a checkpoint and a state as bytes, and what they were written from.</summary>
internal sealed class KnownFiles : IDisposable
{
    private const string Parameter = "lstm.weight_hh_l0";

    public KnownFiles(Known known, int seed)
    {
        Network<float> network = Create(seed);
        MemoryStream model = new(), checkpoint = new();
        network.Save(model);
        Weights = [.. network.ReadParameter(Parameter).ToArray()];
        Trainer<float> trainer = NewTrainer(network);
        KnownBatch batch = known.Batches[0];
        trainer.Fit([new TrainingBatch<float>(batch.Input, batch.Target)], new TrainingOptions { Epochs = 1, Workers = 1 });
        trainer.SaveCheckpoint(checkpoint);
        TrainedWeights = [.. network.ReadParameter(Parameter).ToArray()];
        NetworkState<float> state = network.CreateState(2);
        Known.Values(new Random(seed), state.Hidden(0).Length).CopyTo(state.Hidden(0));
        (Model, Checkpoint, State, Seed) = (model.ToArray(), checkpoint.ToArray(), state.ToBytes(), seed);
        Folder = Directory.CreateTempSubdirectory("lstm-stress-").FullName;
    }

    public int Seed { get; }

    public byte[] Model { get; }

    public byte[] Checkpoint { get; }

    public byte[] State { get; }

    public float[] Weights { get; }

    public float[] TrainedWeights { get; }

    public string Folder { get; }

    public static Network<float> Create(int seed)
        => Network.Create<float>(Known.Features, seed, new LstmSpec(5), new DenseSpec(Known.Features));

    public static Trainer<float> NewTrainer(Network<float> network)
        => new(network, new MeanSquaredError<float>(), new Adam<float>(0.01));

    public static float[] WeightsOf(Network<float> network) => [.. network.ReadParameter(Parameter).ToArray()];

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
