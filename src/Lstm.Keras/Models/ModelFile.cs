using System.Text.Json;
using Lstm.Keras.Files;

namespace Lstm.Keras.Models;

/// <summary>A file of one of the formats: an architecture, if it has one, and weights.</summary>
internal sealed class ModelFile : IDisposable
{
    private readonly HdfFile? _hdf;

    private ModelFile(string format, WeightStore weights, Architecture? architecture, string? version, HdfFile? hdf)
        => (Format, Weights, Architecture, Version, _hdf) = (format, weights, architecture, version, hdf);

    /// <summary>The format, as reports name it.</summary>
    public string Format { get; }

    public WeightStore Weights { get; }

    public Architecture? Architecture { get; }

    /// <summary>The version of Keras that wrote it.</summary>
    public string? Version { get; }

    /// <exception cref="InvalidDataException">The file is broken, or of none of the formats.</exception>
    public static ModelFile Open(byte[] bytes, string? folder, KerasImportOptions options)
        => KerasArchive.IsZip(bytes) ? Archive(bytes, options)
            : HdfFile.IsHdf(bytes) ? Hdf(bytes, options)
            : IsJson(bytes) ? Json(bytes, folder, options)
            : throw new InvalidDataException(
                $"The file is no model of Keras: it starts with " +
                $"{Convert.ToHexString(bytes.AsSpan(0, Math.Min(8, bytes.Length)))}, " +
                $"not as a .keras archive, an HDF5 file or JSON. A SavedModel or a TFLite file can be converted in Python: " +
                $"keras.models.load_model(path).save('model.keras').");

    public void Dispose() => _hdf?.Dispose();

    private static ModelFile Archive(byte[] bytes, KerasImportOptions options)
    {
        Dictionary<string, byte[]> entries = KerasArchive.Read(bytes);
        string? version = entries.TryGetValue("metadata.json", out byte[]? metadata)
            ? JsonText.Object(metadata, "metadata.json").Text("keras_version") : null;
        HdfFile hdf = HdfFile.Open(entries["model.weights.h5"]);
        JsonElement config = JsonText.Object(entries["config.json"], "config.json");
        return new ModelFile("Keras 3 (.keras)", StoreOf(hdf, out _), ArchitectureOf(config, version, options), version, hdf);
    }

    private static ModelFile Hdf(byte[] bytes, KerasImportOptions options)
    {
        HdfFile hdf = HdfFile.Open(bytes);
        WeightStore weights = StoreOf(hdf, out string format);
        HdfNode holder = hdf.Root.Children.GetValueOrDefault("model_weights") ?? hdf.Root;
        string? version = Attribute(hdf.Root, "keras_version") ?? Attribute(holder, "keras_version")
            ?? (weights is ObjectWeights ? "3" : null);
        JsonElement? config = Attribute(hdf.Root, "model_config") is { } text ? JsonText.Object(text, "model_config") : null;
        return new ModelFile(format, weights, ArchitectureOf(config, version, options), version, hdf);
    }

    private static ModelFile Json(byte[] bytes, string? folder, KerasImportOptions options)
    {
        JsonElement root = JsonText.Object(bytes.AsSpan().StartsWith("\uFEFF"u8) ? bytes.AsMemory(3) : bytes, "The model");
        if (root.Member("weightsManifest") is not { } manifest || root.Member("modelTopology") is not { } topology)
        {
            throw new InvalidDataException(
                root.Member("class_name") is null
                    ? "The file is JSON without 'modelTopology' and 'weightsManifest': no model.json of TensorFlow.js."
                    : "The file is an architecture of Keras without weights: import its file of weights, and give this text as " +
                      "KerasImportOptions.Architecture.");
        }

        if (root.Text("format") == "graph-model" || topology.Member("node") is not null)
        {
            throw new InvalidDataException(
                "The file is a graph model of TensorFlow.js, whose layers are dissolved into operations. Convert the Keras " +
                "model " +
                "with tensorflowjs_converter --output_format tfjs_layers_model, or import the Keras file itself.");
        }

        if (folder is null)
        {
            throw new InvalidDataException(
                "A model.json of TensorFlow.js has its weights in files beside it: import it by its path.");
        }

        string? version = topology.Text("keras_version");
        JsonElement config = topology.Member("model_config") ?? topology;
        return new ModelFile(
            "TensorFlow.js (layers model)", new ShardWeights(manifest, folder), ArchitectureOf(config, version, options),
            version, null);
    }

    private static Architecture? ArchitectureOf(JsonElement? config, string? version, KerasImportOptions options)
        => options.Architecture is { } given
            ? Architecture.From(JsonText.Object(given, "KerasImportOptions.Architecture"), version)
            : options.Layers.Count == 0 && config is { } own ? Architecture.From(own, version)
            : null;

    private static WeightStore StoreOf(HdfFile hdf, out string format)
    {
        HdfNode root = hdf.Root;
        if (root.Children.TryGetValue("model_weights", out HdfNode? group) && NamedWeights.Is(group))
        {
            format = "Keras HDF5 (whole model)";
            return new NamedWeights(hdf, group);
        }

        if (NamedWeights.Is(root))
        {
            format = "Keras HDF5 (weights)";
            return new NamedWeights(hdf, root);
        }

        format = "Keras 3 (.weights.h5)";
        return ObjectWeights.Is(root) ? new ObjectWeights(hdf)
            : throw new InvalidDataException(
                $"The HDF5 file has no weights of Keras: no attribute 'layer_names' and no group 'layers'. It has " +
                $"{string.Join(", ", root.Children.Keys.Take(12).Select(name => $"'{Shorten.Text(name)}'"))}.");
    }

    private static string? Attribute(HdfNode node, string name)
        => node.Attributes.TryGetValue(name, out string[]? texts) && texts is [var text] ? text : null;

    private static bool IsJson(byte[] bytes)
    {
        ReadOnlySpan<byte> start = bytes.AsSpan().StartsWith("\uFEFF"u8) ? bytes.AsSpan(3) : bytes;
        return start.TrimStart(" \t\r\n"u8).StartsWith("{"u8);
    }
}
