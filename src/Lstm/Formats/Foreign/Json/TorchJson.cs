using System.Numerics;
using System.Text.Json;
using Lstm.Layers;
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

        return JsonChain.Complete(reading, [.. modules.Select(module => module.Read(reading)).OfType<JsonLayer<T>>()]);
    }
}
