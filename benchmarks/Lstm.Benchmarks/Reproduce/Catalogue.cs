namespace Lstm.Benchmarks.Reproduce;

/// <summary>What there is to reproduce: each task learned as one would today, and some of them by the cell of 1997.</summary>
internal static class Catalogue
{
    private const string Modern = "modern";
    private const string Old = "1997 cell";

    public static readonly string[] Names = ["reber", "longlag", "adding", "multiplication", "order", "continual"];

    public static IReadOnlyList<Experiment> All { get; } =
    [
        Reber(Softmax(7, new LstmSpec(16), 7, 0.01, batch: 8), 104, 50_000),
        Reber(
            new Setup(
                Old,
                seed => PaperNetwork.Create(7, seed, 0.2, PaperNetwork.Cell(8), new DenseSpec(7) { Activation = Activation.Sigmoid })
                    .WithBias(PaperNetwork.OutputGate, -1, -2, -3, -4, -1, -2, -3, -4),
                SquaredError, () => new Sgd<float>(0.1)),
            100, 50_000),
        ModernLongLag(10),
        ModernLongLag(100),
        OldLongLag(100),
        LastStep("adding", "adding problem, T = 100", new MarkedPairs(100, isProduct: false), 0.04, [Solved("74,000")], Regression(100), 300_000),
        LastStep("adding", "adding problem, T = 500", new MarkedPairs(500, isProduct: false), 0.04, [Solved("209,000")], Regression(500), 300_000),
        LastStep(
            "adding", "adding problem, T = 100", new MarkedPairs(100, isProduct: false), 0.04, [Solved("74,000")],
            new Setup(
                Old,
                seed => PaperNetwork.Create(2, seed, 0.1, PaperNetwork.Cell(4), new PoolingSpec(Pooling.Last), new DenseSpec(1) { Activation = Activation.Sigmoid })
                    .WithBias(PaperNetwork.InputGate, -3, -3, -6, -6),
                SquaredError, () => new Sgd<float>(0.25)),
            1_000_000),
        LastStep(
            "multiplication", "multiplication problem, T = 100", new MarkedPairs(100, isProduct: true), 0.04,
            [new LastStepGoal("at most 139 of 2000 wrong", "482,000", 140), new LastStepGoal("at most 12 of 2000 wrong", "1,273,000", 13)], Regression(100), 300_000),
        LastStep("order", "temporal order (6a), T = 100", new TemporalOrder(), 0.3, [OrderSolved], Softmax(8, new LstmSpec(16) { MemorySpan = 100 }, 4, 0.01, batch: 32, pooled: true), 300_000),
        LastStep(
            "order", "temporal order (6a), T = 100", new TemporalOrder(), 0.3, [OrderSolved],
            new Setup(
                Old,
                seed => PaperNetwork.Create(8, seed, 0.1, PaperNetwork.Cell(4), new PoolingSpec(Pooling.Last), new DenseSpec(4) { Activation = Activation.Sigmoid })
                    .WithBias(PaperNetwork.InputGate, -2, -2, -4, -4),
                SquaredError, () => new Sgd<float>(0.5)),
            100_000),
        Continual("with forget gates", "18 % of runs perfect (62 % with a decaying rate)", OnLine(7, hasForgetGate: true)),
        Continual("without forget gates", "0 % of runs perfect", OnLine(7, hasForgetGate: false)),
        Continual("with forget gates", "18 % of runs perfect (62 % with a decaying rate)", Softmax(7, new LstmSpec(20), 7, 0.005, batch: 16)),
        Continual("without forget gates", "0 % of runs perfect", Softmax(7, new LstmSpec(20) { ForgetGate = false }, 7, 0.005, batch: 16)),
    ];

    private static MeanSquaredError<float> SquaredError => new() { Reduction = Reduction.Sum };

    private static LastStepGoal OrderSolved => Solved("31,390", 0.1);

    private static LastStepGoal Solved(string published, double error = 0.01) => new($"none of 2000 wrong, mean error below {error}", published, 1, error);

    private static Setup Softmax(int inputs, LstmSpec lstm, int outputs, double rate, int batch, bool pooled = false) => new(
        Modern,
        seed => pooled
            ? Network.Create<float>(inputs, seed, lstm, new PoolingSpec(Pooling.Last), new DenseSpec(outputs))
            : Network.Create<float>(inputs, seed, lstm, new DenseSpec(outputs)),
        new SoftmaxCrossEntropy<float>(), () => new Adam<float>(rate))
    {
        Batch = batch,
        Clip = GradientClip.ByGlobalNorm(1),
    };

