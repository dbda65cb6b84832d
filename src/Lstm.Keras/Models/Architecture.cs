using System.Text.Json;
using Lstm.Keras.Files;

namespace Lstm.Keras.Models;

/// <summary>The layers of a model, in the order of the file, and the tensors that they read.</summary>
internal sealed class Architecture
{
    /// <summary>Layers, at most: as many as a network has.</summary>
    private const int MostLayers = 10_000;

    private static readonly JsonElement NoOptions = JsonText.Object("{}", "an empty object");

    private Architecture(IReadOnlyList<KerasLayer> layers, IReadOnlyList<KerasTensor> outputs, string? version)
        => (Layers, Outputs, Version) = (layers, outputs, version);

    public IReadOnlyList<KerasLayer> Layers { get; }

    public IReadOnlyList<KerasTensor> Outputs { get; }

    /// <summary>The version of Keras that wrote the architecture; null if it does not say.</summary>
    public string? Version { get; }

    /// <summary>Reads the JSON of <c>model.to_json()</c>, <c>config.json</c> or the attribute <c>model_config</c>.</summary>
    /// <param name="json">The JSON.</param>
    /// <param name="version">The version that the file says beside it.</param>
    /// <exception cref="InvalidDataException">It is no architecture of Keras.</exception>
    public static Architecture From(JsonElement json, string? version)
    {
        string kind = json.Text("class_name") ?? throw new InvalidDataException(
            "The architecture has no 'class_name': it is no Sequential or functional model of Keras.");
        JsonElement config = json.Member("config")
            ?? throw new InvalidDataException("The architecture has no 'config'.");

        // Files of Keras 3 name modules, those of Keras 2 do not.
        version = json.Text("keras_version") ?? version ?? (json.Member("module") is null ? null : "3");
        return kind switch
        {
            "Sequential" => Sequential(config, version),
            "Functional" or "Model" => Functional(config, version),
            _ => throw new InvalidDataException(
                $"The model is a '{Shorten.Text(kind)}'; Sequential and functional models can be read. Import its layers by " +
                $"name from " +
                $"its weights: KerasImportOptions.Layers."),
        };
    }

    private static Architecture Sequential(JsonElement config, string? version)
    {
        JsonElement[] items = config.ValueKind == JsonValueKind.Array ? [.. config.EnumerateArray()]
            : [.. config.Items("layers")];
        List<KerasLayer> layers = [];
        foreach (JsonElement item in items)
        {
            Add(layers, item, layers.Count == 0 ? [] : [new KerasTensor(layers[^1].Name, 0)], null);
        }

        return new Architecture(layers, layers.Count == 0 ? [] : [new KerasTensor(layers[^1].Name, 0)], version);
    }

    private static Architecture Functional(JsonElement config, string? version)
    {
        List<KerasLayer> layers = [];
        foreach (JsonElement item in config.Items("layers"))
        {
            JsonElement[] nodes = [.. item.Items("inbound_nodes")];
            string? trouble = nodes.Length > 1 ? "it is applied more than once" : null;
            List<KerasTensor> inputs = [];
            if (nodes.Length > 0)
            {
                trouble ??= InboundNodes.Read(nodes[0], inputs);
            }

            Add(layers, item, inputs, trouble);
        }

        List<KerasTensor> outputs = [];
        foreach (JsonElement output in config.Items("output_layers"))
        {
            // One output is a list of three values, several are a list of such lists.
            if (output.ValueKind == JsonValueKind.String)
            {
                outputs.Add(InboundNodes.Tensor(config.GetProperty("output_layers")));
                break;
            }

            outputs.Add(InboundNodes.Tensor(output));
        }

        return new Architecture(layers, outputs, version);
    }

    private static void Add(List<KerasLayer> layers, JsonElement item, IReadOnlyList<KerasTensor> inputs, string? trouble)
    {
        string kind = item.Text("class_name") ?? throw new InvalidDataException($"Layer {layers.Count} has no 'class_name'.");
        JsonElement config = item.Member("config") ?? throw new InvalidDataException($"Layer {layers.Count} has no 'config'.");
        string name = (config.ValueKind == JsonValueKind.Object ? config.Text("name") : null) ?? item.Text("name")
            ?? throw new InvalidDataException($"Layer {layers.Count}, {Shorten.Text(kind)}, has no name.");
        if (layers.Count == MostLayers)
        {
            throw new InvalidDataException($"The architecture has more than {MostLayers} layers.");
        }

        bool isObject = config.ValueKind == JsonValueKind.Object;
        layers.Add(new KerasLayer(name, kind, isObject ? config : NoOptions, inputs) { Trouble = trouble });
    }
}
