using Lstm.Cells;
using Lstm.Tests.Support;
using Lstm.Tests.Training;

namespace Lstm.Tests.Allocations;

/// <summary>
/// After a warm-up, steps and passes allocate nothing on the managed heap, however called. <see cref="CaseAllocationTests"/>
/// has every network.
/// </summary>
public class AllocationFreeTests
{
    [Theory]
    [InlineData("stream")]
    [InlineData("stream-two-workers")]
    [InlineData("stream-sessions")]
    [InlineData("predict")]
    [InlineData("predict-two-workers")]
    [InlineData("train")]
    [InlineData("train-two-workers")]
    [InlineData("train-recomputed")]
    [InlineData("train-recomputed-both-ways")]
    [InlineData("train-vocabulary")]
    [InlineData("refill")]
    public void A_warm_call_allocates_nothing(string what) => Assert.Equal(0, Allocation.InChild("allocations.network", what));

    [Theory]
    [MemberData(nameof(OptimizerTests.Kinds), MemberType = typeof(OptimizerTests))]
    public void A_warm_optimizer_step_allocates_nothing(string kind)
        => Assert.Equal(0, Allocation.InChild("allocations.optimizer", kind));

    [ChildScenario("allocations.optimizer")]
    internal static void MeasureOptimizer(string[] arguments)
    {
        Network<float> network = Sample.Network<float>(1, 4, Stack);
        Gradient<float> gradient = network.CreateGradient();
        Optimizer<float> optimizer = OptimizerTests.Make<float>(arguments[0]);
        optimizer.SetLearningRateFactor("dense.weight", 0.5);
        GradientClip clip = GradientClip.ByGlobalNorm(1);
        Allocation.Print(100, 1000, () =>
        {
            clip.Apply(gradient);
            optimizer.Step(network, gradient);
        });
    }

    [ChildScenario("allocations.network")]
    internal static void Measure(string[] arguments)
    {
        switch (arguments[0])
        {
            case "stream":
                Stream(1, null);
                break;
            case "stream-two-workers":
                StreamShared();
                break;
            case "stream-sessions":
                Stream(5, [4, 0, 2]);
                break;
            case "predict":
                Predict(1);
                break;
            case "predict-two-workers":
                Predict(2);
                break;
            case "train":
                Train(1, Stack);
                break;
            case "train-two-workers":
                Train(2, Stack);
                break;
            case "train-recomputed":
                TrainRecomputed(2, Stack);
                break;
            case "train-recomputed-both-ways":
                LstmSpec bothWays = new(9)
                {
                    Layers = 2,
                    Direction = LstmDirection.Bidirectional,
                    Regularization = new() { HiddenZoneout = 0.1, WeightDropout = 0.1 },
                };
                TrainRecomputed(1, bothWays, new DenseSpec(3));
                break;
            case "train-vocabulary":
                TrainVocabulary();
                break;
            default:
                Refill();
                break;
        }
    }

    private static LayerSpec[] Stack =>
    [
        new LstmSpec(19) { Layers = 2, Dropout = 0.2, Bias = LstmBias.Two },
        new LstmSpec(9) { Cell = new LstmEquations { Peephole = true, CellClip = 3 } },
        new LstmSpec(9)
        {
            Projection = new(5), Cell = new LstmEquations { GateRecurrence = true, CandidateDropout = 0.1 },
            Regularization = new()
            {
                HiddenZoneout = 0.1, CellZoneout = 0.1, WeightDropout = 0.1, RecurrentDropout = 0.1, InputDropout = 0.1,
            },
        },
        new DropoutSpec(0.1), new DenseSpec(3) { Activation = Activation.Tanh },
    ];

    private static void Stream(int sessions, int[]? subset)
    {
        using NetworkStream<float> stream = Sample.Network<float>(1, 4, Stack).OpenStream(sessions);
        float[] x = new float[4 * (subset?.Length ?? sessions)], y = new float[3 * (subset?.Length ?? sessions)];
        int[] some = subset ?? [0];
        float[] allX = new float[4 * sessions], allY = new float[3 * sessions];
        Allocation.Print(100, 1000, () =>
        {
            stream.Step(some, x, y);
            stream.Step(allX, allY);
            stream.Reset(0);
        });
    }

