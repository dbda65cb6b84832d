using System.Numerics;
using System.Text.Json;
using Lstm.Layers;
using Lstm.Specs;
using Lstm.Texts;

namespace Lstm.Formats.Foreign.Json;

/// <summary>A PyTorch state_dict written as JSON: nested arrays by name, as RTNeural reads them.</summary>
/// <remarks>The modules are layers in the order of the file, if they fit each other.</remarks>
internal static class TorchJson
{
    /// <summary>Whether an object holds arrays only, among them those of an LSTM.</summary>
    public static bool Is(JsonElement root)
    {
        bool hasLstm = false;
        foreach (JsonProperty property in root.EnumerateObject())
        {
            if (property.Value.ValueKind != JsonValueKind.Array)
            {
                return false;
            }

            hasLstm |= property.Name.Contains("weight_ih", StringComparison.Ordinal);
        }

        return hasLstm;
    }

    public static NetworkDraft<T> Read<T>(JsonElement root, JsonReading<T> reading)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        List<TorchModule<T>> modules = TorchModule<T>.Of(root, JsonPath.Root);
        if (modules.Count > SpecCheck.MaxLayers)
        {
            reading.Refuse(InvariantText.Of(
                $"it has {modules.Count} modules; a network has at most {SpecCheck.MaxLayers} layers"));
            reading.ThrowIfAny();
        }

        return reading.Options.Layers.Count > 0
            ? ReadAs(reading, modules, reading.Options.Layers)
            : JsonChain.Complete(reading, [.. modules.Select(module => module.Read(reading)).OfType<JsonLayer<T>>()]);
    }

    // The caller's layers, with the parameters of the modules of their names.
    private static NetworkDraft<T> ReadAs<T>(
        JsonReading<T> reading, List<TorchModule<T>> modules, IReadOnlyList<LayerSpec> specs)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Dictionary<string, TorchModule<T>> byName = modules.ToDictionary(module => module.Name);
        Dictionary<string, int> kinds = [];
        List<(JsonLayer<T> Layer, string Name)> read = [];
        foreach (LayerSpec spec in specs)
        {
            int number = kinds.GetValueOrDefault(spec.Kind);
            kinds[spec.Kind] = number + (spec.Name is null ? 1 : 0);
            string name = spec.Name ?? (number == 0 ? spec.Kind : InvariantText.Of($"{spec.Kind}_{number}"));
            bool isNamed = byName.Remove(name, out TorchModule<T>? module);
            switch (spec, isNamed ? module!.Read(reading) : null)
            {
                case (LstmSpec, JsonLstmLayer<T> layer):
                    read.Add((layer, name));
                    break;
                case (DenseSpec, JsonDenseLayer<T> layer):
                    read.Add((layer, name));
                    break;
                case (EmbeddingSpec, JsonDenseLayer<T> { Bias: null } layer):
                    read.Add((new JsonEmbeddingLayer<T>(name, layer.Weight) { Text = "Embedding" }, name));
                    break;
                case (LstmSpec or DenseSpec or EmbeddingSpec or LayerNormSpec, _):
                    reading.Refuse($"{spec} has no parameters in the file: the modules are "
                        + Shortened.List([.. modules.Select(one => one.Name)]));
                    break;
            }
        }

        foreach (TorchModule<T> module in byName.Values)
        {
            reading.Refuse($"'{Shortened.Text(module.Name)}' is the name of none of ImportOptions.Layers");
        }

        if (read.Count == 0)
        {
            reading.Refuse("none of ImportOptions.Layers has parameters in the file");
        }

        reading.ThrowIfAny();
        NetworkDraft<T> draft = new(read[0].Layer.Inputs, specs);
        foreach ((JsonLayer<T> layer, string name) in read)
        {
            layer.Write(draft, name);
            draft.Layers.Add($"{name} <- {layer.Source}: {layer.Text}");
        }

        return draft;
    }
}
