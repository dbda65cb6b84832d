using System.Numerics;
using Lstm.Formats;
using Lstm.Keras.Files;
using Lstm.Specs;

namespace Lstm.Keras.Models;

/// <summary>Makes the draft of a network of a plan, and gives it the values of the file.</summary>
internal sealed class PlanWriter<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly NetworkDraft<T> _draft;
    private readonly Queue<string> _names;
    private string _name = string.Empty;

    private PlanWriter(NetworkDraft<T> draft)
    {
        _draft = draft;
        _names = new Queue<string>(
            draft.Parameters.Select(parameter => parameter.Name[..parameter.Name.LastIndexOf('.')]).Distinct());
    }

    /// <summary>Makes the draft of a plan.</summary>
    public static NetworkDraft<T> Write(NetworkPlan plan)
    {
        NetworkDraft<T> draft = new(plan.InputSize, [.. plan.Layers.Select(layer => layer.Spec)]);
        Write(draft, plan.Layers);
        foreach (string line in plan.Ignored)
        {
            draft.Ignored.Add(line);
        }

        foreach (string line in plan.Left)
        {
            draft.Left.Add(line);
        }

        return draft;
    }

    /// <summary>Gives a draft the values of its layers.</summary>
    public static void Write(NetworkDraft<T> draft, IEnumerable<PlannedLayer> layers)
    {
        PlanWriter<T> writer = new(draft);
        foreach (PlannedLayer layer in layers)
        {
            writer.Layer(layer);
        }
    }

    private void Layer(PlannedLayer layer)
    {
        _draft.Layers.Add($"{layer.Spec} <- {layer.Source}");

        // The layers with parameters come in the order of their names; the layers of a stack have one name.
        if (layer.Tensors.Count + (layer.Spec is LayerNormSpec ? 1 : 0) > 0 && layer.StackLayer == 0)
        {
            _name = _names.Dequeue();
        }

        switch (layer.Spec)
        {
            case LstmSpec lstm:
                Recurrent(layer, lstm, _name);
                break;
            case DenseSpec dense:
                Dense(layer, dense, _name);
                break;
            case EmbeddingSpec:
                Plain(layer.Tensors[0], $"{_name}.weight", layer.Tensors[0].Read<T>(), "as it is");
                break;
            case LayerNormSpec:
                Normalization(layer, _name);
                break;
        }
    }

    private void Recurrent(PlannedLayer layer, LstmSpec spec, string name)
    {
        bool hasBias = spec.Bias != LstmBias.None, isCuDnn = layer.IsCuDnn;
        int each = hasBias ? 3 : 2, units = spec.HiddenSize;
        for (int d = 0; d < layer.Tensors.Count / each; d++)
        {
            bool isReverse = d == 1;
            WeightTensor kernel = layer.Tensors[d * each], recurrent = layer.Tensors[(d * each) + 1];
            T[] input = kernel.Read<T>(), hidden = recurrent.Read<T>();
            if (isCuDnn)
            {
                (input, hidden) = (CuDnnKernels.Input(input, units), CuDnnKernels.Recurrent(hidden, units));
            }

            LstmKernels<T> kernels = new()
            {
                Input = layer.Input!.Rows(input, 4 * units, layer.Width),
                Recurrent = hidden,
                Bias = hasBias ? layer.Tensors[(d * each) + 2].Read<T>() : null,
            };
            _draft.WriteKernels(name, kernels, LstmKernelLayout.Keras, layer.StackLayer, isReverse);
            string end = FormattableString.Invariant($"l{layer.StackLayer}{(isReverse ? "_reverse" : string.Empty)}"),
                gates = "gates i f c o as i f g o";
            string how = isCuDnn ? "each gate reshaped as cuDNN has it, " : "transposed, ";
            Map(kernel, $"{name}.weight_ih_{end}", how + gates + Moved(layer));
            Map(recurrent, $"{name}.weight_hh_{end}", (isCuDnn ? "each gate as cuDNN has it, " : "transposed, ") + gates);
            if (hasBias)
            {
                Map(layer.Tensors[(d * each) + 2], $"{name}.bias_ih_{end}",
                    isCuDnn ? $"two biases summed, {gates}" : $"{gates}; the forget bias is stored in it");
            }
        }
    }

    private void Dense(PlannedLayer layer, DenseSpec spec, string name)
    {
        T[] rows = layer.Input!.Rows(layer.Tensors[0].Read<T>(), spec.OutputSize, layer.Width);
        T[] weight = new T[rows.Length];
        for (int i = 0; i < layer.Width; i++)
        {
            for (int o = 0; o < spec.OutputSize; o++)
            {
                weight[(o * layer.Width) + i] = rows[(i * spec.OutputSize) + o];
            }
        }

        Plain(layer.Tensors[0], $"{name}.weight", weight, "transposed" + Moved(layer));
        if (spec.Bias)
        {
            Plain(layer.Tensors[1], $"{name}.bias", layer.Tensors[1].Read<T>(), "as it is");
        }
    }

    private void Normalization(PlannedLayer layer, string name)
    {
        (bool scale, bool center) = layer.Norm;
        if (scale)
        {
            Ordered(layer.Tensors[0], "weight");
        }
        else
        {
            _draft.Write(
                $"{name}.weight", [.. Enumerable.Repeat(T.One, layer.Input!.Length)], $"{layer.Source} without scale", [],
                "ones");
        }

        if (center)
        {
            Ordered(layer.Tensors[^1], "bias");
        }
        else
        {
            _draft.Write($"{name}.bias", new T[layer.Input!.Length], $"{layer.Source} without center", [], "zeros");
        }

        void Ordered(WeightTensor tensor, string parameter)
            => Plain(tensor, $"{name}.{parameter}", Values(tensor), "as it is");

        // Either the first values are normalised, or all of them in another order.
        T[] Values(WeightTensor tensor)
            => layer.Input!.IsFirst ? tensor.Read<T>() : layer.Input.Rows(tensor.Read<T>(), 1, layer.Width);
    }

    private static string Moved(PlannedLayer layer) => layer.Input!.IsAll(layer.Width) ? string.Empty
        : $", rows moved to where skip connections carry them ({layer.Input.Length} of {layer.Width})";

    private void Plain(WeightTensor tensor, string parameter, T[] values, string note)
        => _draft.Write(parameter, values, Shorten.Text(tensor.Name), tensor.Shape, note);

    private void Map(WeightTensor tensor, string parameter, string note)
        => _draft.Map(Shorten.Text(tensor.Name), tensor.Shape, parameter, note);
}
