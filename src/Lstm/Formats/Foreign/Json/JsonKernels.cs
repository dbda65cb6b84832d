using System.Numerics;
using Lstm.Texts;

namespace Lstm.Formats.Foreign.Json;

/// <summary>The tensors of one direction of one LSTM layer, in the order and layout of the file.</summary>
internal sealed class JsonKernels<T>(LstmKernelLayout layout)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public JsonTensor<T>? Input { get; init; }

    public JsonTensor<T>? Recurrent { get; init; }

    /// <summary>Both in one matrix [4H, I + H], in place of the two.</summary>
    public JsonTensor<T>? Joined { get; init; }

    public JsonTensor<T>? Bias { get; init; }

    public JsonTensor<T>? RecurrentBias { get; init; }

    public JsonTensor<T>? Projection { get; init; }

    /// <summary>The state that each sequence starts from; null for zeros.</summary>
    public JsonTensor<T>? InitialHidden { get; init; }

    public JsonTensor<T>? InitialCell { get; init; }

    public LstmBias Biases => RecurrentBias is not null ? LstmBias.Two : Bias is not null ? LstmBias.One : LstmBias.None;

    private string Order => $"gates {string.Join(' ', layout.Gates.AsEnumerable())}";

    /// <summary>Gives the parameters of a direction their values.</summary>
    /// <param name="draft">The network.</param>
    /// <param name="name">The layer's name.</param>
    /// <param name="stackLayer">Its number in its stack.</param>
    /// <param name="reverse">Whether it is the reverse direction.</param>
    /// <param name="learns">Whether the layer has initial states.</param>
    /// <param name="carried">How many more inputs the layer has than the file's kernel: they pass by, with weights of 0.</param>
    public void Write(NetworkDraft<T> draft, string name, int stackLayer, bool reverse, bool learns, int carried)
    {
        LstmKernels<T> kernels = new()
        {
            Input = Input is null ? null : Widened(Input, carried),
            Recurrent = Recurrent?.Values,
            Joined = Joined?.Values,
            Bias = Bias?.Values,
            RecurrentBias = RecurrentBias?.Values,
            Projection = Projection?.Values,
        };
        draft.WriteKernels(name, kernels, layout, stackLayer, reverse);
        string end = InvariantText.Of($"_l{stackLayer}{(reverse ? "_reverse" : string.Empty)}");
        string axes = layout.InputsByGates ? "transposed" : "not transposed";
        string zeros = carried == 0 ? string.Empty : $", {Counted.Of(carried, "column")} of zeros added";
        Map(Input, "weight_ih", $"{Order}, {axes}{zeros}");
        Map(Recurrent, "weight_hh", $"{Order}, {axes}");
        Map(Joined, "weight_ih", $"{Order}, not transposed; the columns of the input");
        Map(Joined, "weight_hh", $"{Order}, not transposed; the columns of h");
        Map(Bias, "bias_ih", Order);
        Map(RecurrentBias, "bias_hh", Order);
        Map(Projection, "weight_hr", axes);
        if (learns)
        {
            WriteInitial(InitialHidden, "initial_h");
            WriteInitial(InitialCell, "initial_c");
        }

        void WriteInitial(JsonTensor<T>? tensor, string parameter)
            => draft.Write($"{name}.{parameter}{end}", tensor!.Values, tensor.Name, tensor.Shape, "the state at the start");

        void Map(JsonTensor<T>? tensor, string parameter, string note)
        {
            if (tensor is not null)
            {
                draft.Map(tensor.Name, tensor.Shape, $"{name}.{parameter}{end}", note);
            }
        }
    }

    // [4H, I] → [4H, I + carried], or [I, 4H] → [I + carried, 4H]
    private T[] Widened(JsonTensor<T> kernel, int carried)
    {
        if (carried == 0)
        {
            return kernel.Values;
        }

        int rows = kernel.Shape[0], columns = kernel.Shape[1];
        if (layout.InputsByGates)
        {
            return [.. kernel.Values, .. new T[carried * columns]];
        }

        T[] widened = new T[rows * (columns + carried)];
        for (int row = 0; row < rows; row++)
        {
            kernel.Values.AsSpan(row * columns, columns).CopyTo(widened.AsSpan(row * (columns + carried)));
        }

        return widened;
    }
}
