using System.Numerics;
using Lstm.Texts;

namespace Lstm.Formats.Foreign.Json;

/// <summary>A fully connected layer.</summary>
/// <param name="source">Its name in the file.</param>
/// <param name="weight">W [O, I], or Wᵀ [I, O].</param>
/// <param name="isTransposed">Whether it is Wᵀ: Keras's layout.</param>
internal sealed class JsonDenseLayer<T>(string source, JsonTensor<T> weight, bool isTransposed)
    : JsonLayer<T>(source, weight.Shape[isTransposed ? 0 : 1], weight.Shape[isTransposed ? 1 : 0])
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>W or Wᵀ.</summary>
    public JsonTensor<T> Weight => weight;

    public JsonTensor<T>? Bias { get; init; }

    public Activation Activation { get; init; } = Activation.None;

    /// <summary>
    /// How many inputs follow those of the file: values that passed by the layers before, the network's input at their end.
    /// </summary>
    public int Carried { get; set; }

    /// <summary>Which of the inputs is added to each output, with a weight of 1.</summary>
    public int[] Added { get; set; } = [];

    public override LayerSpec ToSpec() => new DenseSpec(Outputs) { Activation = Activation, Bias = Bias is not null };

    public override void Write(NetworkDraft<T> draft, string name)
    {
        int width = Inputs + Carried;
        T[] values = new T[checked(Outputs * width)];
        for (int i = 0; i < weight.Values.Length; i++)
        {
            (int row, int column) = Math.DivRem(i, weight.Shape[1]);
            values[isTransposed ? (column * width) + row : (row * width) + column] = weight.Values[i];
        }

        for (int output = 0; output < Added.Length; output++)
        {
            values[(output * width) + Added[output]] = T.One;
        }

        string axes = isTransposed ? "transposed" : "not transposed", skip = Added.Length == 0 ? string.Empty
            : $"; {Counted.Of(Carried, "column")} added: 0, and 1 for the network's input";
        draft.Write($"{name}.weight", values, weight.Name, weight.Shape, axes + skip);
        if (Bias is not null)
        {
            draft.Write($"{name}.bias", Bias.Values, Bias.Name, Bias.Shape, "as it is");
        }
    }
}
