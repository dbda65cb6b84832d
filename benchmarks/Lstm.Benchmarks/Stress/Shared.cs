


using Lstm.Diagnostics;
using Lstm.Training;

namespace Lstm.Benchmarks.Stress;

/// <summary>Objects that all threads use at the same time; those that a thread disposes of are replaced.</summary>
internal sealed class Shared : IDisposable
{
    public const int Sessions = 8;
    private readonly Lock _replacing = new();

    public Shared(int seed)
    {
        Known = new Known(seed);
        Workspace = Known.Network.CreateWorkspace(2);
        Tape = Known.Network.CreateTape(2);
        LanguageTape = Known.Language.CreateTape();
        Stream = Known.Network.OpenStream(Sessions);
        OneSession = Known.Network.OpenStream();
        State = Known.Network.CreateState(3);
        Gradient = Known.Network.CreateGradient();
        Record = Cell.CreateStep();
        Cell.Forward(Known.Series.AsSpan(0, Known.Features), new float[Cell.HiddenSize], new float[Cell.CellSize], Record);
        CellOutput = [.. Record.Hidden];
        Trace = new GateTrace<float>(Known.Network);
        Hot = SequenceBatch.FromSequences<float>(Known.Batches[0].Sequences, Known.Features);
        HotIds = SequenceBatch.FromSequences<int>(Known.Batches[^1].IdSequences);
        Batches = [.. Known.Batches.Select(batch => new TrainingBatch<float>(batch.Input, batch.Target))];
        Evaluator = new Trainer<float>(Known.Network, Known.Loss, new Sgd<float>(0.1));
        Evaluation = Evaluator.Evaluate(Batches, new EvaluationOptions { Workers = 1 }).Loss;
        Trainee = Known.Network.Clone();
        Optimizer = new Adam<float>(0.01);
        Trainer = new Trainer<float>(Trainee, Known.Loss, Optimizer);
        Files = new KnownFiles(Known, seed);
        Trained = Train(Known, Batches);
    }

    public Known Known { get; }

    public KnownFiles Files { get; }

    public Workspace<float> Workspace { get; private set; }

    public Tape<float> Tape { get; private set; }

    public Tape<float> LanguageTape { get; }

    /// <summary>Each thread steps a session of its own.</summary>
    public NetworkStream<float> Stream { get; }

    public NetworkStream<float> OneSession { get; private set; }

    public NetworkState<float> State { get; }

    public Gradient<float> Gradient { get; }

    public LstmCell<float> Cell { get; } = new(Known.Features, 4);

    public LstmStep<float> Record { get; }

    /// <summary>h after a step from nothing.</summary>
    public float[] CellOutput { get; }

    public GateTrace<float> Trace { get; }

    /// <summary>Refilled all the time, always with the sequences of one of the known batches.</summary>
    public SequenceBatch<float> Hot { get; }

    /// <summary>Changed in place all the time, to ids that no network knows.</summary>
    public SequenceBatch<int> HotIds { get; }

    public TrainingBatch<float>[] Batches { get; }

    /// <summary>A trainer that only evaluates, and what it has to find.</summary>
    public Trainer<float> Evaluator { get; }

    public double Evaluation { get; }

    /// <summary>Trained by several threads at once.</summary>
    public Network<float> Trainee { get; }

    public Optimizer<float> Optimizer { get; }

    public Trainer<float> Trainer { get; }

    /// <summary>A parameter after <see cref="Train"/>.</summary>
    public float[] Trained { get; }

    /// <summary>One epoch with objects of its own.</summary>
    public static float[] Train(Known known, TrainingBatch<float>[] batches)
    {
        Network<float> network = known.Network.Clone();
        new Trainer<float>(network, known.Loss, new Adam<float>(0.01)).Fit(batches, new TrainingOptions
        {
            Epochs = 1,
            Workers = 1,
        });
        return [.. network.ReadParameter("lstm.weight_hh_l0").ToArray()];
    }

    /// <summary>Disposes of one of the shared objects while others use it, and puts a new one in its place.</summary>
    public void Replace(int which)
    {
        lock (_replacing)
        {
            switch (which)
            {
                case 0:
                    Workspace.Dispose();
                    Workspace = Known.Network.CreateWorkspace(2);
                    break;
                case 1:
                    Tape.Dispose();
                    Tape = Known.Network.CreateTape(2);
                    break;
                default:
                    OneSession.Dispose();
                    OneSession = Known.Network.OpenStream();
                    break;
            }
        }
    }

    public void Dispose()
    {
        Workspace.Dispose();
        Tape.Dispose();
        LanguageTape.Dispose();
        Stream.Dispose();
        OneSession.Dispose();
        Files.Dispose();
    }
}