    private static void StreamShared()
    {
        using NetworkStream<float> stream = Sample.Network<float>(1, 4, new LstmSpec(400)).OpenStream(1, workers: 2).SharesAll();
        float[] x = new float[4], y = new float[400];
        Allocation.Print(100, 1000, () => stream.Step(x, y));
        Assert.NotEqual(0, stream.Team.SharedRuns);
    }

    private static void Predict(int workers)
    {
        Network<float> network = Sample.Network<float>(1, 40, Stack);
        using Workspace<float> workspace = network.CreateWorkspace(workers).SharesAll();
        SequenceBatch<float> batch = Sample.Batch<float>(1, 40, 300, 0, 17, 200, 4), shorter = Sample.Batch<float>(2, 40, 3, 9);
        NetworkState<float> state = network.CreateState(5);
        Allocation.Print(20, 50, () =>
        {
            network.Predict(batch, state, workspace);
            network.Predict(shorter, null, workspace);
        });
    }

    private static void TrainRecomputed(int workers, params LayerSpec[] specs) => Train(workers, 4, specs);

    private static void Train(int workers, params LayerSpec[] specs) => Train(workers, null, specs);

    private static void Train(int workers, int? recomputeEvery, LayerSpec[] specs)
    {
        Network<float> network = Sample.Network<float>(1, 4, specs);
        using Tape<float> tape = network.CreateTape(workers).SharesAll();
        tape.RecomputeEvery = recomputeEvery;
        Gradient<float> gradient = network.CreateGradient();

        // With 96 sequences each of the first steps can be a segment.
        int copies = recomputeEvery is null ? 1 : 24;
        int[] lengths = [.. Enumerable.Repeat<int[]>([30, 0, 17, 20, 4], copies).SelectMany(each => each)];
        SequenceBatch<float> batch = Sample.Batch<float>(1, 4, lengths);
        NetworkState<float> state = network.CreateState(batch.Count), final = network.CreateState(batch.Count);
        tape.FinalStateGradient = final;
        Allocation.Print(20, 50, () =>
        {
            gradient.Clear();
            network.Forward(batch, state, tape);
            tape.OutputGradient.Rows.Fill(1);
            network.Backward(tape, gradient);
            network.Forward(batch, tape);
            tape.OutputGradient.Rows.Fill(1);
            network.Backward(tape, gradient);
            network.Touch();
        });
    }

    private static void TrainVocabulary()
    {
        Network<float> network = Sample.Network<float>(1, 11, new EmbeddingSpec(5), new LstmSpec(9), new DenseSpec(11));
        using Tape<float> tape = network.CreateTape();
        tape.Resources.SweepBytes = 0;
        Gradient<float> gradient = network.CreateGradient();
        SequenceBatch<int> batch = Sample.Ids(1, 11, 90, 0, 17, 20, 4);
        SoftmaxCrossEntropy<float> loss = new() { LabelSmoothing = 0.1 };
        LabelLossTests.CrossEntropy<float> custom = new();
        Allocation.Print(20, 50, () =>
        {
            network.ForwardLoss(batch, batch, loss, tape, gradient: gradient);
            network.Backward(tape, gradient);
            network.ForwardLoss(batch, batch, custom, tape, gradient: gradient);
            network.Backward(tape, gradient);
            network.ForwardLoss(batch, batch, loss, tape);
            network.Backward(tape, gradient);
        });
    }

    private static void Refill()
    {
        List<float[]> longer = Sample.Batch<float>(1, 4, 30, 0, 17, 20, 4).ToList(), shorter = Sample.Batch<float>(2, 4, 3, 9)
            .ToList();
        SequenceBatch<float> batch = new(4);
        float[] tensor = new float[7 * 3 * 4];
        int[] lengths = [7, 0, 4], shape = [5, 2, 9], many = [.. Enumerable.Range(0, 300).Select(b => b % 7)];
        System.Numerics.Tensors.Tensor<float> dense = System.Numerics.Tensors.Tensor.Create(tensor, [7, 3, 4]);
        Allocation.Print(50, 200, () =>
        {
            batch.Fill(longer);
            batch.Fill(shorter);
            batch.Fill(dense.AsReadOnlyTensorSpan(), batchFirst: false, lengths);
            batch.Reshape(shape);
            batch.Reshape(many);
        });
    }
}
