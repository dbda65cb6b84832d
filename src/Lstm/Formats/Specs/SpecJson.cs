using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Lstm.Cells;
using Lstm.Layers;
using Lstm.Texts;

namespace Lstm.Formats;

/// <summary>A network's description as JSON: its input size and its layer specs.</summary>
/// <remarks>
/// <c>{"inputSize":3,"layers":[{"kind":"lstm","hiddenSize":64,"layers":2,…},{"kind":"dense","outputSize":1,…}]}</c>: all
/// properties are written; a missing one is the record's default when read, an unknown one is an error.
/// </remarks>
internal static class SpecJson
{
    /// <summary>The property that says which kind of spec it is.</summary>
    public const string Kind = "kind";

    // One line a property: a new one is added here, and nowhere else.
    private static readonly SpecKind[] Kinds =
    [
        new SpecKind<LstmSpec>(
            "lstm", () => new LstmSpec(0), spec => (Int128)4 * spec.HiddenSize * spec.Layers,
            SpecProperty<LstmSpec>.Int("hiddenSize", spec => spec.HiddenSize, (spec, value) => spec with { HiddenSize = value }, isRequired: true),
            SpecProperty<LstmSpec>.Int("layers", spec => spec.Layers, (spec, value) => spec with { Layers = value }),
            SpecProperty<LstmSpec>.Enum("direction", spec => spec.Direction, (spec, value) => spec with { Direction = value }),
            SpecProperty<LstmSpec>.Enum("merge", spec => spec.Merge, (spec, value) => spec with { Merge = value }),
            SpecProperty<LstmSpec>.Enum("shortcut", spec => spec.Shortcut, (spec, value) => spec with { Shortcut = value }),
            SpecProperty<LstmSpec>.Double("dropout", spec => spec.Dropout, (spec, value) => spec with { Dropout = value }),
            SpecProperty<LstmSpec>.Enum("bias", spec => spec.Bias, (spec, value) => spec with { Bias = value }),
            SpecProperty<LstmSpec>.Enum("initialization", spec => spec.Initialization, (spec, value) => spec with { Initialization = value }),
            SpecProperty<LstmSpec>.Double("forgetBias", spec => spec.ForgetBias, (spec, value) => spec with { ForgetBias = value }),
            SpecProperty<LstmSpec>.Int("memorySpan", spec => spec.MemorySpan, (spec, value) => spec with { MemorySpan = value }),
            SpecProperty<LstmSpec>.Bool("learnInitialState", spec => spec.LearnInitialState, (spec, value) => spec with { LearnInitialState = value }),
            SpecProperty<LstmSpec>.Bool("peephole", spec => spec.Peephole, (spec, value) => spec with { Peephole = value }),
            SpecProperty<LstmSpec>.Bool("coupledGates", spec => spec.CoupledGates, (spec, value) => spec with { CoupledGates = value }),
            SpecProperty<LstmSpec>.Double("cellClip", spec => spec.CellClip, (spec, value) => spec with { CellClip = value }),
            SpecProperty<LstmSpec>.Double("preActivationClip", spec => spec.PreActivationClip, (spec, value) => spec with { PreActivationClip = value }),
            SpecProperty<LstmSpec>.Int("projectionSize", spec => spec.ProjectionSize, (spec, value) => spec with { ProjectionSize = value }),
            SpecProperty<LstmSpec>.Double("projectionClip", spec => spec.ProjectionClip, (spec, value) => spec with { ProjectionClip = value }),
            SpecProperty<LstmSpec>.Bool("inputGate", spec => spec.InputGate, (spec, value) => spec with { InputGate = value }),
            SpecProperty<LstmSpec>.Bool("forgetGate", spec => spec.ForgetGate, (spec, value) => spec with { ForgetGate = value }),
            SpecProperty<LstmSpec>.Bool("outputGate", spec => spec.OutputGate, (spec, value) => spec with { OutputGate = value }),
            SpecProperty<LstmSpec>.Bool("gateRecurrence", spec => spec.GateRecurrence, (spec, value) => spec with { GateRecurrence = value }),
            SpecProperty<LstmSpec>.Bool("truncatedGradient", spec => spec.TruncatedGradient, (spec, value) => spec with { TruncatedGradient = value }),
            SpecProperty<LstmSpec>.Enum("normalization", spec => spec.Normalization, (spec, value) => spec with { Normalization = value }),
            SpecProperty<LstmSpec>.Double("normalizationEpsilon", spec => spec.NormalizationEpsilon, (spec, value) => spec with { NormalizationEpsilon = value }),
            SpecProperty<LstmSpec>.Int("batchNormSteps", spec => spec.BatchNormSteps, (spec, value) => spec with { BatchNormSteps = value }),
            SpecProperty<LstmSpec>.Double("batchNormMomentum", spec => spec.BatchNormMomentum, (spec, value) => spec with { BatchNormMomentum = value }),
            SpecProperty<LstmSpec>.Double("inputDropout", spec => spec.InputDropout, (spec, value) => spec with { InputDropout = value }),
            SpecProperty<LstmSpec>.Double("recurrentDropout", spec => spec.RecurrentDropout, (spec, value) => spec with { RecurrentDropout = value }),
            SpecProperty<LstmSpec>.Double("candidateDropout", spec => spec.CandidateDropout, (spec, value) => spec with { CandidateDropout = value }),
            SpecProperty<LstmSpec>.Double("weightDropout", spec => spec.WeightDropout, (spec, value) => spec with { WeightDropout = value }),
            SpecProperty<LstmSpec>.Double("hiddenZoneout", spec => spec.HiddenZoneout, (spec, value) => spec with { HiddenZoneout = value }),
            SpecProperty<LstmSpec>.Double("cellZoneout", spec => spec.CellZoneout, (spec, value) => spec with { CellZoneout = value }),
            SpecProperty<LstmSpec>.Cell("cell", spec => spec.Cell, (spec, value) => spec with { Cell = value }),
            SpecProperty<LstmSpec>.Activation("gateActivation", spec => spec.GateActivation, (spec, value) => spec with { GateActivation = value }),
            SpecProperty<LstmSpec>.Activation("cellActivation", spec => spec.CellActivation, (spec, value) => spec with { CellActivation = value }),
            SpecProperty<LstmSpec>.Activation("hiddenActivation", spec => spec.HiddenActivation, (spec, value) => spec with { HiddenActivation = value }),
            SpecProperty<LstmSpec>.Activation("reverseGateActivation", spec => spec.ReverseGateActivation, (spec, value) => spec with { ReverseGateActivation = value }),
            SpecProperty<LstmSpec>.Activation("reverseCellActivation", spec => spec.ReverseCellActivation, (spec, value) => spec with { ReverseCellActivation = value }),
            SpecProperty<LstmSpec>.Activation("reverseHiddenActivation", spec => spec.ReverseHiddenActivation, (spec, value) => spec with { ReverseHiddenActivation = value })),
        new SpecKind<DenseSpec>(
            "dense", () => new DenseSpec(0), spec => spec.OutputSize,
            SpecProperty<DenseSpec>.Int("outputSize", spec => spec.OutputSize, (spec, value) => spec with { OutputSize = value }, isRequired: true),
            SpecProperty<DenseSpec>.Enum("activation", spec => spec.Activation, (spec, value) => spec with { Activation = value }),
            SpecProperty<DenseSpec>.Bool("bias", spec => spec.Bias, (spec, value) => spec with { Bias = value })),
        new SpecKind<EmbeddingSpec>(
            "embedding", () => new EmbeddingSpec(0), spec => spec.OutputSize,
            SpecProperty<EmbeddingSpec>.Int("outputSize", spec => spec.OutputSize, (spec, value) => spec with { OutputSize = value }, isRequired: true)),
        new SpecKind<DropoutSpec>(
            "dropout", () => new DropoutSpec(0), _ => 0,
            SpecProperty<DropoutSpec>.Double("rate", spec => spec.Rate, (spec, value) => spec with { Rate = value }, isRequired: true)),
        new SpecKind<PoolingSpec>(
            "pooling", () => new PoolingSpec(default), _ => 0,
            SpecProperty<PoolingSpec>.Enum("pooling", spec => spec.Pooling, (spec, value) => spec with { Pooling = value }, isRequired: true)),
    ];

