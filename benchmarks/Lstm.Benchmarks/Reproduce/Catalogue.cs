


using Lstm.Cells;
using Lstm.Specs;

namespace Lstm.Benchmarks.Reproduce;

/// <summary>What there is to reproduce: each task learned as one would today, and by the cell of its paper.</summary>
internal static class Catalogue
{
    public static readonly string[] Names = ["reber", "longlag", "adding", "multiplication", "order", "continual"];

    private static readonly int Symbols = EmbeddedReber.Symbols.Length;

    public static IReadOnlyList<Experiment> All { get; } =
    [
        Reber(Setups.Prediction(Symbols, new LstmSpec(16), rate: 0.01, batch: 8)),
        Reber(Setups.OldReber(Symbols)),
        ModernLongLag(10),
        ModernLongLag(100),
        LongLag(100, Setups.OldLongLag(101), Setups.Sigmoids(101)),
        Adding(100, "74,000", Setups.Regression(2, new LstmSpec(64) { MemorySpan = 100 }, rate: 0.005, batch: 32), 300_000),
        Adding(100, "74,000", Setups.OldRegression(2), 1_000_000),
        Adding(500, "209,000", Setups.Regression(2, new LstmSpec(64) { MemorySpan = 500 }, rate: 0.005, batch: 32), 300_000),
        Adding(500, "209,000", Setups.OldRegression(2), 1_000_000),
        Multiplication(Setups.Regression(2, new LstmSpec(64) { MemorySpan = 100 }, rate: 0.005, batch: 32), 300_000),
        Multiplication(Setups.OldRegression(2), 2_000_000),
        Order(Setups.Classification(
            TemporalOrder.Symbols.Length, new LstmSpec(16) { MemorySpan = 100 }, 4, rate: 0.01, batch: 32)),
        Order(Setups.OldOrder(TemporalOrder.Symbols.Length, 4)),
        Continual(hasForgetGate: true, Setups.OnLine(Symbols, hasForgetGate: true)),
        Continual(
            hasForgetGate: true, Setups.OnLine(Symbols, hasForgetGate: true) with { Name = "cell of 2000, decaying rate" },
            rateDecay: 0.9999),
        Continual(hasForgetGate: false, Setups.OnLine(Symbols, hasForgetGate: false)),
        Continual(hasForgetGate: true, Setups.Prediction(Symbols, new LstmSpec(20), rate: 0.005, batch: 16)),
        Continual(
            hasForgetGate: false,
            Setups.Prediction(
                Symbols, new LstmSpec(20) { Cell = new LstmEquations { ForgetGate = false } }, rate: 0.005, batch: 16)),
    ];

    private static ReberExperiment Reber(Setup setup) => new()
    {
        Name = "reber",
        Task = "embedded Reber grammar",
        Setup = setup,
        TestEvery = 100,
        Budget = 50_000,
        Goals = [new Goal("every prediction of both sets right", "8,440")],
    };

    // The next symbol depends on the last one alone, but for the end: the outputs see the input past the cells.
    private static LongLagExperiment ModernLongLag(int lag) => LongLag(
        lag,
        Setups.Prediction(
            lag + 1, new LstmSpec(16) { MemorySpan = lag, Shortcut = LstmShortcut.Concatenate }, rate: 0.01, batch: 4),
        new DenseSpec(lag + 1));

    private static LongLagExperiment LongLag(int lag, Setup setup, DenseSpec outputs) => new()
    {
        Name = "longlag",
        Task = $"noise-free long time lag, p = {lag}",
        Setup = setup,
        TestEvery = 100,
        Budget = 20_000,
        Lag = lag,
        OutputsFirst = 2000,
        Outputs = seed => PaperNetwork.Create(lag + 1, seed, 0.2, outputs),
        Goals = [new Goal("every output within 0.25", lag == 100 ? "5,040" : "–")],
    };

    private static LastStepExperiment Adding(int steps, string published, Setup setup, long budget) => new()
    {
        Name = "adding",
        Task = $"adding problem, T = {steps}",
        Sequences = new MarkedPairs(steps, isProduct: false),
        Setup = setup,
        Tolerance = 0.04,
        Budget = budget,
        Goals = [new LastStepGoal("none of 2000 wrong, mean error below 0.01", published, 1, 0.01)],
    };

    private static LastStepExperiment Multiplication(Setup setup, long budget) => new()
    {
        Name = "multiplication",
        Task = "multiplication problem, T = 100",
        Sequences = new MarkedPairs(100, isProduct: true),
        Setup = setup,
        Tolerance = 0.04,
        Budget = budget,
        Goals =
        [
            new LastStepGoal("at most 139 of 2000 wrong", "482,000", 140),
            new LastStepGoal("at most 12 of 2000 wrong", "1,273,000", 13),
        ],
    };

    private static LastStepExperiment Order(Setup setup) => new()
    {
        Name = "order",
        Task = "temporal order (6a), T = 100",
        Sequences = new TemporalOrder(100),
        Setup = setup,
        Tolerance = 0.3,
        Budget = 100_000,
        Goals = [new LastStepGoal("none of 2000 wrong, mean error below 0.1", "31,390", 1, 0.1)],
    };

    private static ContinualExperiment Continual(bool hasForgetGate, Setup setup, double rateDecay = 1) => new()
    {
        Name = "continual",
        Task = $"continual embedded Reber grammar, {(hasForgetGate ? "with" : "without")} forget gates",
        Unit = "symbols",
        Setup = setup,
        Budget = 5_000_000,
        TestEvery = 100_000,
        Chunk = 20,
        RateDecay = rateDecay,
        Goals =
        [
            new Goal(
                "ten streams of 100,000 symbols without an error",
                (hasForgetGate ? rateDecay < 1 ? "62" : "18" : "0") + " % of runs"),
        ],
    };
}
