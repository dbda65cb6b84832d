using System.Numerics;
using System.Text.Json;

namespace Lstm.Formats.Foreign.Json;

/// <summary>
/// Models in JSON that people trade: RTNeural, AIDA-X, GuitarML, Neural Amp Modeler, word segmenters, state_dicts.
/// </summary>
internal static class JsonModels
{
    // Numbers lie 5 deep at most; the rest is for what programs add.
    private const int MaxDepth = 64;

    /// <summary>Reads a file's text. A property that is there twice is an error.</summary>
    /// <param name="stream">UTF-8, with or without a byte order mark, to the stream's end; the stream stays open.</param>
    /// <exception cref="InvalidDataException">It is no JSON: the message names line and byte.</exception>
    public static JsonDocument Parse(Stream stream)
    {
        try
        {
            return JsonDocument.Parse(
                stream, new JsonDocumentOptions { MaxDepth = MaxDepth, AllowDuplicateProperties = false });
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"The file is not valid JSON: {e.Message}", e);
        }
    }

    /// <summary>Reads a model into a draft.</summary>
    /// <param name="root">The document's root, from <see cref="Parse"/>.</param>
    /// <param name="options">What is read.</param>
    /// <param name="format">The format's name; empty if it is none of these.</param>
    /// <returns>The draft; null if it is none of these formats.</returns>
    /// <exception cref="InvalidDataException">
    /// Tensors are missing, superfluous, of a wrong shape or no numbers, or there are layers that no network computes: the
    /// message lists all of them with their JSON paths.
    /// </exception>
    public static NetworkDraft<T>? Read<T>(JsonElement root, ImportOptions options, out string format)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        format = string.Empty;
        if (root.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        try
        {
            format = FormatOf(root);
            JsonReading<T> reading = new(format, options);
            NetworkDraft<T>? draft = format switch
            {
                Nam => NamJson.Read(root, reading),
                GuitarMl => GuitarMlJson.Read(root, reading),
                RtNeural or Aida => RtNeuralJson.Read(root, reading),
                Segmenter => SegmenterJson.Read(root, reading),
                StateDict => TorchJson.Read(root, reading),
                _ => null,
            };
            if (draft is not null && format != StateDict && options.Layers.Count > 0)
            {
                draft.Ignored.Add("ImportOptions.Layers: the file describes its layers");
            }

            return draft;
        }
        catch (InvalidOperationException e)
        {
            // A name or text with half of a surrogate pair, or bytes that are no UTF-8.
            throw new InvalidDataException($"The file has a text that is no valid Unicode: {e.Message}", e);
        }
    }

    private const string Nam = "Neural Amp Modeler (.nam)";
    private const string GuitarMl = "GuitarML JSON";
    private const string RtNeural = "RTNeural JSON";
    private const string Aida = "AIDA-X JSON";
    private const string Segmenter = "word segmenter JSON";
    private const string StateDict = "PyTorch state_dict in JSON";

    private static string FormatOf(JsonElement root)
    {
        if (root.TryGetProperty("architecture", out _) && (Has(root, "weights") || Has(root, "config")))
        {
            return Nam;
        }

        if (Has(root, "state_dict") || Has(root, "model_data"))
        {
            return GuitarMl;
        }

        if (Has(root, "layers") && Has(root, "in_shape"))
        {
            return Has(root, "in_skip") || Has(root, "in_gain") || Has(root, "out_gain") || Has(root, "samplerate") ? Aida
                : RtNeural;
        }

        return Has(root, "mat1") && Has(root, "dic") ? Segmenter : TorchJson.Is(root) ? StateDict : string.Empty;
    }

    private static bool Has(JsonElement root, string name) => root.TryGetProperty(name, out _);
}
