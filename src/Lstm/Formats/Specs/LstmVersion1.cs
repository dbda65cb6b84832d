using System.Text.Json;
using Lstm.Cells;
using Lstm.Specs;
using Property = Lstm.Formats.SpecProperty<Lstm.Formats.LstmVersion1>;

namespace Lstm.Formats;

/// <summary>
/// An LSTM layer as descriptions of version 1 have it: all properties side by side, some of which have no effect beside others.
/// </summary>
internal sealed record LstmVersion1
{
    private static readonly SpecKind<LstmVersion1, LstmVersion1> Kind = new(
        "lstm", "a layer of kind 'lstm'", () => new LstmVersion1(), _ => 0,
        Property.String("name", flat => flat.Spec.Name, (flat, value) => flat with { Spec = flat.Spec with { Name = value } }),
        Property.Int(
            "hiddenSize", flat => flat.Spec.HiddenSize, (flat, value) => flat with { Spec = flat.Spec with { HiddenSize = value } }, isRequired: true),
        Property.Int(
            "layers", flat => flat.Spec.Layers, (flat, value) => flat with { Spec = flat.Spec with { Layers = value } }),
        Property.Enum(
            "direction", flat => flat.Spec.Direction, (flat, value) => flat with { Spec = flat.Spec with { Direction = value } }),
        Property.Enum("merge", flat => flat.Spec.Merge, (flat, value) => flat with { Spec = flat.Spec with { Merge = value } }),
        Property.Enum(
            "shortcut", flat => flat.Spec.Shortcut, (flat, value) => flat with { Spec = flat.Spec with { Shortcut = value } }),
        Property.Double(
            "dropout", flat => flat.Spec.Dropout, (flat, value) => flat with { Spec = flat.Spec with { Dropout = value } }),
        Property.Enum("bias", flat => flat.Spec.Bias, (flat, value) => flat with { Spec = flat.Spec with { Bias = value } }),
        Property.Enum(
            "initialization", flat => flat.Spec.Initialization, (flat, value) => flat with { Spec = flat.Spec with { Initialization = value } }),
        Property.Double(
            "forgetBias", flat => flat.Spec.ForgetBias, (flat, value) => flat with { Spec = flat.Spec with { ForgetBias = value } }),
        Property.Int(
            "memorySpan", flat => flat.Spec.MemorySpan, (flat, value) => flat with { Spec = flat.Spec with { MemorySpan = value } }),
        Property.Bool(
            "learnInitialState", flat => flat.Spec.LearnInitialState, (flat, value) => flat with { Spec = flat.Spec with { LearnInitialState = value } }),
        Property.Bool(
            "truncatedGradient", flat => flat.Spec.TruncatedGradient, (flat, value) => flat with { Spec = flat.Spec with { TruncatedGradient = value } }),
        Property.Bool(
            "peephole", flat => flat.Equations.Peephole, (flat, value) => flat with { Equations = flat.Equations with { Peephole = value } }),
        Property.Bool(
            "coupledGates", flat => flat.Equations.CoupledGates, (flat, value) => flat with { Equations = flat.Equations with { CoupledGates = value } }),
        Property.Bool(
            "inputGate", flat => flat.Equations.InputGate, (flat, value) => flat with { Equations = flat.Equations with { InputGate = value } }),
        Property.Bool(
            "forgetGate", flat => flat.Equations.ForgetGate, (flat, value) => flat with { Equations = flat.Equations with { ForgetGate = value } }),
        Property.Bool(
            "outputGate", flat => flat.Equations.OutputGate, (flat, value) => flat with { Equations = flat.Equations with { OutputGate = value } }),
        Property.Bool(
            "gateRecurrence", flat => flat.Equations.GateRecurrence, (flat, value) => flat with { Equations = flat.Equations with { GateRecurrence = value } }),
        Property.Double(
            "cellClip", flat => flat.Equations.CellClip, (flat, value) => flat with { Equations = flat.Equations with { CellClip = value } }),
        Property.Double(
            "preActivationClip", flat => flat.Equations.PreActivationClip, (flat, value) => flat with { Equations = flat.Equations with { PreActivationClip = value } }),
        Property.Activation(
            "gateActivation", flat => flat.Equations.GateActivation, (flat, value) => flat with { Equations = flat.Equations with { GateActivation = value } }),
        Property.Activation(
            "cellActivation", flat => flat.Equations.CellActivation, (flat, value) => flat with { Equations = flat.Equations with { CellActivation = value } }),
        Property.Activation(
            "hiddenActivation", flat => flat.Equations.HiddenActivation, (flat, value) => flat with { Equations = flat.Equations with { HiddenActivation = value } }),
        Property.Activation(
            "reverseGateActivation", flat => flat.Equations.ReverseGateActivation, (flat, value) => flat with { Equations = flat.Equations with { ReverseGateActivation = value } }),
        Property.Activation(
            "reverseCellActivation", flat => flat.Equations.ReverseCellActivation, (flat, value) => flat with { Equations = flat.Equations with { ReverseCellActivation = value } }),
        Property.Activation(
            "reverseHiddenActivation", flat => flat.Equations.ReverseHiddenActivation, (flat, value) => flat with { Equations = flat.Equations with { ReverseHiddenActivation = value } }),
        Property.Double(
            "candidateDropout", flat => flat.Equations.CandidateDropout, (flat, value) => flat with { Equations = flat.Equations with { CandidateDropout = value } }),
        Property.Int("projectionSize", flat => flat.ProjectionSize, (flat, value) => flat with { ProjectionSize = value }),
        Property.Double("projectionClip", flat => flat.ProjectionClip, (flat, value) => flat with { ProjectionClip = value }),
        Property.Enum("normalization", flat => flat.Normalization, (flat, value) => flat with { Normalization = value }),
        Property.Double(
            "normalizationEpsilon", flat => flat.Norm.Epsilon, (flat, value) => flat with { Norm = flat.Norm with { Epsilon = value } }),
        Property.Int(
            "batchNormSteps", flat => flat.Norm.Steps, (flat, value) => flat with { Norm = flat.Norm with { Steps = value } }),
        Property.Double(
            "batchNormMomentum", flat => flat.Norm.Momentum, (flat, value) => flat with { Norm = flat.Norm with { Momentum = value } }),
        Property.Double(
            "inputDropout", flat => flat.Rates.InputDropout, (flat, value) => flat with { Rates = flat.Rates with { InputDropout = value } }),
        Property.Double(
            "recurrentDropout", flat => flat.Rates.RecurrentDropout, (flat, value) => flat with { Rates = flat.Rates with { RecurrentDropout = value } }),
        Property.Double(
            "weightDropout", flat => flat.Rates.WeightDropout, (flat, value) => flat with { Rates = flat.Rates with { WeightDropout = value } }),
        Property.Double(
            "hiddenZoneout", flat => flat.Rates.HiddenZoneout, (flat, value) => flat with { Rates = flat.Rates with { HiddenZoneout = value } }),
        Property.Double(
            "cellZoneout", flat => flat.Rates.CellZoneout, (flat, value) => flat with { Rates = flat.Rates with { CellZoneout = value } }),
        new Property("cell", false, (_, _) => { }, (flat, json) => ReadCell(json) is { } cell ? flat with { Cell = cell } : null));

