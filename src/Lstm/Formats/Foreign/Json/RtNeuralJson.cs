using System.Globalization;
using System.Numerics;
using System.Text.Json;
using Lstm.Layers;
using Lstm.Specs;
using Lstm.Texts;

namespace Lstm.Formats.Foreign.Json;

/// <summary>RTNeural's files, and those of AIDA-X, which add a skip, gains and a sample rate.</summary>
/// <remarks>
/// <c>{"in_shape":[null,null,1],"layers":[{"type":"lstm","activation":"tanh","shape":[null,null,8],"weights":[…]},…]}</c>; the
/// weights are in Keras's layout. RTNeural computes tanh in an LSTM whatever its activation says.
/// </remarks>
internal static class RtNeuralJson
{
    public static NetworkDraft<T> Read<T>(JsonElement root, JsonReading<T> reading)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        List<JsonLayer<T>> layers = [];
        int? size = LastOf(reading, root, JsonPath.Root, "in_shape");
        JsonElement? all = reading.Part(root, JsonPath.Root, "layers", JsonValueKind.Array);
        string path = JsonPath.Of(JsonPath.Root, "layers");
        if (all?.GetArrayLength() > SpecCheck.MaxLayers)
        {
            reading.Refuse(InvariantText.Of(
                $"{path} has {all.Value.GetArrayLength()} elements; a network has at most {SpecCheck.MaxLayers} layers"));
        }
        else if (all is { } elements)
        {
            int index = 0;
            foreach (JsonElement element in elements.EnumerateArray())
            {
                size = ReadLayer(reading, element, index++, size, layers);
            }
        }

        int skip = reading.Integer(root, JsonPath.Root, "in_skip", 0, 0) ?? 0;
        JsonMetadata.Keep(reading, root, string.Empty, "layers", "in_shape", "in_skip", "metadata");
        if (root.TryGetProperty("metadata", out JsonElement metadata))
        {
            JsonMetadata.Keep(reading, metadata, "metadata.");
        }

