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
/// <c>{"version":2,"inputSize":3,"layers":[{"kind":"lstm","hiddenSize":64,"layers":2,…},{"kind":"dense","outputSize":1,…}]}</c>:
/// all
/// properties are written; a missing one is the record's default when read, an unknown one is an error. Descriptions of version
/// 1 have no version.
/// </remarks>
internal static class SpecJson
{
    private const string Version = "version";
    private const int Latest = 2;

    public static string Write(int inputSize, IEnumerable<LayerSpec> specs)
    {
        return Text(false, json =>
        {
            json.WriteStartObject();
            json.WriteNumber(Version, Latest);
            json.WriteNumber("inputSize", inputSize);
            json.WriteStartArray("layers");
            foreach (LayerSpec spec in specs)
            {
                WriteSpec(json, spec);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    /// <summary>Writes one spec as an object.</summary>
    public static void WriteSpec(Utf8JsonWriter json, LayerSpec spec)
    {
        json.WriteStartObject();
        KindOf(spec).Write(json, spec);
        json.WriteEndObject();
    }

    /// <summary>The text of what a writer writes.</summary>
    public static string Text(bool indented, Action<Utf8JsonWriter> write)
    {
        ArrayBufferWriter<byte> buffer = new();
        JsonWriterOptions options =
            new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, Indented = indented, NewLine = "\n" };
        using (Utf8JsonWriter json = new(buffer, options))
        {
            write(json);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <exception cref="InvalidDataException">
    /// It is not such JSON, or has an unknown kind or property or a value of a wrong type.
    /// </exception>
    public static (int InputSize, LayerSpec[] Specs) Read(string text) => Parse(text, json =>
    {
        bool isLatest = IsLatest(SpecKind<LayerSpec>.ObjectOf(json));
        int? inputSize = null;
        LayerSpec[]? specs = null;
        foreach (JsonProperty property in json.EnumerateObject())
        {
            switch (property.Name)
            {
                case Version when isLatest:
                    break;
                case "inputSize" when property.Value.ValueKind == JsonValueKind.Number
                    && property.Value.TryGetInt32(out int value):
                    inputSize = value;
                    break;
                case "layers" when property.Value.ValueKind == JsonValueKind.Array:
                    specs = ReadSpecs(property.Value, isLatest);
                    break;
                default:
                    throw new InvalidDataException(
                        $"The description has an unknown property or a wrong value: {Shortened.Text(property.ToString())}.");
            }
        }

        return inputSize is { } size && specs is not null
            ? (size, specs)
            : throw new InvalidDataException("The description lacks 'inputSize' or 'layers'.");
    });

    /// <summary>Reads a JSON text.</summary>
    /// <exception cref="InvalidDataException">It is no JSON, or <paramref name="read"/> refuses it.</exception>
    public static TResult Parse<TResult>(string text, Func<JsonElement, TResult> read)
    {
        try
        {
            JsonDocumentOptions options = new() { MaxDepth = 8, AllowDuplicateProperties = false };
            using JsonDocument document = JsonDocument.Parse(text, options);
            return read(document.RootElement);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"The description is not valid JSON: {Shortened.Text(e.Message)}", e);
        }
    }

    /// <summary>
    /// The properties that differ between two specs, with both values: <c>dropout is 0.1, not 0.2; layers is 2, not 1</c>.
    /// </summary>
    public static string Difference(LayerSpec one, LayerSpec other)
    {
        Dictionary<string, string> values = Values(one), others = Values(other);
        IEnumerable<string> differing = values.Keys.Union(others.Keys)
            .Where(name => values.GetValueOrDefault(name) != others.GetValueOrDefault(name));
        return string.Join(
            "; ", differing.Select(
                name => $"{name} is {Shortened.Text(values.GetValueOrDefault(name, "null"))}, not " +
                $"{Shortened.Text(others.GetValueOrDefault(name, "null"))}"));
    }

    private static Dictionary<string, string> Values(LayerSpec spec)
    {
        Dictionary<string, string> values = [];
        return Parse(Text(false, json => WriteSpec(json, spec)), json =>
        {
            AddValues(json, string.Empty, values);
            return values;
        });
    }

    private static void AddValues(JsonElement json, string prefix, Dictionary<string, string> values)
    {
        foreach (JsonProperty property in json.EnumerateObject())
        {
            if (property.Value.ValueKind == JsonValueKind.Object)
            {
                AddValues(property.Value, $"{prefix}{property.Name}.", values);
            }
            else
            {
                values[prefix + property.Name] = property.Value.GetRawText();
            }
        }
    }

    /// <summary>Puts the custom cells that a program knows in the places of those that a file names.</summary>
    /// <exception cref="InvalidDataException">The program knows none of a name and settings.</exception>
    public static void Resolve(LayerSpec[] specs, IReadOnlyList<CustomCell> cells)
    {
        for (int i = 0; i < specs.Length; i++)
        {
            if (specs[i] is LstmSpec { CustomCell: { } saved } spec)
            {
                CustomCell? found = null, namesake = null;
                foreach (CustomCell cell in cells)
                {
                    found = cell.Equals(saved) ? cell : found;
                    namesake = cell.Name == saved.Name ? cell : namesake;
                }

                string saves = $"The description has the custom cell '{Shortened.Text(saved.Name)}' with the settings "
                    + $"'{Shortened.Text(saved.Settings)}'";
                specs[i] = found is not null ? spec with { Cell = found } : throw new InvalidDataException(namesake is not null
                    ? $"{saves}; the one among the given cells (LoadOptions.Cells) has '{Shortened.Text(namesake.Settings)}'."
                    : $"{saves}; the given cells (LoadOptions.Cells) have none of this name.");
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

    /// <summary>Reads an array of specs.</summary>
    /// <exception cref="InvalidDataException">One is wrong, or there are too many.</exception>
    public static LayerSpec[] ReadSpecs(JsonElement json, bool isLatest)
    {
        if (json.GetArrayLength() > SpecCheck.MaxLayers)
        {
            throw new InvalidDataException(
                $"The description has {json.GetArrayLength()} layers; a network has at most {SpecCheck.MaxLayers}.");
        }

        // By the enumerator: an element's index is found by going through those before it.
        List<LayerSpec> specs = [];
        foreach (JsonElement spec in json.EnumerateArray())
        {
            try
            {
                specs.Add(ReadSpec(spec, isLatest));
            }
            catch (InvalidDataException e)
            {
                throw new InvalidDataException(
                    $"{e.Message} It is layer {specs.Count} of {json.GetArrayLength()}, counted from 0.", e);
            }
        }

        return [.. specs];
    }

    /// <summary>Reads one spec.</summary>
    /// <exception cref="InvalidDataException">It has an unknown kind or property, or a value of a wrong type.</exception>
    public static LayerSpec ReadSpec(JsonElement json, bool isLatest)
    {
        SpecKind<LayerSpec> kind = SpecKind<LayerSpec>.Named(LayerKinds.All, json, "a layer");
        return !isLatest && kind.Name == "lstm" ? LstmVersion1.Read(json) : kind.Read(json);
    }

    private static bool IsLatest(JsonElement json)
    {
        if (!json.TryGetProperty(Version, out JsonElement version))
        {
            return false;
        }

        return version.ValueKind == JsonValueKind.Number && version.TryGetInt32(out int number) && number == Latest
            ? true
            : throw new InvalidDataException(
                $"The description is of version {Shortened.Text(version.GetRawText())}; "
                + $"this library reads version {Latest}, and descriptions without a version.");
    }

    private static SpecKind<LayerSpec> KindOf(LayerSpec spec) => Array.Find(LayerKinds.All, kind => kind.Is(spec))
        ?? throw new NotSupportedException($"A {spec.GetType().Name} cannot be written to a file.");
}
