using Lstm.Cells;
using Lstm.Specs;
using Lstm.Tests.Formats;

namespace Lstm.Tests.Networks;

/// <summary>
/// Options that have no effect beside the others are refused when a program asks for them, and named when a file has them.
/// </summary>
public class SpecEffectTests
{
    private static readonly LstmSpec NoGates = new(3)
    {
        Cell = new LstmEquations { InputGate = false, ForgetGate = false, OutputGate = false },
    };

    private static readonly Dictionary<string, (LayerSpec[] Specs, string[] Says)> Cases = new()
    {
        ["dropout of one layer"] =
            ([new LstmSpec(3) { Dropout = 0.25 }], ["Dropout of layer 'lstm' is 0.25", "1 layer", "new DropoutSpec(0.25)"]),
        ["dropout of one named layer"] =
        ([new LstmSpec(3), new LstmSpec(3) { Dropout = 0.5, Name = "top" }], ["Dropout of layer 'top'", "new DropoutSpec(0.5)"]),
        ["peephole"] = (
            [NoGates with { Cell = NoGates.Equations with { Peephole = true } }],
            ["Peephole of layer 'lstm' is True", "no gates", "InputGate"]),
        ["gate recurrence"] = (
            [NoGates with { Cell = NoGates.Equations with { GateRecurrence = true } }],
            ["GateRecurrence of layer 'lstm' is True", "no gates"]),
        ["gate activation"] = (
            [NoGates with { Cell = NoGates.Equations with { GateActivation = new(LstmActivationFunction.Tanh) } }],
            ["GateActivation of layer 'lstm' is Tanh", "no gates"]),
        ["reverse gate activation"] = (
            [NoGates with { Direction = LstmDirection.Bidirectional,
                Cell = NoGates.Equations with { ReverseGateActivation = new(LstmActivationFunction.Tanh) } }],
                ["ReverseGateActivation", "no gates"]),
        ["alpha"] = (
        [new LstmSpec(3) { Cell = new LstmEquations { CellActivation = new(LstmActivationFunction.Tanh, 0.5) } }],
        ["CellActivation.Alpha of layer 'lstm' is 0.5", "Tanh has no α"]),
        ["beta"] = (
            [new LstmSpec(3) { Cell = new LstmEquations { HiddenActivation = new(LstmActivationFunction.Elu, 1, 0.5) } }],
            ["HiddenActivation.Beta of layer 'lstm' is 0.5", "Elu has no β"]),
        ["second pooling"] = (
            [new LstmSpec(3), new PoolingSpec(Pooling.Mean), new DenseSpec(3), new PoolingSpec(Pooling.Last)],
            ["Layer 'pooling_1' has no effect", "'pooling' has pooled"]),
    };