    public static string Write(int inputSize, IEnumerable<LayerSpec> specs)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter json = new(buffer, new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteNumber("inputSize", inputSize);
            json.WriteStartArray("layers");
            foreach (LayerSpec spec in specs)
            {
                SpecKind kind = KindOf(spec);
                json.WriteStartObject();
                json.WriteString(Kind, kind.Name);
                kind.Write(json, spec);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <exception cref="InvalidDataException">It is not such JSON, or has an unknown kind or property or a value of a wrong type.</exception>
    public static (int InputSize, LayerSpec[] Specs) Read(string text)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 8, AllowDuplicateProperties = false });
            int? inputSize = null;
            LayerSpec[]? specs = null;
            foreach (JsonProperty property in ObjectOf(document.RootElement).EnumerateObject())
            {
                switch (property.Name)
                {
                    case "inputSize" when property.Value.ValueKind == JsonValueKind.Number && property.Value.TryGetInt32(out int value):
                        inputSize = value;
                        break;
                    case "layers" when property.Value.ValueKind == JsonValueKind.Array:
                        specs = ReadSpecs(property.Value);
                        break;
                    default:
                        throw new InvalidDataException($"The model's description has an unknown property or a wrong value: {Shortened.Text(property.ToString())}.");
                }
            }

            return inputSize is { } size && specs is not null
                ? (size, specs)
                : throw new InvalidDataException("The model's description lacks 'inputSize' or 'layers'.");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"The model's description is not valid JSON: {Shortened.Text(e.Message)}", e);
        }
    }

    /// <summary>What differs between two specs: the properties with both values, <c>dropout is 0.1, not 0.2; layers is 2, not 1</c>.</summary>
    public static string Difference(LayerSpec one, LayerSpec other)
    {
        Dictionary<string, string> values = Values(one), others = Values(other);
        IEnumerable<string> differing = values.Keys.Union(others.Keys).Where(name => values.GetValueOrDefault(name) != others.GetValueOrDefault(name));
        return string.Join("; ", differing.Select(name => $"{name} is {Shortened.Text(values.GetValueOrDefault(name, "null"))}, not {Shortened.Text(others.GetValueOrDefault(name, "null"))}"));
    }

    private static Dictionary<string, string> Values(LayerSpec spec)
    {
        using JsonDocument document = JsonDocument.Parse(Write(1, [spec]));
        return document.RootElement.GetProperty("layers")[0].EnumerateObject().ToDictionary(property => property.Name, property => property.Value.GetRawText());
    }

    /// <summary>Puts the custom cells that a program knows in the places of those that a file names.</summary>
    /// <exception cref="InvalidDataException">The program knows none of a name and settings.</exception>
    public static void Resolve(LayerSpec[] specs, IReadOnlyList<CustomCell> cells)
    {
        for (int i = 0; i < specs.Length; i++)
        {
            if (specs[i] is LstmSpec { Cell: { } saved } spec)
            {
                CustomCell? found = null, namesake = null;
                foreach (CustomCell cell in cells)
                {
                    found = cell.Equals(saved) ? cell : found;
                    namesake = cell.Name == saved.Name ? cell : namesake;
                }

                specs[i] = found is not null ? spec with { Cell = found } : throw new InvalidDataException(namesake is not null
                    ? $"The model has the custom cell '{Shortened.Text(saved.Name)}' with the settings '{Shortened.Text(saved.Settings)}'; the one in LoadOptions.Cells has '{Shortened.Text(namesake.Settings)}'."
                    : $"The model has the custom cell '{Shortened.Text(saved.Name)}' with the settings '{Shortened.Text(saved.Settings)}'; LoadOptions.Cells has none of this name.");
            }
        }
    }

    /// <summary>Fewest values that the parameters of all layers together can have.</summary>
    public static Int128 LeastValues(IEnumerable<LayerSpec> specs)
    {
        Int128 sum = 0;
        foreach (LayerSpec spec in specs)
        {
            sum += Int128.Max(0, KindOf(spec).LeastValues(spec));
        }

        return sum;
    }

    private static LayerSpec[] ReadSpecs(JsonElement json)
    {
        if (json.GetArrayLength() > SpecCheck.MaxLayers)
        {
            throw new InvalidDataException($"The model's description has {json.GetArrayLength()} layers; a network has at most {SpecCheck.MaxLayers}.");
        }

        // By the enumerator: an element's index is found by going through those before it.
        List<LayerSpec> specs = [];
        foreach (JsonElement spec in json.EnumerateArray())
        {
            specs.Add(ReadSpec(spec));
        }

        return [.. specs];
    }

    private static LayerSpec ReadSpec(JsonElement json)
    {
        string? kind = ObjectOf(json).TryGetProperty(Kind, out JsonElement name) && name.ValueKind == JsonValueKind.String ? name.GetString() : null;
        return Array.Find(Kinds, candidate => candidate.Name == kind)?.Read(json)
            ?? throw new InvalidDataException($"The model's description has a layer of unknown kind '{Shortened.Text(kind)}'; known are {string.Join(", ", Kinds.Select(k => k.Name))}.");
    }

    private static JsonElement ObjectOf(JsonElement json) => json.ValueKind == JsonValueKind.Object
        ? json
        : throw new InvalidDataException($"The model's description has {Shortened.Text(json.GetRawText())} where an object belongs.");

    private static SpecKind KindOf(LayerSpec spec) => Array.Find(Kinds, kind => kind.Is(spec))
        ?? throw new NotSupportedException($"A {spec.GetType().Name} cannot be written to a file.");
}