    private enum Kinds
    {
        None,
        Layer,
        Batch,
    }

    private LstmSpec Spec { get; init; } = new(0);

    private LstmEquations Equations { get; init; } = new();

    private CustomCell? Cell { get; init; }

    private int? ProjectionSize { get; init; }

    private double? ProjectionClip { get; init; }

    private Kinds Normalization { get; init; }

    private BatchNormalization Norm { get; init; } = new();

    private LstmRegularization Rates { get; init; } = new();

    /// <summary>Reads a layer and groups its properties; those without effect are dropped.</summary>
    /// <exception cref="InvalidDataException">A property is unknown or of a wrong type, or two exclude each other.</exception>
    public static LstmSpec Read(JsonElement json) => ((LstmVersion1)Kind.Read(json)).ToSpec();

    private LstmSpec ToSpec()
    {
        if (Cell is not null && Equations != new LstmEquations())
        {
            throw new InvalidDataException(
                $"The description has a layer of kind 'lstm' with the custom cell '{Cell.Name}' and variants of the built-in equations, {Equations}; "
                + "it can have one of the two.");
        }

        if (ProjectionSize is null && ProjectionClip is not null)
        {
            throw new InvalidDataException("The description has 'projectionClip' without 'projectionSize' in a layer of kind 'lstm'.");
        }

        return Spec with
        {
            Cell = Cell is null ? Equations : Cell,
            Projection = ProjectionSize is { } size ? new(size) { Clip = ProjectionClip } : null,
            Normalization = Normalization switch
            {
                Kinds.Layer => new LayerNormalization { Epsilon = Norm.Epsilon },
                Kinds.Batch => Norm,
                _ => null,
            },
            Regularization = Rates,
        };
    }

    private static SavedCell? ReadCell(JsonElement json)
    {
        string? name = null, settings = null;
        foreach (JsonProperty property in json.ValueKind == JsonValueKind.Object ? json.EnumerateObject() : default)
        {
            string? text = property.Value.ValueKind == JsonValueKind.String ? property.Value.GetString() : null;
            switch (property.Name)
            {
                case "name" when !string.IsNullOrEmpty(text):
                    name = text;
                    break;
                case "settings" when text is not null:
                    settings = text;
                    break;
                default:
                    return null;
            }
        }

        return name is null || settings is null ? null : new SavedCell(name, settings);
    }
}
