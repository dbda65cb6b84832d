namespace Lstm.Onnx.Graphs;

/// <summary>Products with constant matrices, and tables of rows.</summary>
internal static class DenseOperators
{
    public static Value MatMul(NodeContext node)
    {
        Value x = node.Input(0);
        OnnxTensor? weight = node.Constant(1, "the matrix");
        return weight is null || Sequences(node, x) is not { } flow ? Unknown.Instance
            : Dense(node, flow, weight, isTransposed: true, null, 1, 1);
    }

    public static Value Gemm(NodeContext node)
    {
        Value x = node.Input(0);
        OnnxTensor? weight = node.Constant(1, "B"), bias = node.Has(2) ? node.Constant(2, "C") : null;
        if (weight is null || (node.Has(2) && bias is null) || Sequences(node, x) is not { } flow)
        {
            return Unknown.Instance;
        }

        bool isTransposed = node.Attributes.Int("transB", 0) == 0;
        if (node.Attributes.Int("transA", 0) != 0 || flow.Rank != 2)
        {
            return node.Fail("multiplies something other than rows of features");
        }

        double beta = node.Attributes.Float("beta", 1);
        return Dense(node, flow, weight, isTransposed, beta == 0 ? null : bias, node.Attributes.Float("alpha", 1), beta);
    }

    /// <summary>The rows of a constant table that a graph's integers select.</summary>
    public static Value Embedding(NodeContext node, OnnxTensor table, Flow ids)
    {
        if (node.Attributes.Int("axis", 0) != 0 || table.Shape.Count != 2 || table.IsInteger
            || ids.Node is not InputNode input || ids.Groups.Any(group => group.Any(axis => axis.Role == AxisRole.Feature)))
        {
            return node.Fail($"takes something other than rows of the table {table} by ids that are an input");
        }

        // Some exporters give ids as float and cast them.
        input.IsInteger = true;
        Atom features = Atom.Feature(table.Shape[1]);
        return new Flow(new EmbeddingNode(input, node.Name, table) { Features = [features] }, [.. ids.Groups, [features]]);
    }

    /// <summary>The bias of a product that has none yet; null if the layer is none such, or the bias has another shape.</summary>
    public static Flow? WithBias(Flow flow, OnnxTensor bias)
        => flow.Node is DenseNode { Bias: null, Activation: Activation.None } dense && bias.Shape.Count >= 1
            && bias.Count == bias.Shape[^1]
            && bias.Count == dense.FeatureCount && !bias.IsInteger && flow.Groups[^1].SequenceEqual(dense.Features)
            ? flow with { Node = dense.With(bias.With([bias.Count]), Activation.None) }
            : null;

    /// <summary>The value as steps of features: also the last outputs of an LSTM.</summary>
    public static Flow? Sequences(NodeContext node, Value value)
    {
        switch (value)
        {
            case Flow { Rank: >= 1 } flow:
                return Chain.Selected(flow);
            case FinalState state when Chain.Pooled(state) is { } pooled:
                return Chain.Selected(pooled);
            case NormStage { Step: NormStep.Normal or NormStep.Scaled } norm:
                return ElementOperators.Norm(node, norm.Source, norm.Weight, null, norm.Epsilon) as Flow;
            case Unknown:
                return null;
            default:
                node.Fail("reads something other than the values of steps");
                return null;
        }
    }

    private static Value Dense(
        NodeContext node, Flow flow, OnnxTensor weight, bool isTransposed, OnnxTensor? bias, double alpha, double beta)
    {
        if (weight.Shape.Count != 2 || weight.IsInteger)
        {
            return node.Fail($"multiplies with {weight}; a dense layer has a matrix");
        }

        LayerNode parent = Chain.Features(node, flow);
        int inputs = weight.Shape[isTransposed ? 0 : 1], outputs = weight.Shape[isTransposed ? 1 : 0];
        long given = Dim.Of(flow.Groups[^1]).Known ?? inputs;
        if (given != inputs || outputs < 1)
        {
            return node.Fail($"multiplies {given} features with the matrix {weight}");
        }

        if (bias is not null && (bias.Count != outputs || bias.IsInteger || bias.Shape.Count == 0 || bias.Shape[^1] != outputs))
        {
            return node.Fail($"adds {bias} to {outputs} outputs");
        }

        Atom features = Atom.Feature(outputs);
        DenseNode dense = new(parent, node.Name, weight, isTransposed)
        {
            Features = [features],
            Bias = bias?.With([outputs]),
            WeightFactor = alpha,
            BiasFactor = beta,
        };
        return new Flow(dense, [.. flow.Groups[..^1], [features]]);
    }
}
