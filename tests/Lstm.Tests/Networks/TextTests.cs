using System.Globalization;
using Lstm.Cells;
using Lstm.Data;
using Lstm.Diagnostics;
using Lstm.Formats;
using Lstm.Specs;
using Lstm.Tests.Cells;
using Lstm.Training;

namespace Lstm.Tests.Networks;

/// <summary>What a debugger or a log shows.</summary>
public class TextTests
{
    [Fact]
    public void ToString_of_a_batch_says_its_sizes()
    {
        Assert.Equal(
            "SequenceBatch<float>: 3 sequences of 0 to 5 steps, 8 rows, 2 features",
            SequenceBatch.FromSequences<float>([new float[10], [], new float[6]], 2).ToString());
        Assert.Equal(
            "SequenceBatch<int>: 2 sequences of 4 steps, 8 rows, 1 feature",
            SequenceBatch.FromSequences<int>([new int[4], new int[4]]).ToString());
        Assert.Equal("SequenceBatch<double>: empty, 7 features", new SequenceBatch<double>(7).ToString());
    }

    [Fact]
    public void ToString_of_a_network_says_its_layers_and_the_number_of_parameters()
    {
        Network<float> network =
            Network.Create<float>(
            3, new LstmSpec(5) { Layers = 2, Direction = LstmDirection.Bidirectional }, new DenseSpec(2) { Name = "fc" });
        int parameters = (2 * 20 * (3 + 5 + 1)) + (2 * 20 * (10 + 5 + 1)) + 22;
        Assert.Equal(
            $"Network<float>: 3 -> lstm.l0 10 -> lstm.l1 10 -> fc 2, {parameters / 1000},{parameters % 1000:000} parameters",
            network.ToString());
        Assert.Equal(
            "Network<double>: 1,000 ids -> embedding 2, 2,000 parameters", Network.Create<double>(1000, new EmbeddingSpec(2))
            .ToString());
    }

    [Fact]
    public void ToString_of_a_network_names_no_two_layers_alike()
    {
        LayerSpec[] specs =
        [
            new LstmSpec(
            4) { Layers = 2, Dropout = 0.1, Regularization = new() { InputDropout = 0.1 },
            Direction = LstmDirection.Bidirectional, Merge = LstmMerge.Sum },
            new LstmSpec(4) { Layers = 2, Shortcut = LstmShortcut.Add }, new LstmSpec(4), new DropoutSpec(0.1),
                new DropoutSpec(0.1), new DenseSpec(1), new DenseSpec(1),
        ];
        string[] parts = Network.Create<float>(3, specs).ToString().Split(", ")[0].Split(" -> ");
        string[] layers = [.. parts.Skip(1).Select(layer => layer[..layer.LastIndexOf(' ')])];
        Assert.Equal(
            ["lstm.l0 input dropout", "lstm.l0", "lstm.l0 merge", "lstm.l1 dropout", "lstm.l1 input dropout", "lstm.l1",
            "lstm.l1 merge",
                "lstm_1.l0", "lstm_1.l1", "lstm_2", "dropout", "dropout_1", "dense", "dense_1"],
            layers);
    }