    public static TheoryData<string> Names => [.. Cases.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Create_refuses_an_option_without_effect_and_a_file_with_it_loads(string name)
    {
        (LayerSpec[] specs, string[] says) = Cases[name];
        string message = Assert.Throws<ArgumentException>("layers", () => Network.Create<float>(2, 7, specs)).Message;
        Assert.All(says, part => Assert.Contains(part, message));
        Assert.Throws<ArgumentException>("layers", () => Network.Create<float>(2, specs));

        using TemporaryFolder folder = new();
        string path = folder["old.safetensors"];
        Network<float> old = Support.Sample.Network<float>(1, 2, specs);
        old.Save(path);
        Network<float> loaded = Network.Load<float>(path);
        Assert.StartsWith(Assert.Single(loaded.OptionsWithoutEffect), message);
        Assert.Equal(specs, loaded.Specs);
        Assert.Equal(old.Flat.ToArray(), loaded.Flat.ToArray());
        Assert.Equal(old.Flat.ToArray(), loaded.Clone().Flat.ToArray());
    }

    [Fact]
    public void Create_takes_defaults_and_options_with_effect()
    {
        LayerSpec[] specs =
        [
            new LstmSpec(3) { Layers = 2, Dropout = 0.5 },
            new LstmSpec(3) { Dropout = 0 },
            new LstmSpec(3) { Normalization = new LayerNormalization { Epsilon = 1e-3 } },
            new LstmSpec(3) { Normalization = new BatchNormalization { Epsilon = 1e-3, Steps = 7, Momentum = 0.5 } },
            NoGates,
            NoGates with
            {
                Cell = NoGates.Equations with
                {
                    OutputGate = true, Peephole = true, GateRecurrence = true, GateActivation = new(LstmActivationFunction.Tanh),
                },
            },
            new LstmSpec(3)
            {
                Cell = new LstmEquations
                {
                    GateActivation = new(LstmActivationFunction.HardSigmoid, 0.2, 0.5),
                    CellActivation = new(LstmActivationFunction.LeakyRelu, 0.1),
                },
            },
            new LstmSpec(3)
            {
                Cell = new LstmEquations
                {
                    CellActivation = new(LstmActivationFunction.ScaledTanh, 2, 0.5),
                    HiddenActivation = new(LstmActivationFunction.Affine, 2, 0.5),
                },
            },
            new LstmSpec(3)
            {
                Cell = new LstmEquations
                {
                    CellActivation = new(LstmActivationFunction.ThresholdedRelu, 1),
                    HiddenActivation = new(LstmActivationFunction.Elu, 1),
                },
            },
            new DropoutSpec(0),
            new PoolingSpec(Pooling.Last),
            new DenseSpec(1),
        ];
        Assert.Empty(Network.Create<float>(2, specs).OptionsWithoutEffect);
    }

    /// <summary>A property that is added has to be looked at here: which combinations leave it without effect?</summary>
    [Fact]
    public void Every_property_of_a_spec_has_been_looked_at()
        => Assert.Equal(
            [
                "BatchNormalization.Epsilon", "BatchNormalization.Momentum", "BatchNormalization.Steps", "CustomEquations.Cell",
                "LayerNormalization.Epsilon",
                "LstmEquations.CandidateDropout", "LstmEquations.CellActivation", "LstmEquations.CellClip",
                    "LstmEquations.CoupledGates",
                "LstmEquations.ForgetGate", "LstmEquations.GateActivation", "LstmEquations.GateRecurrence",
                "LstmEquations.HiddenActivation",
                "LstmEquations.InputGate", "LstmEquations.OutputGate", "LstmEquations.Peephole",
                    "LstmEquations.PreActivationClip",
                "LstmEquations.ReverseCellActivation", "LstmEquations.ReverseGateActivation",
                "LstmEquations.ReverseHiddenActivation",
                "LstmProjection.Clip", "LstmProjection.Size", "LstmRegularization.CellZoneout",
                    "LstmRegularization.HiddenZoneout",
                "LstmRegularization.InputDropout", "LstmRegularization.RecurrentDropout", "LstmRegularization.WeightDropout",
                "LstmSpec.Bias", "LstmSpec.Cell",
                "LstmSpec.Direction", "LstmSpec.Dropout", "LstmSpec.ForgetBias", "LstmSpec.HiddenSize",
                    "LstmSpec.Initialization", "LstmSpec.Layers",
                "LstmSpec.LearnInitialState", "LstmSpec.MemorySpan", "LstmSpec.Merge", "LstmSpec.Name", "LstmSpec.Normalization",
                "LstmSpec.Projection",
                "LstmSpec.Regularization", "LstmSpec.Shortcut", "LstmSpec.TruncatedGradient",
            ],
            new[]
            {
                typeof(LstmSpec), typeof(LstmEquations), typeof(CustomEquations), typeof(LstmProjection),
                    typeof(LayerNormalization), typeof(BatchNormalization),
                typeof(LstmRegularization),
            }.SelectMany(type => type.GetProperties().Select(property => $"{type.Name}.{property.Name}"))
                .Order(StringComparer.Ordinal));
}
