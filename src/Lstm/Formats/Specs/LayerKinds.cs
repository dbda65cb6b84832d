using Lstm.Cells;
using Lstm.Specs;

namespace Lstm.Formats;

/// <summary>The kinds of layers and of their parts, with all properties that JSON has of them.</summary>
/// <remarks>One entry a property: a new one is added here, and nowhere else.</remarks>
internal static class LayerKinds
{
    /// <summary>The properties of an LSTM layer that are not in one of its parts.</summary>
    public static SpecProperty<LstmSpec>[] Own { get; } =
    [
        SpecProperty<LstmSpec>.Int(
            "hiddenSize", spec => spec.HiddenSize, (spec, value) => spec with { HiddenSize = value }, isRequired: true),
        SpecProperty<LstmSpec>.Int("layers", spec => spec.Layers, (spec, value) => spec with { Layers = value }),
        SpecProperty<LstmSpec>.Enum("direction", spec => spec.Direction, (spec, value) => spec with { Direction = value }),
        SpecProperty<LstmSpec>.Enum("merge", spec => spec.Merge, (spec, value) => spec with { Merge = value }),
        SpecProperty<LstmSpec>.Enum("shortcut", spec => spec.Shortcut, (spec, value) => spec with { Shortcut = value }),
        SpecProperty<LstmSpec>.Double("dropout", spec => spec.Dropout, (spec, value) => spec with { Dropout = value }),
        SpecProperty<LstmSpec>.Enum("bias", spec => spec.Bias, (spec, value) => spec with { Bias = value }),
        SpecProperty<LstmSpec>.Enum(
            "initialization", spec => spec.Initialization, (spec, value) => spec with { Initialization = value }),
        SpecProperty<LstmSpec>.Double(
            "forgetBias", spec => spec.ForgetBias, (spec, value) => spec with { ForgetBias = value }),
        SpecProperty<LstmSpec>.Int("memorySpan", spec => spec.MemorySpan, (spec, value) => spec with { MemorySpan = value }),
        SpecProperty<LstmSpec>.Bool(
            "learnInitialState", spec => spec.LearnInitialState, (spec, value) => spec with { LearnInitialState = value }),
        SpecProperty<LstmSpec>.Bool(
            "truncatedGradient", spec => spec.TruncatedGradient, (spec, value) => spec with { TruncatedGradient = value }),
    ];

    /// <summary>The properties of the built-in equations.</summary>
    public static SpecProperty<LstmEquations>[] Equation { get; } =
    [
        SpecProperty<LstmEquations>.Bool("peephole", spec => spec.Peephole, (spec, value) => spec with { Peephole = value }),
        SpecProperty<LstmEquations>.Bool(
            "coupledGates", spec => spec.CoupledGates, (spec, value) => spec with { CoupledGates = value }),
        SpecProperty<LstmEquations>.Bool(
            "inputGate", spec => spec.InputGate, (spec, value) => spec with { InputGate = value }),
        SpecProperty<LstmEquations>.Bool(
            "forgetGate", spec => spec.ForgetGate, (spec, value) => spec with { ForgetGate = value }),
        SpecProperty<LstmEquations>.Bool(
            "outputGate", spec => spec.OutputGate, (spec, value) => spec with { OutputGate = value }),
        SpecProperty<LstmEquations>.Bool(
            "gateRecurrence", spec => spec.GateRecurrence, (spec, value) => spec with { GateRecurrence = value }),
        SpecProperty<LstmEquations>.Double(
            "cellClip", spec => spec.CellClip, (spec, value) => spec with { CellClip = value }),
        SpecProperty<LstmEquations>.Double(
            "preActivationClip", spec => spec.PreActivationClip, (spec, value) => spec with { PreActivationClip = value }),
        SpecProperty<LstmEquations>.Activation(
            "gateActivation", spec => spec.GateActivation, (spec, value) => spec with { GateActivation = value }),
        SpecProperty<LstmEquations>.Activation(
            "cellActivation", spec => spec.CellActivation, (spec, value) => spec with { CellActivation = value }),
        SpecProperty<LstmEquations>.Activation(
            "hiddenActivation", spec => spec.HiddenActivation, (spec, value) => spec with { HiddenActivation = value }),
        SpecProperty<LstmEquations>.Activation(
            "reverseGateActivation", spec => spec.ReverseGateActivation,
            (spec, value) => spec with { ReverseGateActivation = value }),
        SpecProperty<LstmEquations>.Activation(
            "reverseCellActivation", spec => spec.ReverseCellActivation,
            (spec, value) => spec with { ReverseCellActivation = value }),
        SpecProperty<LstmEquations>.Activation(
            "reverseHiddenActivation", spec => spec.ReverseHiddenActivation,
            (spec, value) => spec with { ReverseHiddenActivation = value }),
        SpecProperty<LstmEquations>.Double(
            "candidateDropout", spec => spec.CandidateDropout, (spec, value) => spec with { CandidateDropout = value }),
    ];

