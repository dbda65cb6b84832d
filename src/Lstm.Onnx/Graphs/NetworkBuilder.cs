using System.Globalization;
using System.Numerics;
using Lstm.Formats;
using Lstm.Onnx.Files;
using Lstm.Specs;

namespace Lstm.Onnx.Graphs;

/// <summary>Makes a network of a chain of layers, and writes its parameters.</summary>
internal sealed class NetworkBuilder<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly GraphContext _context;
    private readonly OnnxImportOptions _options;
    private readonly List<LayerNode> _chain = [];
    private readonly Dictionary<string, int> _kinds = [];
    private readonly InputNode _input;

    public NetworkBuilder(GraphContext context, LayerNode final, OnnxImportOptions options)
    {
        (_context, _options) = (context, options);
        LayerNode? node = final;
        for (; node is not (null or InputNode); node = node.Parent)
        {
            if (node is not RootView)
            {
                _chain.Add(node);
            }
        }

        _chain.Reverse();
        _input = (InputNode)node!;
    }

    public OnnxImport<T> Build(GraphOutputs outputs, GraphRoots roots)
    {
        CheckPrecision();
        LayerSpec[] specs = [.. _chain.Select(SpecOf)];
        int inputSize = InputSize();
        NetworkDraft<T> draft = new(inputSize, specs);

        // Before anything has the size that a number of the file says: its constants are as large, or it is no such network.
        foreach (var parameter in draft.Parameters)
        {
            _context.Spend(parameter.Shape.Aggregate(1L, (product, size) => Math.Min(product * size, int.MaxValue)));
        }

        for (int i = 0; i < _chain.Count; i++)
        {
            draft.Layers.Add($"{specs[i]} <- '{_chain[i].Source}'");
            Write(draft, _chain[i], specs[i], NameOf(specs[i]));
        }

        GraphSignature signature = new(_input, _chain, outputs, roots, inputSize);
        foreach (string ignored in _context.Ignored)
        {
            draft.Ignored.Add(ignored);
        }

        // What this library writes of a network of its own describes it, and is no word of the user.
        foreach (StringStringEntryProto entry in _context.Metadata
            .Where(entry => !entry.Key.StartsWith("lstm.", StringComparison.Ordinal)))
        {
            draft.Metadata[entry.Key] = entry.Value;
        }

        foreach (string left in signature.Left)
        {
            draft.Left.Add(left);
        }

        ModelImport<T> import = ModelImport.Complete(draft, _context.Format);
        return new OnnxImport<T>(import.Network, import.Report, signature);
    }

    private void CheckPrecision()
    {
        if (typeof(T) != typeof(float) || _options.AllowPrecisionChange)
        {
            return;
        }

        foreach (LayerNode node in _chain)
        {
            foreach (OnnxTensor? tensor in Tensors(node))
            {
                if (tensor is { IsDouble: true })
                {
                    _context.AddProblem($"{tensor} is double");
                }
            }
        }

        _context.ThrowIfAny(
            "The file's tensors are of another precision than a network of float; AllowPrecisionChange rounds them, or import " +
            "as double");
    }

    private static OnnxTensor?[] Tensors(LayerNode node) => node switch
    {
        LstmNode lstm
            => [.. lstm.Directions.SelectMany(
                d => (OnnxTensor?[])[d.Input, d.Recurrent, d.Bias, d.Peephole, d.InitialHidden, d.InitialCell])],
        DenseNode dense => [dense.Weight, dense.Bias],
        EmbeddingNode embedding => [embedding.Table],
        NormNode norm => [norm.Weight, norm.Bias],
        _ => [],
    };

    private int InputSize()
    {
        long size = _chain[0] switch
        {
            EmbeddingNode embedding => embedding.Table.Shape[0],
            LstmNode lstm => lstm.Directions[0].Input.Shape[2],
            DenseNode dense => dense.Weight.Shape[dense.IsTransposed ? 0 : 1],
            NormNode { Weight: { } weight } => weight.Count,
            var other => other.Parent!.FeatureCount,
        };
        return size is >= 1 and <= int.MaxValue
            ? (int)size
            : throw new InvalidDataException(
                $"The file does not say how many values the steps of the input '{Shorten.Text(_input.Name)}' have.");
    }

    private LayerSpec SpecOf(LayerNode node) => node switch
    {
        LstmNode { Spec: var spec } => _options.SumBiases && spec.Bias == LstmBias.Two ? spec with { Bias = LstmBias.One } : spec,
        DenseNode dense
            => new DenseSpec((int)dense.FeatureCount) { Activation = dense.Activation, Bias = dense.Bias is not null },
        EmbeddingNode embedding => new EmbeddingSpec(embedding.Table.Shape[1]),
        NormNode norm => new LayerNormSpec { Epsilon = norm.Epsilon },
        PermuteNode permute => new DenseSpec(permute.Order.Length) { Bias = false },
        PlainNode { Spec: PoolingSpec { Pooling: Pooling.LastStep }, Parent: LstmNode { Spec.Direction: LstmDirection.Forward } }
            => new PoolingSpec(Pooling.Last),
        PlainNode
        {
            Spec: PoolingSpec { Pooling: Pooling.FirstStep },
            Parent: LstmNode { Spec.Direction: LstmDirection.Reverse }
        } => new PoolingSpec(Pooling.Last),
        _ => ((PlainNode)node).Spec,
    };

    // The default name of the next layer of its kind.
    private string NameOf(LayerSpec spec)
    {
        string kind =
            spec switch
            {
                LstmSpec => "lstm",
                DenseSpec => "dense",
                EmbeddingSpec => "embedding",
                LayerNormSpec => "norm",
                _ => string.Empty
            };
        int count = _kinds.GetValueOrDefault(kind);
        _kinds[kind] = count + 1;
        return count == 0 ? kind : $"{kind}_{count}";
    }

    private void Write(NetworkDraft<T> draft, LayerNode node, LayerSpec spec, string name)
    {
        switch (node)
        {
            case LstmNode lstm:
                for (int d = 0; d < lstm.Directions.Length; d++)
                {
                    WriteDirection(draft, (LstmSpec)spec, lstm.Directions[d], name, d, node.Source);
                }

                break;
            case DenseNode dense:
                WriteDense(draft, dense, name);
                break;
            case EmbeddingNode embedding:
                Write(draft, embedding.Table, node, $"{name}.weight", "as it is");
                break;
            case NormNode norm:
                Write(draft, norm.Weight, node, $"{name}.weight", "as it is", (int)norm.FeatureCount, T.One);
                Write(draft, norm.Bias, node, $"{name}.bias", "as it is", (int)norm.FeatureCount, T.Zero);
                break;
            case PermuteNode permute:
                T[] matrix = new T[permute.Order.Length * permute.Order.Length];
                for (int i = 0; i < permute.Order.Length; i++)
                {
                    matrix[(i * permute.Order.Length) + permute.Order[i]] = T.One;
                }

                draft.Write(
                    $"{name}.weight", matrix, $"'{node.Source}'", [],
                    "a permutation: the file has the reverse direction's features first");
                break;
        }
    }

    private void WriteDirection(
        NetworkDraft<T> draft, LstmSpec spec, DirectionWeights weights, string name, int direction, string source)
    {
        bool reverse = direction == 1;
        string end = reverse ? "_l0_reverse" : "_l0", index = weights.Input.Shape[0] > 1 ? $"[{weights.Index}]" : string.Empty;
        draft.WriteKernels(name, new LstmKernels<T>
        {
            Input = Part(weights.Input, weights.Index),
            Recurrent = Part(weights.Recurrent, weights.Index),
            Bias = spec.Bias == LstmBias.None || weights.Bias is null ? null : Part(weights.Bias, weights.Index),
            Peephole = weights.Peephole is null ? null : Part(weights.Peephole, weights.Index),
        }, LstmKernelLayout.Onnx, 0, reverse);
        Add(weights.Input, "weight_ih", "gates i o f c, not transposed");
        Add(weights.Recurrent, "weight_hh", "gates i o f c, not transposed");
        bool isTwo = spec.Bias == LstmBias.Two;
        Add(weights.Bias, "bias_ih", isTwo ? "gates i o f c, the first half"
            : _options.SumBiases ? "gates i o f c, both halves summed" : "gates i o f c; the second half is zero");
        Add(isTwo ? weights.Bias : null, "bias_hh", "gates i o f c, the second half");
        Add(weights.Peephole, "weight_ch", "gates i o f");
        if (spec.LearnInitialState)
        {
            WriteInitial(weights.InitialHidden, "initial_h");
            WriteInitial(weights.InitialCell, "initial_c");
        }

        string From(OnnxTensor tensor) => $"'{Shorten.Text(tensor.Name)}'{index} of '{source}'";

        void WriteInitial(OnnxTensor? tensor, string parameter)
        {
            T[] values = tensor is null ? new T[spec.HiddenSize] : Part(tensor, weights.Index);
            draft.Write(
                $"{name}.{parameter}{end}", values, tensor is null ? $"'{source}'" : From(tensor), tensor?.Shape ?? [],
                tensor is null ? "zeros: the file has none" : "the initial state of all sequences");
        }

        void Add(OnnxTensor? tensor, string parameter, string note)
        {
            if (tensor is not null)
            {
                draft.Map(From(tensor), tensor.Shape, $"{name}.{parameter}{end}", note);
            }
        }
    }

    private static T[] Part(OnnxTensor tensor, int index)
    {
        int count = tensor.Count / tensor.Shape[0];
        return tensor.To<T>()[(index * count)..((index + 1) * count)];
    }

    private static void WriteDense(NetworkDraft<T> draft, DenseNode dense, string name)
    {
        int outputs = (int)dense.FeatureCount, inputs = dense.Weight.Count / outputs;
        T[] source = dense.Weight.To<T>(), weight = new T[source.Length];
        T factor = T.CreateTruncating(dense.WeightFactor);
        for (int i = 0; i < weight.Length; i++)
        {
            T value = source[dense.IsTransposed ? (i % inputs * outputs) + (i / inputs) : i];
            weight[i] = dense.WeightFactor == 1 ? value : value * factor;
        }

        draft.Write(
            $"{name}.weight", weight, $"'{Shorten.Text(dense.Weight.Name)}' of '{dense.Source}'", dense.Weight.Shape,
            (dense.IsTransposed ? "transposed" : "not transposed") + Times(dense.WeightFactor));
        if (dense.Bias is { } bias)
        {
            T[] values = bias.To<T>();
            for (int i = 0; i < values.Length && dense.BiasFactor != 1; i++)
            {
                values[i] *= T.CreateTruncating(dense.BiasFactor);
            }

            draft.Write(
                $"{name}.bias", values, $"'{Shorten.Text(bias.Name)}' of '{dense.Source}'", bias.Shape,
                "as it is" + Times(dense.BiasFactor));
        }

        static string Times(double factor)
            => factor == 1 ? string.Empty : string.Create(CultureInfo.InvariantCulture, $", times {factor}");
    }

    private static void Write(
        NetworkDraft<T> draft, OnnxTensor? tensor, LayerNode node, string parameter, string note, int count = 0, T fill = default)
    {
        if (tensor is not null)
        {
            draft.Write(
                parameter, tensor.To<T>(), $"'{Shorten.Text(tensor.Name)}' of '{node.Source}'", tensor.Shape, note);
            return;
        }

        T[] values = new T[count];
        Array.Fill(values, fill);
        draft.Write(parameter, values, $"'{node.Source}'", [], $"all {fill}: the file has none");
    }
}
