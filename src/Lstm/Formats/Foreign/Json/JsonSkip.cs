using System.Numerics;
using Lstm.Texts;

namespace Lstm.Formats.Foreign.Json;

/// <summary>The addition of the input's first values to the output, and how a network does it.</summary>
/// <param name="Count">How many values: 1, which all outputs get, or as many as there are outputs.</param>
/// <param name="Path">The JSON path of the number.</param>
internal sealed record JsonSkip(int Count, string Path)
{
    // Each layer reads what passed by all layers before it. The limits keep the weights in proportion to the file.
    private const int MaxLayers = 8, MaxValues = 64;

    /// <summary>What is added to what, for the report.</summary>
    public string Text => Count == 1
        ? $"{Path}: the input's first value is added to the output"
        : InvariantText.Of($"{Path}: the input's first {Count} values are added to the output");

    /// <summary>
    /// Lets the input pass by the LSTM layers to the dense layer after them, which adds it with a weight of 1; everything else
    /// that passed by has the weight 0.
    /// </summary>
    /// <returns>Null, or why the layers cannot do it.</returns>
    public string? Apply<T>(IReadOnlyList<JsonLayer<T>> layers)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        JsonLstmLayer<T>[] lstms = [.. layers.OfType<JsonLstmLayer<T>>()];
        if (lstms.Length == 0 || lstms.Length != layers.Count - 1
            || layers[^1] is not JsonDenseLayer<T> { Activation: Activation.None } dense)
        {
            return "the layers have to be LSTM layers and one dense layer without activation";
        }

        int inputs = layers[0].Inputs, outputs = dense.Outputs, count = lstms.Sum(lstm => lstm.Layers);
        if (Count > inputs || (Count != 1 && Count != outputs) || inputs > MaxValues || outputs > MaxValues)
        {
            return InvariantText.Of(
                $"there are {inputs} inputs and {outputs} outputs, at most {MaxValues} are possible, each output gets one input");
        }

        if (count > MaxLayers || lstms.Any(lstm => lstm.IsProjected))
        {
            return InvariantText.Of(
                $"there are {count} LSTM layers; the input can pass by at most {MaxLayers}, without projections");
        }

        int carried = 0;
        foreach (JsonLstmLayer<T> lstm in lstms)
        {
            lstm.CarriesInput = true;
            lstm.Carried = carried;
            carried += lstm.Inputs + ((lstm.Layers - 1) * lstm.Outputs);
        }

        dense.Carried = carried;
        int first = dense.Inputs + carried - inputs;
        dense.Added = [.. Enumerable.Range(0, outputs).Select(output => first + (Count == 1 ? 0 : output))];
        return null;
    }
}
