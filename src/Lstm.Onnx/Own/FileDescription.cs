using System.Buffers;
using System.Text;
using System.Text.Json;
using Lstm.Cells;
using Lstm.Formats;
using Lstm.Onnx.Files;

namespace Lstm.Onnx.Own;

/// <summary>What an exported file says about its network besides the graph: layers and options, in the file's metadata.</summary>
/// <param name="InputSize">The network's input size.</param>
/// <param name="Layers">The network's layers.</param>
/// <param name="Options">The options of the export.</param>
internal sealed record FileDescription(int InputSize, IReadOnlyList<LayerSpec> Layers, OnnxExportOptions Options)
{
    /// <summary>The key of the description in the metadata.</summary>
    public const string Key = "lstm.network";

    private const int Version = 1;

    /// <summary>The description as JSON.</summary>
    public string ToJson()
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter json = new(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("version", Version);
            json.WriteNumber("inputSize", InputSize);
            json.WriteBoolean("batchFirst", Options.BatchFirst);
            json.WriteBoolean("lengths", Options.Lengths);
            json.WriteBoolean("states", Options.States);
            json.WriteBoolean("double", Options.Double);
            json.WriteString("input", Options.InputName);
            json.WriteString("output", Options.OutputName);
            json.WritePropertyName("layers");
            json.WriteRawValue(LayerSpecJson.ToJson(Layers));
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>The description of a file; null if it has none that this version knows.</summary>
    public static FileDescription? Read(ModelProto model)
    {
        string? text = model.MetadataProps.FirstOrDefault(property => property.Key == Key)?.Value;
        try
        {
            return text is null ? null : Parse(text);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException
            or InvalidDataException)
        {
            return null;
        }
    }

    private static FileDescription? Parse(string text)
    {
        using JsonDocument document = JsonDocument.Parse(text);
        JsonElement root = document.RootElement;
        if (root.GetProperty("version").GetInt32() != Version)
        {
            return null;
        }

        OnnxExportOptions options = new()
        {
            BatchFirst = root.GetProperty("batchFirst").GetBoolean(),
            Lengths = root.GetProperty("lengths").GetBoolean(),
            States = root.GetProperty("states").GetBoolean(),
            Double = root.GetProperty("double").GetBoolean(),
            InputName = root.GetProperty("input").GetString()!,
            OutputName = root.GetProperty("output").GetString()!,
        };
        LayerSpec[] layers = LayerSpecJson.ListFromJson(root.GetProperty("layers").GetRawText());
        return layers.Any(layer => layer is LstmSpec { Cell: not LstmEquations }) ? null
            : new FileDescription(root.GetProperty("inputSize").GetInt32(), layers, options);
    }
}