        JsonMetadata.KeepSampleRate(reading, "metadata.samplerate", "samplerate", "sample_rate", "metadata.sample_rate");
        AddGain(reading, "in_gain", "input");
        AddGain(reading, "out_gain", "output");
        return JsonChain.Complete(
            reading, layers, skip > 0 ? new JsonSkip(skip, JsonPath.Of(JsonPath.Root, "in_skip")) : null);
    }

    private static void AddGain<T>(JsonReading<T> reading, string key, string what)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (JsonMetadata.Number(reading, key) is { } gain && gain != 0)
        {
            string factor = Math.Pow(10, gain / 20).ToString("g4", CultureInfo.InvariantCulture);
            reading.Left.Add(InvariantText.Of($"{key}: a gain of {gain} dB; multiply the {what} by {factor}"));
        }
    }

    /// <returns>The values per step that the layer gives; null if it does not say so.</returns>
    private static int? ReadLayer<T>(
        JsonReading<T> reading, JsonElement element, int index, int? inputs, List<JsonLayer<T>> layers)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        string source = InvariantText.Of($"layers[{index}]"), path = $"{JsonPath.Root}.{source}";
        if (element.ValueKind != JsonValueKind.Object)
        {
            reading.Refuse($"{path} is {JsonPath.Kind(element)}; it has to be an object");
            return null;
        }

        string? type = reading.Text(element, path, "type"), activation = reading.Text(element, path, "activation", string.Empty);
        int? outputs = LastOf(reading, element, path, "shape");
        if (type is null || activation is null || outputs is not { } size || inputs is not { } taken)
        {
            return outputs;
        }

        switch (type)
        {
            case "dense" or "time-distributed-dense":
                AddDense(reading, element, source, taken, size, activation, layers);
                break;
            case "lstm":
                AddLstm(reading, element, source, taken, size, activation, layers);
                break;
            case "activation" when size != taken:
                reading.Refuse(InvariantText.Of($"{path}.shape has {size} values; the activation takes {taken}"));
                break;
            case "activation" when element.TryGetProperty("weights", out JsonElement none)
                && !(none.ValueKind == JsonValueKind.Array && none.GetArrayLength() == 0):
                reading.Refuse($"{path}.weights is {JsonPath.Kind(none)}; an activation has an empty array");
                break;
            case "activation":
                AddActivation(reading, source, taken, activation, "activation", layers);
                break;
            default:
                layers.Add(new JsonUnreadLayer<T>(source, taken, size, "dense layers, LSTM layers and activations are read")
                {
                    Text = $"'{Shortened.Text(type)}'{Shapes(element)}",
                });
                break;
        }

        return outputs;
    }

    private static string Shapes(JsonElement element)
        => element.TryGetProperty("weights", out JsonElement weights) && weights.ValueKind == JsonValueKind.Array
            ? ", weights " + Shortened.List([.. weights.EnumerateArray().Take(16).Select(JsonPath.ShapeOf)])
            : string.Empty;

    private static void AddDense<T>(
        JsonReading<T> reading, JsonElement element, string source, int inputs, int outputs, string activation,
        List<JsonLayer<T>> layers)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        JsonElement[] weights = Weights(reading, element, source, 1, 2);
        if (weights.Length == 0)
        {
            return;
        }

        JsonTensor<T>? kernel = Tensor(reading, weights, source, 0, 2), bias = Tensor(reading, weights, source, 1, 1);
        if (!reading.Fits(kernel, inputs, outputs) | (weights.Length == 2 && !reading.Fits(bias, outputs)))
        {
            return;
        }

        Activation? own = activation switch
        {
            "" or "linear" => Activation.None,
            "tanh" => Activation.Tanh,
            "relu" => Activation.Relu,
            "sigmoid" => Activation.Sigmoid,
            _ => null,
        };
        layers.Add(new JsonDenseLayer<T>(source, kernel!, isTransposed: true)
        {
            Bias = bias,
            Activation = own ?? Activation.None,
            Text = $"dense{(own is null or Activation.None ? string.Empty : " with " + activation)}",
        });
        if (own is null)
        {
            AddActivation(reading, source, outputs, activation, "activation of the dense layer", layers);
        }
    }

    private static void AddLstm<T>(
        JsonReading<T> reading, JsonElement element, string source, int inputs, int units, string activation,
        List<JsonLayer<T>> layers)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (activation is not ("" or "tanh"))
        {
            reading.Refuse($"{JsonPath.Root}.{source}.activation is '{Shortened.Text(activation)}'; an LSTM's is tanh, "
                + "which RTNeural computes whatever the file says");
        }

        JsonElement[] weights = Weights(reading, element, source, 2, 3);
        if (weights.Length == 0)
        {
            return;
        }

        JsonTensor<T>? kernel = Tensor(reading, weights, source, 0, 2), recurrent = Tensor(reading, weights, source, 1, 2),
            bias = Tensor(reading, weights, source, 2, 1);
        if (units > int.MaxValue / 4)
        {
            reading.Refuse(InvariantText.Of($"{JsonPath.Root}.{source}.shape has {units} units"));
            return;
        }

        if (reading.Fits(kernel, inputs, 4 * units) & reading.Fits(recurrent, units, 4 * units)
            & (weights.Length == 2 || reading.Fits(bias, 4 * units)))
        {
            JsonKernels<T> kernels = new(LstmKernelLayout.Keras) { Input = kernel, Recurrent = recurrent, Bias = bias };
            layers.Add(new JsonLstmLayer<T>(source, inputs, units, [[kernels]]) { Text = "LSTM" });
        }
    }

    private static void AddActivation<T>(
        JsonReading<T> reading, string source, int size, string activation, string text, List<JsonLayer<T>> layers)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ActivationSpec? spec = activation switch
        {
            "tanh" => new(ActivationFunction.Tanh),
            "relu" => new(ActivationFunction.Relu),
            "sigmoid" => new(ActivationFunction.Sigmoid),
            "softmax" => new(ActivationFunction.Softmax),
            "elu" => new(ActivationFunction.Elu) { Alpha = 1 },
            _ => null,
        };
        layers.Add(spec is not null
            ? new JsonPlainLayer<T>(source, size, spec) { Text = $"{text} {activation}" }
            : new JsonUnreadLayer<T>(source, size, size, "the activations are tanh, relu, sigmoid, softmax and elu")
            {
                Text = $"{text} '{Shortened.Text(activation)}'",
            });
    }

    // The elements of "weights", as many as there may be; none with the problem noted.
    private static JsonElement[] Weights<T>(JsonReading<T> reading, JsonElement element, string source, int least, int most)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        string path = $"{JsonPath.Root}.{source}";
        if (reading.Part(element, path, "weights", JsonValueKind.Array) is not { } weights)
        {
            return [];
        }

        int count = weights.GetArrayLength();
        if (count < least || count > most)
        {
            reading.Refuse(InvariantText.Of(
                $"{path}.weights has {count} arrays; it has {most} (kernels, then the bias), or {least} without bias"));
            return [];
        }

        return [.. weights.EnumerateArray()];
    }

    private static JsonTensor<T>? Tensor<T>(JsonReading<T> reading, JsonElement[] weights, string source, int index, int rank)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => index < weights.Length
            ? reading.Tensor(
                weights[index], InvariantText.Of($"{JsonPath.Root}.{source}.weights[{index}]"),
                InvariantText.Of($"{source}.weights[{index}]"), rank)
            : null;

    // The last element of a shape; those before it are of batch and time.
    private static int? LastOf<T>(JsonReading<T> reading, JsonElement owner, string path, string name)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (reading.Part(owner, path, name, JsonValueKind.Array) is not { } shape)
        {
            return null;
        }

        int length = shape.GetArrayLength();
        path = JsonPath.Of(path, name);
        if (length is < 1 or > 8)
        {
            reading.Refuse(InvariantText.Of($"{path} has {length} elements; it has to have 1 to 8"));
            return null;
        }

        return reading.Integer(shape[length - 1], JsonPath.Of(path, length - 1), 1);
    }
}