    private static Setup Regression(int span) => new(
        Modern,
        seed => Network.Create<float>(2, seed, new LstmSpec(64) { MemorySpan = span }, new PoolingSpec(Pooling.Last), new DenseSpec(1)),
        new MeanSquaredError<float>(), () => new Adam<float>(0.005))
    {
        Batch = 32,
        Clip = GradientClip.ByGlobalNorm(1),
    };

    private static ReberExperiment Reber(Setup setup, int testEvery, long budget) => new()
    {
        Name = "reber",
        Task = "embedded Reber grammar",
        Setup = setup,
        TestEvery = testEvery,
        Budget = budget,
        Goals = [new Goal("every prediction of both sets right", "8,440")],
    };

    private static LongLagExperiment LongLag(int lag, Setup setup, DenseSpec outputs) => new()
    {
        Name = "longlag",
        Task = $"noise-free long time lag, p = {lag}",
        TestEvery = 100,
        Budget = 100_000,
        Lag = lag,
        OutputsFirst = 2000,
        Outputs = seed => PaperNetwork.Create(lag + 1, seed, 0.2, outputs),
        Setup = setup,
        Goals = [new Goal("every output within 0.25", lag == 100 ? "5,040" : "–")],
    };

    // The next symbol depends on the last one alone, but for the end: the outputs see the input past the cells.
    private static LongLagExperiment ModernLongLag(int lag) => LongLag(
        lag,
        Softmax(lag + 1, new LstmSpec(16) { MemorySpan = lag, Shortcut = LstmShortcut.Concatenate }, lag + 1, 0.01, batch: 4),
        new DenseSpec(lag + 1));

    // The paper's network for this task: a single cell with an input gate, g from 0 to 1, h = c.
    private static LongLagExperiment OldLongLag(int lag)
    {
        DenseSpec outputs = new(lag + 1) { Activation = Activation.Sigmoid };
        LstmSpec cell = new(1)
        {
            CellActivation = new LstmActivation(LstmActivationFunction.Sigmoid),
            HiddenActivation = new LstmActivation(LstmActivationFunction.Affine, 1),
            ForgetGate = false,
            OutputGate = false,
            TruncatedGradient = true,
            Shortcut = LstmShortcut.Concatenate,
        };
        return LongLag(
            lag,
            new Setup(Old, seed => PaperNetwork.Create(lag + 1, seed, 0.2, cell, outputs).WithoutBias(), SquaredError, () => new Sgd<float>(0.1)),
            outputs);
    }

    private static LastStepExperiment LastStep(
        string name, string task, ILastStepTask sequences, double tolerance, IReadOnlyList<Goal> goals, Setup setup, long budget) => new()
        {
            Name = name,
            Task = task,
            Sequences = sequences,
            Tolerance = tolerance,
            Goals = goals,
            Setup = setup,
            Budget = budget,
        };

    // One stream, twenty symbols to an update, the error flowing back along the cell alone.
    private static Setup OnLine(int symbols, bool hasForgetGate) => new(
        hasForgetGate ? "cell of 2000" : Old,
        seed => PaperNetwork.Create(symbols, seed, 0.2, PaperNetwork.Cell(8) with { ForgetGate = hasForgetGate }, new DenseSpec(symbols) { Activation = Activation.Sigmoid })
            .WithBias(PaperNetwork.InputGate, -0.5f, -0.5f, -1, -1, -1.5f, -1.5f, -2, -2)
            .WithBias(PaperNetwork.OutputGate, -0.5f, -0.5f, -1, -1, -1.5f, -1.5f, -2, -2),
        SquaredError, () => new Sgd<float>(0.1));

    private static ContinualExperiment Continual(string variant, string published, Setup setup) => new()
    {
        Name = "continual",
        Task = $"continual embedded Reber grammar, {variant}",
        Unit = "symbols",
        Budget = 5_000_000,
        TestEvery = 100_000,
        Chunk = 20,
        EndsAtError = true,
        Setup = setup,
        Goals = [new Goal("ten streams of 100,000 symbols without an error", published)],
    };
}
