using System.Text.Json;
using Lstm.Cells;
using Lstm.Specs;
using Lstm.Texts;
using Property = Lstm.Formats.SpecProperty<Lstm.Formats.LstmVersion1>;

namespace Lstm.Formats;

/// <summary>
/// An LSTM layer as descriptions of version 1 have it: all properties side by side, some of which have no effect beside others.
/// </summary>
internal sealed record LstmVersion1
{
    private static readonly SpecKind<LstmVersion1, LstmVersion1> Kind = new(
        "lstm", "a layer of kind 'lstm'", () => new LstmVersion1(), _ => 0,
        [
            .. Lift(
                [LayerKinds.Name<LstmSpec>(), .. LayerKinds.Own], flat => flat.Spec, (flat, value) => flat with { Spec = value },
                "name", "hiddenSize", "layers", "direction", "merge", "shortcut", "dropout", "bias", "initialization",
                    "forgetBias",
                "memorySpan", "learnInitialState", "truncatedGradient"),
            .. Lift(
                LayerKinds.Equation, flat => flat.Equations, (flat, value) => flat with { Equations = value },
                "peephole", "coupledGates", "inputGate", "forgetGate", "outputGate", "gateRecurrence", "cellClip",
                    "preActivationClip",
                "gateActivation", "cellActivation", "hiddenActivation", "reverseGateActivation", "reverseCellActivation",
                "reverseHiddenActivation", "candidateDropout"),
            .. Lift(
                LayerKinds.Rates, flat => flat.Rates, (flat, value) => flat with { Rates = value },
                "inputDropout", "recurrentDropout", "weightDropout", "hiddenZoneout", "cellZoneout"),
            Property.Int("projectionSize", flat => flat.ProjectionSize, (flat, value) => flat with { ProjectionSize = value }),
            Property.Double("projectionClip", flat => flat.ProjectionClip, (flat, value) => flat with { ProjectionClip = value }),
            Property.Enum("normalization", flat => flat.Normalization, (flat, value) => flat with { Normalization = value }),
            Property.Double(
                "normalizationEpsilon", _ => null, (flat, value) => flat with { Norm = flat.Norm with { Epsilon = value } }),
            Property.Int("batchNormSteps", _ => null, (flat, value) => flat with { Norm = flat.Norm with { Steps = value } }),
            Property.Double(
                "batchNormMomentum", _ => null, (flat, value) => flat with { Norm = flat.Norm with { Momentum = value } }),
            new Property(
                "cell", false, (_, _) => { }, (flat, json) => ReadCell(json) is { } cell ? flat with { Cell = cell } : null),
        ]);

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

    // Named one by one: a property that is added later is not one of version 1.
    private static IEnumerable<Property> Lift<TPart>(
        SpecProperty<TPart>[] properties, Func<LstmVersion1, TPart> get, Func<LstmVersion1, TPart, LstmVersion1> with,
        params string[] names)
        where TPart : class
        => names.Select(name => Array.Find(properties, property => property.Name == name)!.Of(get, with));

    private LstmSpec ToSpec()
    {
        if (Cell is not null && Equations != new LstmEquations())
        {
            throw new InvalidDataException(
                $"The description has a layer of kind 'lstm' with the custom cell '{Shortened.Text(Cell.Name)}' and variants " +
                $"of the built-in "
                + $"equations, {Equations}; it can have one of the two.");
        }

        if (ProjectionSize is null && ProjectionClip is not null)
        {
            throw new InvalidDataException(
                "The description has 'projectionClip' without 'projectionSize' in a layer of kind 'lstm'.");
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

    private static CustomCell? ReadCell(JsonElement json)
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

        return name is null || settings is null ? null : CustomCell.Saved(name, settings);
    }
}
