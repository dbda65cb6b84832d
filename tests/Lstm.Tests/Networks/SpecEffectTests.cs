using Lstm.Cells;
using Lstm.Specs;
using Lstm.Tests.Formats;

namespace Lstm.Tests.Networks;

/// <summary>Options that have no effect beside the others are refused when a program asks for them, and named when a file has them.</summary>
public class SpecEffectTests
{
    private static readonly LstmSpec NoGates = new(3) { InputGate = false, ForgetGate = false, OutputGate = false };

    private static readonly Dictionary<string, (LayerSpec[] Specs, string[] Says)> Cases = new()
    {
        ["dropout of one layer"] = ([new LstmSpec(3) { Dropout = 0.25 }], ["Dropout of layer 'lstm' is 0.25", "1 layer", "new DropoutSpec(0.25)"]),
        ["dropout of one named layer"] = ([new LstmSpec(3), new LstmSpec(3) { Dropout = 0.5, Name = "top" }], ["Dropout of layer 'top'", "new DropoutSpec(0.5)"]),
        ["epsilon"] = ([new LstmSpec(3) { NormalizationEpsilon = 1e-3 }], ["NormalizationEpsilon of layer 'lstm' is 0.001", "Normalization is None", "Layer or Batch"]),
        ["batch norm steps"] = ([new LstmSpec(3) { BatchNormSteps = 7 }], ["BatchNormSteps of layer 'lstm' is 7", "Normalization is None", "to Batch"]),
        ["batch norm steps beside layer norm"] = (
            [new LstmSpec(3) { BatchNormSteps = 7, Normalization = LstmNormalization.Layer }], ["BatchNormSteps", "Normalization is Layer"]),
        ["batch norm momentum"] = ([new LstmSpec(3) { BatchNormMomentum = 0.5 }], ["BatchNormMomentum of layer 'lstm' is 0.5", "to Batch"]),
        ["peephole"] = ([NoGates with { Peephole = true }], ["Peephole of layer 'lstm' is True", "no gates", "InputGate"]),
        ["gate recurrence"] = ([NoGates with { GateRecurrence = true }], ["GateRecurrence of layer 'lstm' is True", "no gates"]),
        ["gate activation"] = ([NoGates with { GateActivation = new(LstmActivationFunction.Tanh) }], ["GateActivation of layer 'lstm' is Tanh", "no gates"]),
        ["reverse gate activation"] = (
            [NoGates with { Direction = LstmDirection.Bidirectional, ReverseGateActivation = new(LstmActivationFunction.Tanh) }], ["ReverseGateActivation", "no gates"]),
        ["alpha"] = ([new LstmSpec(3) { CellActivation = new(LstmActivationFunction.Tanh, 0.5) }], ["CellActivation.Alpha of layer 'lstm' is 0.5", "Tanh has no α"]),
        ["beta"] = ([new LstmSpec(3) { HiddenActivation = new(LstmActivationFunction.Elu, 1, 0.5) }], ["HiddenActivation.Beta of layer 'lstm' is 0.5", "Elu has no β"]),
        ["second pooling"] = (
            [new LstmSpec(3), new PoolingSpec(Pooling.Mean), new DenseSpec(3), new PoolingSpec(Pooling.Last)], ["Layer 'pooling_1' has no effect", "'pooling' has pooled"]),
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
            new LstmSpec(3) { Normalization = LstmNormalization.Layer, NormalizationEpsilon = 1e-3 },
            new LstmSpec(3) { Normalization = LstmNormalization.Batch, NormalizationEpsilon = 1e-3, BatchNormSteps = 7, BatchNormMomentum = 0.5 },
            NoGates,
            NoGates with { OutputGate = true, Peephole = true, GateRecurrence = true, GateActivation = new(LstmActivationFunction.Tanh) },
            new LstmSpec(3) { GateActivation = new(LstmActivationFunction.HardSigmoid, 0.2, 0.5), CellActivation = new(LstmActivationFunction.LeakyRelu, 0.1) },
            new LstmSpec(3) { CellActivation = new(LstmActivationFunction.ScaledTanh, 2, 0.5), HiddenActivation = new(LstmActivationFunction.Affine, 2, 0.5) },
            new LstmSpec(3) { CellActivation = new(LstmActivationFunction.ThresholdedRelu, 1), HiddenActivation = new(LstmActivationFunction.Elu, 1) },
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
                "BatchNormMomentum", "BatchNormSteps", "Bias", "CandidateDropout", "Cell", "CellActivation", "CellClip", "CellZoneout", "CoupledGates", "Direction", "Dropout",
                "ForgetBias", "ForgetGate", "GateActivation", "GateRecurrence", "HiddenActivation", "HiddenSize", "HiddenZoneout", "Initialization", "InputDropout",
                "InputGate", "Layers", "LearnInitialState", "MemorySpan", "Merge", "Name", "Normalization", "NormalizationEpsilon", "OutputGate", "Peephole",
                "PreActivationClip", "ProjectionClip", "ProjectionSize", "RecurrentDropout", "ReverseCellActivation", "ReverseGateActivation", "ReverseHiddenActivation",
                "Shortcut", "TruncatedGradient", "WeightDropout",
            ],
            typeof(LstmSpec).GetProperties().Select(property => property.Name).Order(StringComparer.Ordinal));
}
