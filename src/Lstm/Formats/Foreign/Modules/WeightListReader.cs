using System.Numerics;
using Lstm.Parameters;
using Lstm.Texts;

namespace Lstm.Formats.Foreign.Modules;

/// <summary>Takes arrays from a list of Keras's weights, layer by layer.</summary>
internal sealed class WeightListReader<T>(ModuleDraft<T> target, IReadOnlyList<FileTensor> arrays)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const string Gates = "transposed, gates i f c o to i f g o";
    private int _next;

    private NetworkDraft<T> Draft => target.Draft;

    /// <summary>Gives a layer its arrays.</summary>
    public void Read(string layer, LayerSpec spec, IReadOnlyList<Parameter> parameters)
    {
        Draft.Layers.Add($"{layer}: {spec}, arrays from {_next} on");
        if (spec is LstmSpec lstm)
        {
            for (int stack = 0; stack < lstm.Layers; stack++)
            {
                for (int direction = 0; direction < (lstm.Direction == LstmDirection.Bidirectional ? 2 : 1); direction++)
                {
                    ReadLstm(layer, lstm, stack, direction == 1 || lstm.Direction == LstmDirection.Reverse, parameters);
                }
            }

            return;
        }

        foreach (Parameter parameter in parameters)
        {
            ReadPlain(parameter, isTransposed: spec is DenseSpec && parameter.Shape.Count == 2);
        }
    }

    /// <summary>Refuses arrays that no layer has taken.</summary>
    public void End()
    {
        for (int i = _next; i < arrays.Count; i++)
        {
            Draft.Refuse($"{arrays[i]} is more than the layers have");
        }
    }

    private void ReadPlain(Parameter parameter, bool isTransposed)
    {
        int[] shape = [.. isTransposed ? parameter.Shape.Reverse() : parameter.Shape];
        if (Take(parameter.Name, shape) is not { } array || target.Read(array) is not { } values)
        {
            return;
        }

        if (isTransposed)
        {
            T[] read = values;
            (int rows, int columns) = (parameter.Shape[0], parameter.Shape[1]);
            values = new T[read.Length];
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = read[(i % columns * rows) + (i / columns)];
            }
        }

        Draft.Write(
            parameter.Name, values, array.Name, shape,
            (isTransposed ? "transposed" : "as stored") + ModuleDraft<T>.ConversionOf(array));
    }

    private void ReadLstm(string layer, LstmSpec spec, int stack, bool isReverse, IReadOnlyList<Parameter> parameters)
    {
        string end = InvariantText.Of($"_l{stack}{(isReverse ? "_reverse" : string.Empty)}");
        if (parameters.FirstOrDefault(parameter => parameter.Name == $"{layer}.weight_ih{end}") is not { } weight)
        {
            return;
        }

        int units = spec.HiddenSize, inputs = weight.Shape[1], gates = 4 * units;
        bool isCudnn = spec.Bias != LstmBias.None && _next + 2 < arrays.Count && arrays[_next + 2].Shape is [var length]
            && length == 2L * gates;
        FileTensor? kernel = Take($"{layer}.weight_ih{end}", [inputs, gates]),
            recurrent = Take($"{layer}.weight_hh{end}", [units, gates]),
            bias = spec.Bias == LstmBias.None ? null : Take($"{layer}.bias_ih{end}", [isCudnn ? 2 * gates : gates]);
        if (kernel is null || recurrent is null || (bias is null && spec.Bias != LstmBias.None)
            || target.Read(kernel) is not { } input || target.Read(recurrent) is not { } hidden)
        {
            return;
        }

        T[]? biases = bias is null ? [] : target.Read(bias);
        if (biases is null)
        {
            return;
        }

        if (isCudnn)
        {
            (input, hidden) = (FromCudnn(input, inputs, units), FromCudnn(hidden, units, units));
        }

        Draft.WriteKernels(
            layer, new LstmKernels<T> { Input = input, Recurrent = hidden, Bias = biases.Length == 0 ? default : biases },
            LstmKernelLayout.Keras, stack, isReverse);
        string note = (isCudnn ? "CuDNN's layout, " : string.Empty) + Gates;
        Map(kernel, $"{layer}.weight_ih{end}", note);
        Map(recurrent, $"{layer}.weight_hh{end}", note);
        if (bias is not null)
        {
            Map(bias, $"{layer}.bias_ih{end}", isCudnn ? "both halves" : "gates i f c o to i f g o");
        }
    }

    private void Map(FileTensor array, string parameter, string note)
        => Draft.Map(array.Name, ModuleDraft<T>.ShapeOf(array), parameter, note + ModuleDraft<T>.ConversionOf(array));

    // CuDNNLSTM has each gate's block [I, U] as the memory of its transpose [U, I].
    private static T[] FromCudnn(T[] kernel, int inputs, int units)
    {
        T[] values = new T[kernel.Length];
        int gates = 4 * units;
        for (int gate = 0; gate < 4; gate++)
        {
            for (int n = 0; n < inputs * units; n++)
            {
                (int row, int column) = Math.DivRem(n, units);
                (int unit, int input) = Math.DivRem(n, inputs);
                values[(input * gates) + (gate * units) + unit] = kernel[(row * gates) + (gate * units) + column];
            }
        }

        return values;
    }

    private FileTensor? Take(string parameter, int[] shape)
    {
        string wanted = $"'{Shortened.Text(parameter)}', which takes [{string.Join(", ", shape)}]";
        if (_next >= arrays.Count)
        {
            Draft.Refuse($"there is no array left for {wanted}");
            return null;
        }

        FileTensor array = arrays[_next++];
        if (!StateDicts.TensorFit.HasShape(array.Sizes, shape))
        {
            Draft.Refuse($"{array} is in the place of {wanted}");
            return null;
        }

        return array;
    }
}
