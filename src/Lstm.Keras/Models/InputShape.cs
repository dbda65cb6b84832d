using System.Text.Json;
using Lstm.Keras.Files;

namespace Lstm.Keras.Models;

/// <summary>
/// Finds out what a network's input is: from the shapes that the model says, or from the first weights behind it.
/// </summary>
internal static class InputShape
{
    private static readonly string[] Options = ["batch_shape", "batch_input_shape", "shape", "input_shape"];

    /// <summary>Values of a step, or the number of ids; and whether there are steps.</summary>
    /// <exception cref="InvalidDataException">The shape has no axis of values, or more than one of steps.</exception>
    public static (int? Features, bool HasTime) Of(KerasTensor input, KerasLayer? layer, Selection selection, WeightStore weights)
    {
        KerasLayer? reader = layer is null || layer.ClassName == "InputLayer" ? FirstReader(input, selection) : layer;
        if (reader?.ClassName == "Embedding")
        {
            return (weights.Of(reader) is [{ Shape: [var ids, _] }, ..] ? ids : reader.Config.Size("input_dim"), true);
        }

        JsonElement[]? shape = layer is null ? null : ShapeOf(layer);
        if (shape is null)
        {
            return (FromWeights(reader, weights), true);
        }

        if (shape.Length is not (2 or 3))
        {
            throw new InvalidDataException(
                $"{layer}: the input has {shape.Length} axes; [batch, steps, values], [batch, values] and ids of [batch, " +
                $"steps] can be read.");
        }

        JsonElement last = shape[^1];
        int? size = last.ValueKind == JsonValueKind.Null ? FromWeights(reader, weights)
            : last.ValueKind == JsonValueKind.Number && last.TryGetInt32(out int number) && number > 0 ? number
            : throw JsonText.Wrong("the shape of the input", last, "a size from 1 on");
        return (size, shape.Length == 3);
    }

    private static JsonElement[]? ShapeOf(KerasLayer layer)
    {
        foreach (string option in Options)
        {
            if (layer.Config.Member(option) is { ValueKind: JsonValueKind.Array } shape)
            {
                JsonElement[] sizes = [.. shape.EnumerateArray()];
                return option.StartsWith("batch", StringComparison.Ordinal) ? sizes : [default, .. sizes];
            }
        }

        return null;
    }

    // The first layer behind those that leave the values as they are.
    private static KerasLayer? FirstReader(KerasTensor tensor, Selection selection)
    {
        for (int i = 0; i < selection.Layers.Count; i++)
        {
            if (selection.Readers(tensor).FirstOrDefault(one => one.ClassName is not ("Concatenate" or "Add")) is not { } reader)
            {
                return null;
            }

            if (reader.ClassName is not ("Masking" or "Dropout" or "SpatialDropout1D" or "Activation" or "GaussianNoise"
                or "GaussianDropout"))
            {
                return reader;
            }

            tensor = new KerasTensor(reader.Name, 0);
        }

        return null;
    }

    // Kernels have their inputs first; a layer normalisation has one value for each input.
    private static int? FromWeights(KerasLayer? reader, WeightStore weights)
        => reader is not null && weights.Of(reader) is [{ Shape: [var size, ..] }, ..] && size > 0 ? size : null;
}
