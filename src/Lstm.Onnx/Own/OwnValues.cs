using System.Globalization;
using System.Numerics;
using Lstm.Formats;
using Lstm.Onnx.Export;
using Lstm.Onnx.Files;
using Lstm.Specs;

namespace Lstm.Onnx.Own;

/// <summary>Gives a draft the values of an exported file's constants.</summary>
/// <param name="graph">The file's graph.</param>
/// <param name="draft">The network to be.</param>
internal sealed class OwnValues<T>(GraphProto graph, NetworkDraft<T> draft)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const string Kept = "as it is";
    private const string Transposed = "transposed";
    private readonly TensorReader _reader = new(null);
    private readonly Dictionary<string, TensorProto> _tensors = TensorsOf(graph);

    public void Write()
    {
        string[] names = LayerNames.Of(draft.Specs, draft.Parameters);
        for (int i = 0; i < names.Length; i++)
        {
            switch (draft.Specs[i])
            {
                case EmbeddingSpec:
                    Give($"{names[i]}/weight", $"{names[i]}.weight", Kept);
                    break;
                case DenseSpec dense:
                    Turn($"{names[i]}/weight", $"{names[i]}.weight");
                    if (dense.Bias)
                    {
                        Give($"{names[i]}/bias", $"{names[i]}.bias", Kept);
                    }

                    break;
                case LayerNormSpec:
                    Give($"{names[i]}/weight", $"{names[i]}.weight", Kept);
                    Give($"{names[i]}/bias", $"{names[i]}.bias", Kept);
                    break;
                case LstmSpec spec:
                    WriteStack(spec, names[i]);
                    break;
            }
        }
    }

    private static Dictionary<string, TensorProto> TensorsOf(GraphProto graph)
    {
        Dictionary<string, TensorProto> tensors = new(StringComparer.Ordinal);
        foreach (TensorProto tensor in graph.Initializer)
        {
            tensors.TryAdd(tensor.Name, tensor);
        }

        return tensors;
    }

    private void WriteStack(LstmSpec spec, string name)
    {
        for (int layer = 0; layer < spec.Layers; layer++)
        {
            string place = string.Create(CultureInfo.InvariantCulture, $"{name}_l{layer}");
            ScanDirection[] directions = ScanDirection.Of(spec, name, layer);
            for (int d = 0; d < directions.Length; d++)
            {
                if (ScanExport<T>.Needs(spec))
                {
                    WriteScan(directions[d]);
                }
                else
                {
                    WriteOperator(spec, directions[d], place, layer, d);
                }

                if (spec.LearnInitialState)
                {
                    GivePart($"{place}/initial_h", directions[d].Parameter("initial_h"), d, directions.Length);
                    GivePart($"{place}/initial_c", directions[d].Parameter("initial_c"), d, directions.Length);
                }
            }
        }
    }

    private void WriteOperator(LstmSpec spec, ScanDirection direction, string place, int layer, int d)
    {
        int directions = spec.Direction == LstmDirection.Bidirectional ? 2 : 1;
        T[] bias = spec.Bias == LstmBias.None ? [] : Part($"{place}/B", d, directions);
        bias = spec.Bias == LstmBias.One ? bias[..(bias.Length / 2)] : bias;
        LstmKernels<T> kernels = new()
        {
            Input = Part($"{place}/W", d, directions),
            Recurrent = Part($"{place}/R", d, directions),
            Bias = bias.Length == 0 ? null : bias,
            Peephole = direction.Equations.Peephole ? Part($"{place}/P", d, directions) : null,
        };
        draft.WriteKernels(direction.Layer, kernels, LstmKernelLayout.Onnx, layer, reverse: d == 1);
        const string Order = "gates i o f c";
        Map("W", "weight_ih", Order);
        Map("R", "weight_hh", Order);
        if (spec.Bias != LstmBias.None)
        {
            Map("B", "bias_ih", $"{Order}, first half");
        }

        if (spec.Bias == LstmBias.Two)
        {
            Map("B", "bias_hh", $"{Order}, second half");
        }

        if (direction.Equations.Peephole)
        {
            Map("P", "weight_ch", "gates i o f");
        }

        void Map(string kernel, string parameter, string note) => draft.Map(
            $"{place}/{kernel}", Tensor($"{place}/{kernel}").Shape, direction.Parameter(parameter), note);
    }

    private void WriteScan(ScanDirection direction)
    {
        string place = direction.Place;
        Turn($"{place}/weight_ih", direction.Parameter("weight_ih"));
        WriteRecurrent(direction);
        List<string> vectors = [.. ((string[])["bias_ih", "bias_hh"])[..(int)direction.Spec.Bias]];
        vectors.AddRange(direction.Equations.Peephole ? ["weight_ch"] : []);
        vectors.AddRange(
            direction.Spec.Normalization is null ? [] : ["norm_ih_weight", "norm_hh_weight", "norm_c_weight", "norm_c_bias"]);
        vectors.AddRange(direction.Spec.Normalization is BatchNormalization ? ScanConstants<T>.StatisticNames : []);
        foreach (string vector in vectors)
        {
            Give($"{place}/{vector}", direction.Parameter(vector), Kept);
        }

        if (direction.Spec.Projection is not null)
        {
            Turn($"{place}/weight_hr", direction.Parameter("weight_hr"));
        }
    }

    private void WriteRecurrent(ScanDirection direction)
    {
        string name = $"{direction.Place}/weight_hh";
        OnnxTensor tensor = Tensor(name);
        int gates = 4 * direction.Units, own = direction.Size * gates;
        T[] values = tensor.To<T>();
        if (values.Length != direction.Width * gates)
        {
            throw new InvalidDataException($"The tensor {tensor} has another size than its layer.");
        }

        draft.Write(
            direction.Parameter("weight_hh"), ParameterValues.Transposed(values[..own], gates), name, tensor.Shape, Transposed);
        if (direction.Equations.GateRecurrence)
        {
            int width = 3 * direction.Units;
            T[] rows = new T[width * width];
            for (int row = 0; row < width; row++)
            {
                ReadOnlySpan<T> from = values.AsSpan(own + (row * gates), gates);
                from[..(2 * direction.Units)].CopyTo(rows.AsSpan(row * width));
                from[(3 * direction.Units)..].CopyTo(rows.AsSpan((row * width) + (2 * direction.Units)));
            }

            draft.Write(
                direction.Parameter("weight_gg"), ParameterValues.Transposed(rows, width), name, tensor.Shape,
                "transposed, the lower rows");
        }
    }

    private void Give(string constant, string parameter, string note)
    {
        OnnxTensor tensor = Tensor(constant);
        draft.Write(parameter, tensor.To<T>(), constant, tensor.Shape, note);
    }

    private void Turn(string constant, string parameter)
    {
        OnnxTensor tensor = Tensor(constant);
        int columns = tensor.Shape is [_, > 0 and var last] ? last
            : throw new InvalidDataException($"The tensor {tensor} is no matrix.");
        draft.Write(parameter, ParameterValues.Transposed(tensor.To<T>(), columns), constant, tensor.Shape, Transposed);
    }

    private void GivePart(string constant, string parameter, int part, int parts)
        => draft.Write(parameter, Part(constant, part, parts), constant, Tensor(constant).Shape, Kept);

    private T[] Part(string constant, int part, int parts)
    {
        T[] values = Tensor(constant).To<T>();
        int length = values.Length / parts;
        return values[(part * length)..((part + 1) * length)];
    }

    private OnnxTensor Tensor(string name) => _tensors.TryGetValue(name, out TensorProto? tensor)
        ? _reader.Read(tensor) : throw new InvalidDataException($"The file has no tensor '{Shorten.Text(name)}'.");
}
