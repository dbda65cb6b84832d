using System.Text.Json;
using Lstm.Keras.Files;

namespace Lstm.Keras.Models;

/// <summary>Reads which tensors a layer of a functional model is applied to, as Keras 2 and Keras 3 write it.</summary>
internal static class InboundNodes
{
    /// <summary>Arguments of a call that change nothing when their value is plain.</summary>
    private static readonly string[] Harmless = ["training", "mask"];

    /// <summary>Reads a node.</summary>
    /// <param name="node">The node.</param>
    /// <param name="inputs">Receives the tensors.</param>
    /// <returns>Why the call cannot be expressed; null if it can.</returns>
    /// <exception cref="InvalidDataException">The node is broken.</exception>
    public static string? Read(JsonElement node, List<KerasTensor> inputs)
    {
        if (node.ValueKind == JsonValueKind.Object)
        {
            if (node.Member("args") is { } arguments)
            {
                Collect(arguments, inputs);
            }

            return node.Member("kwargs") is { } named ? Named(named) : null;
        }

        if (node.ValueKind != JsonValueKind.Array)
        {
            throw JsonText.Wrong("inbound_nodes", node, "a list of nodes");
        }

        // Keras 2: [name, node, tensor, arguments] for each input; one input alone may stand without its list.
        JsonElement[] items = [.. node.EnumerateArray()];
        if (items.Length > 0 && items[0].ValueKind == JsonValueKind.String)
        {
            items = [node];
        }

        string? trouble = null;
        foreach (JsonElement item in items)
        {
            inputs.Add(Tensor(item));
            trouble ??= item.GetArrayLength() > 3 && item[3].ValueKind == JsonValueKind.Object ? Named(item[3]) : null;
        }

        return trouble;
    }

    /// <summary>A tensor as <c>[name, node, index]</c>.</summary>
    /// <exception cref="InvalidDataException">It is something else.</exception>
    public static KerasTensor Tensor(JsonElement item)
    {
        if (item.ValueKind != JsonValueKind.Array || item.GetArrayLength() < 3 || item[0].ValueKind != JsonValueKind.String
            || !Index(item[1], out int node) || !Index(item[2], out int index))
        {
            throw JsonText.Wrong("a tensor", item, "[name, node, index]");
        }

        return new KerasTensor(item[0].GetString()!, node == 0 ? index : -1);

        static bool Index(JsonElement item, out int number)
        {
            number = 0;
            return item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out number) && number >= 0;
        }
    }

    // Keras 3: objects of the class __keras_tensor__, in lists of lists.
    private static void Collect(JsonElement value, List<KerasTensor> inputs)
    {
        if (value.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement item in value.EnumerateArray())
            {
                Collect(item, inputs);
            }
        }
        else if (IsTensor(value))
        {
            inputs.Add(Tensor(value.Member("config")?.Member("keras_history")
                ?? throw JsonText.Wrong("a tensor", value, "one with 'keras_history'")));
        }
    }

    private static string? Named(JsonElement arguments)
    {
        if (arguments.ValueKind != JsonValueKind.Object)
        {
            throw JsonText.Wrong("kwargs", arguments, "an object");
        }

        foreach (JsonProperty argument in arguments.EnumerateObject())
        {
            bool isPlain = argument.Value.ValueKind is JsonValueKind.Null or JsonValueKind.True or JsonValueKind.False;
            if (argument.Value.ValueKind != JsonValueKind.Null && !(isPlain && Harmless.Contains(argument.Name)))
            {
                return $"its call has the argument '{Shorten.Text(argument.Name)}'";
            }
        }

        return null;
    }

    private static bool IsTensor(JsonElement value) => value.Text("class_name") == "__keras_tensor__";
}