    [Fact]
    public void ToString_of_a_spec_is_the_program_that_makes_it_without_defaults()
    {
        Assert.Equal("LstmSpec(64)", new LstmSpec(64).ToString());
        Assert.Equal(
            "LstmSpec(64) { Layers = 2 }", new LstmSpec(64) { Layers = 2, Dropout = 0, Cell = new LstmEquations() }.ToString());
        Assert.Equal(
            "LstmSpec(8) { Direction = LstmDirection.Reverse, Dropout = 0.1, ForgetBias = -1.5, LearnInitialState = true, "
            + "Cell = new LstmEquations { Peephole = true, ForgetGate = false, CellClip = 3, GateActivation = new " +
            "LstmActivation(LstmActivationFunction.Elu, 0.5) }, "
            + "Projection = new LstmProjection(4) { Clip = 0.25 }, Normalization = new BatchNormalization { Steps = 7, " +
            "Epsilon = 0.001 }, "
            + "Regularization = new LstmRegularization { CellZoneout = 0.1 }, Name = \"a\\\"b\" }",
            new LstmSpec(8)
            {
                Name = "a\"b",
                Direction = LstmDirection.Reverse,
                Dropout = 0.1,
                ForgetBias = -1.5,
                LearnInitialState = true,
                Cell = new LstmEquations
                {
                    Peephole = true,
                    ForgetGate = false,
                    CellClip = 3,
                    GateActivation = new(LstmActivationFunction.Elu, 0.5)
                },
                Projection = new(4) { Clip = 0.25 },
                Normalization = new BatchNormalization { Steps = 7, Epsilon = 1e-3 },
                Regularization = new() { CellZoneout = 0.1 },
            }.ToString());
        Assert.Equal(
            "LstmSpec(8) { Cell = new CustomEquations(odd { Shift = 0.5 }), Normalization = new LayerNormalization() }",
            new LstmSpec(8)
            {
                Cell = CustomCell.Of("odd", new OddCell(0.5)),
                Normalization = new LayerNormalization(),
            }.ToString());
        Assert.Equal("LstmSpec(8) { Merge = (LstmMerge)9 }", new LstmSpec(8) { Merge = (LstmMerge)9 }.ToString());
        Assert.Equal("DenseSpec(2)", new DenseSpec(2).ToString());
        Assert.Equal(
            "DenseSpec(2) { Activation = Activation.Tanh, Bias = false }",
            new DenseSpec(2) { Activation = Activation.Tanh, Bias = false }.ToString());
        Assert.Equal("DropoutSpec(0.5)", new DropoutSpec(0.5).ToString());
        Assert.Equal("EmbeddingSpec(3) { Name = \"ids\" }", new EmbeddingSpec(3) { Name = "ids" }.ToString());
        Assert.Equal("PoolingSpec(Pooling.Max)", new PoolingSpec(Pooling.Max).ToString());
    }

    [Fact]
    public void ToString_and_messages_give_the_same_text_in_every_culture()
    {
        // The tests run without the cultures of the system: one that writes numbers as no other does stands for all.
        CultureInfo other = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        other.NumberFormat.NumberDecimalSeparator = ",";
        other.NumberFormat.NegativeSign = "minus";
        other.NumberFormat.NaNSymbol = "not known";
        other.NumberFormat.PositiveInfinitySymbol = "beyond";
        other.NumberFormat.NegativeInfinitySymbol = "below";
        CultureInfo before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
            string[] expected = Texts();
            CultureInfo.CurrentCulture = other;
            Assert.Equal("minus0,5", (-0.5).ToString());
            Assert.Equal(expected, Texts());
            Assert.Same(other, CultureInfo.CurrentCulture);
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }

        static string[] Texts()
        {
            EpochResult epoch = new(-0.5, null, 1234567.25, double.PositiveInfinity);
            return
            [
                epoch.ToString(),
                new EvaluationResult(1.5e-7, -0.25).ToString(),
                new TrainingProgress { Loss = -1.5, GradientNorm = double.NaN, Remaining = TimeSpan.FromSeconds(2.5),
                    Elapsed = TimeSpan.FromSeconds(1.5) }.ToString(),
                new TrainingOptions { MinimumImprovement = 0.5, Seed = -3 }.ToString(),
                new EvaluationOptions { Workers = -3 }.ToString(),
                new CheckpointOptions("c") { EverySteps = -3 }.ToString(),
                new TrainingResult { Outcome = TrainingOutcome.Completed, Epochs = [epoch], Steps = 1, SkippedSteps = 0,
                    BestEpoch = 1, Elapsed = TimeSpan.FromSeconds(1.5) }.ToString(),
                new TrainingPosition(1, 2, 3).ToString(),
                GradientClip.ByGlobalNorm(1.5).ToString(),
                GradientClip.None.ToString(),
                new LstmSpec(4)
                {
                    Dropout = 0.5, ForgetBias = -1.5,
                    Cell = new LstmEquations { GateActivation = new(LstmActivationFunction.HardSigmoid, 0.2, -0.5) },
                }.ToString(),
                new DropoutSpec(0.5).ToString(),
                new DenseSpec(-3).ToString(),
                new EmbeddingSpec(-3).ToString(),
                new PoolingSpec(Pooling.Max).ToString(),
                new LstmActivation(LstmActivationFunction.Elu, -1.5).ToString(),
                new GateStatistics(0.5, -1.5, 2, 3).ToString(),
                new GradientCheckEntry("w", 1.5e-7, 2, -0.5, 0.5).ToString(),
                new GradientCheckResult([new("w", 1.5e-7, 2, -0.5, 0.5)]).ToString(),
                new NonFiniteValue("lstm", "cell", 1, 2, 3, double.NegativeInfinity).ToString(),
                new NonFiniteValue("lstm.w", "parameter", null, null, 3, double.NaN).ToString(),
                new SlidingWindows(3).ToString(),
                new Lanes(3, 4).ToString(),
                new StateSize(3, 4).ToString(),
                StandardScaler.Fit<double>([1, 2.5]).ToString(),
                SequenceBatch.FromSequences<float>([[1.5f]]).ToString(),
                Network.Create<float>(1, new DenseSpec(1)).ToString(),
                Network.Create<float>(1, new DenseSpec(1)).Parameters[0].ToString(),
                new HuberLoss<float>(0.5).ToString(),
                new StateDictOptions().ToString(),
                new LoadOptions().ToString(),
                Assert.Throws<ArgumentException>(() => Network.Create<float>(1, new LstmSpec(2) { Dropout = -1.5 })).Message,
                Assert.Throws<ArgumentException>(() => Network.Create<float>(1, new LstmSpec(2) { Dropout = 0.5 })).Message,
                Assert.Throws<ArgumentException>(() => MinMaxScaler.Fit<double>([1, 2], 1, 1.5, -1.5)).Message,
                Assert.Throws<ArgumentException>(() => StandardScaler.Fit<double>([1, double.NegativeInfinity])).Message,
                Assert.Throws<InvalidOperationException>(
                    () => new GradientCheckResult([new("w", 1.5e-2, 2, -0.5, 0.5)]).ThrowIfAbove()).Message,
                new NonFiniteGradientException("w", double.NaN).Message,
            ];
        }
    }

    [Fact]
    public void ToString_of_a_training_result_is_one_line()
    {
        TrainingResult result = new()
        {
            Outcome = TrainingOutcome.StoppedEarly,
            Epochs = [new(0.5, null, 0.25), new(0.125, null, 1 / 3.0)],
            Steps = 12,
            SkippedSteps = 1,
            BestEpoch = 1,
            Elapsed = TimeSpan.FromSeconds(61.5),
        };
        Assert.Equal(
            "2 epochs, 12 steps (1 skipped), loss 0.125, validation loss 0.333333 (best 0.25 in epoch 1), stopped early, " +
            "00:01:01.5000000", result.ToString());
        Assert.Equal(
            "1 epochs, 12 steps, loss 0.5, 00:01:01.5000000",
            (result with { Outcome = TrainingOutcome.Completed, Epochs = [new(0.5, null)], SkippedSteps = 0, BestEpoch = null })
                .ToString());
    }

    [Fact]
    public void A_loss_is_called_by_its_plain_name()
    {
        SequenceBatch<int> labels = SequenceBatch.FromSequences<int>([[1]]);
        ArgumentException e = Assert.Throws<ArgumentException>(
            "labels", () => new MeanSquaredError<float>().Evaluate(SequenceBatch.FromSequences<float>([[1]]), labels));
        Assert.StartsWith("MeanSquaredError does not take integer labels", e.Message);
    }
}