    /// <summary>The rates of the regularization.</summary>
    public static SpecProperty<LstmRegularization>[] Rates { get; } =
    [
        SpecProperty<LstmRegularization>.Double(
            "inputDropout", spec => spec.InputDropout, (spec, value) => spec with { InputDropout = value }),
        SpecProperty<LstmRegularization>.Double(
            "recurrentDropout", spec => spec.RecurrentDropout, (spec, value) => spec with { RecurrentDropout = value }),
        SpecProperty<LstmRegularization>.Double(
            "weightDropout", spec => spec.WeightDropout, (spec, value) => spec with { WeightDropout = value }),
        SpecProperty<LstmRegularization>.Double(
            "hiddenZoneout", spec => spec.HiddenZoneout, (spec, value) => spec with { HiddenZoneout = value }),
        SpecProperty<LstmRegularization>.Double(
            "cellZoneout", spec => spec.CellZoneout, (spec, value) => spec with { CellZoneout = value }),
    ];

    public static SpecKind<LayerSpec>[] All { get; } =
    [
        Lstm(),
        new SpecKind<LayerSpec, DenseSpec>(
            "dense", "a layer of kind 'dense'", () => new DenseSpec(0), spec => spec.OutputSize,
            Name<DenseSpec>(),
            SpecProperty<DenseSpec>.Int(
                "outputSize", spec => spec.OutputSize, (spec, value) => spec with { OutputSize = value }, isRequired: true),
            SpecProperty<DenseSpec>
                .Enum("activation", spec => spec.Activation, (spec, value) => spec with { Activation = value }),
            SpecProperty<DenseSpec>.Bool("bias", spec => spec.Bias, (spec, value) => spec with { Bias = value })),
        new SpecKind<LayerSpec, EmbeddingSpec>(
            "embedding", "a layer of kind 'embedding'", () => new EmbeddingSpec(0), spec => spec.OutputSize,
            Name<EmbeddingSpec>(),
            SpecProperty<EmbeddingSpec>.Int(
                "outputSize", spec => spec.OutputSize, (spec, value) => spec with { OutputSize = value }, isRequired: true)),
        new SpecKind<LayerSpec, DropoutSpec>(
            "dropout", "a layer of kind 'dropout'", () => new DropoutSpec(0), _ => 0,
            Name<DropoutSpec>(),
            SpecProperty<DropoutSpec>.Double(
                "rate", spec => spec.Rate, (spec, value) => spec with { Rate = value }, isRequired: true)),
        new SpecKind<LayerSpec, PoolingSpec>(
            "pooling", "a layer of kind 'pooling'", () => new PoolingSpec(default), _ => 0,
            Name<PoolingSpec>(),
            SpecProperty<PoolingSpec>.Enum(
                "pooling", spec => spec.Pooling, (spec, value) => spec with { Pooling = value }, isRequired: true)),
        new SpecKind<LayerSpec, ActivationSpec>(
            "activation", "a layer of kind 'activation'", () => new ActivationSpec(default), _ => 0,
            Name<ActivationSpec>(),
            SpecProperty<ActivationSpec>.Enum(
                "function", spec => spec.Function, (spec, value) => spec with { Function = value }, isRequired: true),
            SpecProperty<ActivationSpec>.Double("alpha", spec => spec.Alpha, (spec, value) => spec with { Alpha = value }),
            SpecProperty<ActivationSpec>.Double("beta", spec => spec.Beta, (spec, value) => spec with { Beta = value })),
        new SpecKind<LayerSpec, LayerNormSpec>(
            "layerNorm", "a layer of kind 'layerNorm'", () => new LayerNormSpec(), _ => 0,
            Name<LayerNormSpec>(),
            SpecProperty<LayerNormSpec>.Double("epsilon", spec => spec.Epsilon, (spec, value) => spec with { Epsilon = value }),
            SpecProperty<LayerNormSpec>.Int("features", spec => spec.Features, (spec, value) => spec with { Features = value })),
        new SpecKind<LayerSpec, RepeatLastSpec>(
            "repeatLast", "a layer of kind 'repeatLast'", () => new RepeatLastSpec(0), _ => 0,
            Name<RepeatLastSpec>(),
            SpecProperty<RepeatLastSpec>
                .Int("steps", spec => spec.Steps, (spec, value) => spec with { Steps = value }, isRequired: true)),
    ];

