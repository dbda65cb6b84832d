using System.Numerics;
using System.Text.Json;
using Lstm.Texts;

namespace Lstm.Formats.Foreign.Json;

/// <summary>Neural Amp Modeler's files of the architecture LSTM.</summary>
/// <remarks>
/// One list of weights: for each layer W [4H, I + H] with the gates i f g o, b [4H], h and c at the start [H]; then the head's
/// weights [O, H] and bias [O].
/// </remarks>
internal static class NamJson
{
    public static NetworkDraft<T> Read<T>(JsonElement root, JsonReading<T> reading)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        string? architecture = reading.Text(root, JsonPath.Root, "architecture");
        if (architecture is not (null or "LSTM"))
        {
            reading.Refuse($"$.architecture is '{Shortened.Text(architecture)}'; LSTM is read. "
                + "WaveNet, ConvNet and Linear are convolutions, which no layer computes");
            reading.ThrowIfAny();
        }

        List<JsonLayer<T>> layers = [];
        JsonElement? config = reading.Part(root, JsonPath.Root, "config", JsonValueKind.Object);
        JsonTensor<T>? weights = reading.Part(root, JsonPath.Root, "weights", JsonValueKind.Array) is { } list
            ? reading.Tensor(list, "$.weights", "weights", 1) : null;
        if (config is { } sizes)
        {
            int? inputs = reading.Integer(sizes, "$.config", "input_size", 1, 1),
                units = reading.Integer(sizes, "$.config", "hidden_size", 1),
                count = reading.Integer(sizes, "$.config", "num_layers", 1, 1),
                outputs = reading.Integer(sizes, "$.config", "out_channels", 1, 1);
            if (weights is not null && inputs is not null && units is not null && count is not null && outputs is not null)
            {
                ReadLayers(reading, weights, inputs.Value, units.Value, count.Value, outputs.Value, layers);
            }
        }

        JsonMetadata.Keep(reading, root, string.Empty, "weights", "config", "architecture", "metadata");
        if (root.TryGetProperty("metadata", out JsonElement metadata))
        {
            JsonMetadata.Keep(reading, metadata, "metadata.");
        }

        JsonMetadata.KeepSampleRate(reading, "sample_rate", "metadata.sample_rate");
        return JsonChain.Complete(reading, layers);
    }

    // Before anything is made: the sizes are the file's word.
    private static bool HasAll<T>(JsonReading<T> reading, int given, int inputs, int units, int count, int outputs)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Int128 h = units, first = (4 * h * (inputs + h)) + (6 * h), later = (4 * h * (h + h)) + (6 * h),
            all = first + ((count - 1) * later) + (outputs * (h + 1));
        if (given == all)
        {
            return true;
        }

        string sizes = InvariantText.Of($"{inputs} inputs, {count} layers of {units} units and {outputs} outputs");
        reading.Refuse(InvariantText.Of($"$.weights has {given} numbers; $.config has {sizes}, which take {all} numbers"));
        return false;
    }

    private static void ReadLayers<T>(
        JsonReading<T> reading, JsonTensor<T> weights, int inputs, int units, int count, int outputs, List<JsonLayer<T>> layers)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (!HasAll(reading, weights.Values.Length, inputs, units, count, outputs))
        {
            return;
        }

        int at = 0;
        List<JsonKernels<T>[]> stack = [];
        JsonTensor<T>[] states = new JsonTensor<T>[2 * count];
        List<(JsonTensor<T> Joined, JsonTensor<T> Bias)> kernels = [];
        for (int layer = 0; layer < count; layer++)
        {
            kernels.Add((Next(4 * units, (layer == 0 ? inputs : units) + units), Next(4 * units)));
            states[2 * layer] = Next(units);
            states[(2 * layer) + 1] = Next(units);
        }

        bool learns = states.Any(state => state.Values.Any(value => !T.IsZero(value)));
        if (!learns)
        {
            reading.Ignored.Add("the states at the start, which are zeros");
        }

        for (int layer = 0; layer < count; layer++)
        {
            stack.Add(
            [
                new JsonKernels<T>(LstmKernelLayout.PyTorch)
                {
                    Joined = kernels[layer].Joined,
                    Bias = kernels[layer].Bias,
                    InitialHidden = learns ? states[2 * layer] : null,
                    InitialCell = learns ? states[(2 * layer) + 1] : null,
                },
            ]);
        }

        layers.Add(new JsonLstmLayer<T>("lstm", inputs, units, stack) { Text = Counted.Of(count, "LSTM layer") });
        JsonTensor<T> head = Next(outputs, units);
        layers.Add(new JsonDenseLayer<T>("head", head, isTransposed: false)
        {
            HasName = true,
            Bias = Next(outputs),
            Text = "dense",
        });

        JsonTensor<T> Next(params int[] shape)
        {
            int length = shape.Aggregate(1, (product, size) => product * size), start = at;
            at += length;
            string name = InvariantText.Of($"weights[{start}..{at - 1}]");
            return new JsonTensor<T>(name, "$." + name, shape, weights.Values[start..at]);
        }
    }
}
