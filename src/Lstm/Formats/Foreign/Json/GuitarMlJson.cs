using System.Numerics;
using System.Text.Json;
using Lstm.Texts;

namespace Lstm.Formats.Foreign.Json;

/// <summary>
/// The files of GuitarML, NeuralPi, Proteus and AIDA's trainings: <c>model_data</c> with sizes, <c>state_dict</c> in PyTorch's
/// layout: an LSTM <c>rec</c> and a Linear <c>lin</c>.
/// </summary>
/// <remarks>
/// y = lin(rec(x)) + the first <c>skip</c> values of x. The program that trains them takes a missing skip as 1.
/// </remarks>
internal static class GuitarMlJson
{
    private const string Sizes = "$.model_data";

    public static NetworkDraft<T> Read<T>(JsonElement root, JsonReading<T> reading)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        List<JsonLayer<T>> layers = [];
        int skip = 0;
        bool isRead = true;
        if (reading.Part(root, JsonPath.Root, "model_data", JsonValueKind.Object) is { } data)
        {
            isRead = Expect(reading, data, "model", "SimpleRNN", "models of other layers are not read")
                & Expect(reading, data, "unit_type", "LSTM", "other units are not read");
            skip = reading.Integer(data, Sizes, "skip", 0, 1) ?? 0;
        }

        if (isRead && reading.Part(root, JsonPath.Root, "state_dict", JsonValueKind.Object) is { } tensors)
        {
            List<TorchModule<T>> modules = TorchModule<T>.Of(tensors, "$.state_dict");
            foreach (string name in (string[])["rec", "lin"])
            {
                if (modules.Find(module => module.Name == name) is not { } module)
                {
                    reading.Refuse($"$.state_dict has no '{name}.weight…'");
                }
                else if (module.Read(reading) is { } layer)
                {
                    layers.Add(layer);
                }
            }

            foreach (TorchModule<T> module in modules.Where(module => module.Name is not ("rec" or "lin")))
            {
                reading.Refuse($"$.state_dict has the module '{Shortened.Text(module.Name)}' besides 'rec' and 'lin'");
            }
        }

        if (root.TryGetProperty("model_data", out JsonElement sizes) && sizes.ValueKind == JsonValueKind.Object)
        {
            CheckSizes(reading, sizes, layers);
            JsonMetadata.Keep(
                reading, sizes, "model_data.", "model", "unit_type", "skip", "input_size", "output_size", "hidden_size",
                "num_layers", "bias_fl");
        }

        JsonMetadata.Keep(reading, root, string.Empty, "model_data", "state_dict", "metadata");
        if (root.TryGetProperty("metadata", out JsonElement metadata))
        {
            JsonMetadata.Keep(reading, metadata, "metadata.");
        }

        JsonMetadata.KeepSampleRate(
            reading, "model_data.samplerate", "model_data.sample_rate", "samplerate", "sample_rate", "metadata.samplerate");
        return JsonChain.Complete(reading, layers, skip > 0 ? new JsonSkip(skip, JsonPath.Of(Sizes, "skip")) : null);
    }

    private static bool Expect<T>(JsonReading<T> reading, JsonElement data, string name, string wanted, string reason)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        string? text = reading.Text(data, Sizes, name, wanted);
        if (text is not null && text != wanted)
        {
            reading.Refuse($"{JsonPath.Of(Sizes, name)} is '{Shortened.Text(text)}'; {wanted} is read, {reason}");
        }

        return text == wanted;
    }

    // The tensors are what is read; sizes that say something else belong to another file.
    private static void CheckSizes<T>(JsonReading<T> reading, JsonElement data, List<JsonLayer<T>> layers)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        foreach (JsonLayer<T> layer in layers)
        {
            if (layer is JsonLstmLayer<T> lstm)
            {
                Check("input_size", lstm.Inputs, "values that rec takes");
                Check("hidden_size", lstm.Outputs, "values that rec gives");
                Check("num_layers", lstm.Layers, "layers of rec");
            }
            else if (layer.WhyNot is null)
            {
                Check("output_size", layer.Outputs, "values that lin gives");
            }
        }

        void Check(string name, int actual, string what)
        {
            if (reading.Integer(data, Sizes, name, 1, actual) is { } said && said != actual)
            {
                reading.Refuse(InvariantText.Of($"{JsonPath.Of(Sizes, name)} is {said}; the {what} are {actual}"));
            }
        }
    }
}