    public static SpecProperty<TSpec> Name<TSpec>()
        where TSpec : LayerSpec
        => SpecProperty<TSpec>.String("name", spec => spec.Name, (spec, value) => spec with { Name = value });

    private static SpecKind<LayerSpec, LstmSpec> Lstm() => new(
        "lstm", "a layer of kind 'lstm'", () => new LstmSpec(0), spec => (Int128)4 * spec.HiddenSize * spec.Layers,
        [
            Name<LstmSpec>(),
            .. Own,
            SpecProperty<LstmSpec>.PartOf(
                "cell", spec => spec.Cell, (spec, value) => spec with { Cell = value }, "a cell", Equations(), Custom()),
            SpecProperty<LstmSpec>.Part(
                "projection", spec => spec.Projection, (spec, value) => spec with { Projection = value }, Projection()),
            SpecProperty<LstmSpec>.PartOf(
                "normalization", spec => spec.Normalization, (spec, value) => spec with { Normalization = value },
                "a normalization",
                LayerNorm(), BatchNorm()),
            SpecProperty<LstmSpec>.Part(
                "regularization", spec => spec.Regularization, (spec, value) => spec with { Regularization = value },
                Regularization()),
        ]);

    private static SpecKind<CellEquations> Equations() => new SpecKind<CellEquations, LstmEquations>(
        "equations", "the cell of a layer of kind 'lstm'", () => new LstmEquations(), _ => 0,
        Equation);

    // A cell that is read is no more than its name and settings, until it is found among those of the program.
    private static SpecKind<CellEquations> Custom() => new SpecKind<CellEquations, CustomEquations>(
        "custom", "the custom cell of a layer of kind 'lstm'", () => new(CustomCell.Saved(string.Empty, string.Empty)), _ => 0,
        SpecProperty<CustomEquations>.String(
            "name", spec => spec.Cell.Name,
            (spec, value) => value.Length > 0 ? new(CustomCell.Saved(value, spec.Cell.Settings)) : null, isRequired: true),
        SpecProperty<CustomEquations>.String(
            "settings", spec => spec.Cell.Settings,
            (spec, value) => new(CustomCell.Saved(spec.Cell.Name, value)), isRequired: true));

    private static SpecKind<LstmProjection> Projection() => new SpecKind<LstmProjection, LstmProjection>(
        null, "the projection of a layer of kind 'lstm'", () => new LstmProjection(0), _ => 0,
        SpecProperty<LstmProjection>.Int(
            "size", spec => spec.Size, (spec, value) => spec with { Size = value }, isRequired: true),
        SpecProperty<LstmProjection>.Double("clip", spec => spec.Clip, (spec, value) => spec with { Clip = value }));

    private static SpecKind<LstmNormalization> LayerNorm() => new SpecKind<LstmNormalization, LayerNormalization>(
        "layer", "the layer normalization of a layer of kind 'lstm'", () => new LayerNormalization(), _ => 0,
        SpecProperty<LayerNormalization>.Double(
            "epsilon", spec => spec.Epsilon, (spec, value) => spec with { Epsilon = value }));

    private static SpecKind<LstmNormalization> BatchNorm() => new SpecKind<LstmNormalization, BatchNormalization>(
        "batch", "the batch normalization of a layer of kind 'lstm'", () => new BatchNormalization(), _ => 0,
        SpecProperty<BatchNormalization>.Double(
            "epsilon", spec => spec.Epsilon, (spec, value) => spec with { Epsilon = value }),
        SpecProperty<BatchNormalization>.Int("steps", spec => spec.Steps, (spec, value) => spec with { Steps = value }),
        SpecProperty<BatchNormalization>.Double(
            "momentum", spec => spec.Momentum, (spec, value) => spec with { Momentum = value }));

    private static SpecKind<LstmRegularization> Regularization() => new SpecKind<LstmRegularization, LstmRegularization>(
        null, "the regularization of a layer of kind 'lstm'", () => new LstmRegularization(), _ => 0,
        Rates);
}
