using Lstm.Onnx.Files;

namespace Lstm.Onnx.Graphs;

/// <summary>The inputs of what is read: those of the graph, or those of a part of it.</summary>
internal sealed class GraphRoots(GraphScope scope, GraphContext context)
{
    private const int MostAxes = 8;

    // sequence_lens among the inputs of an LSTM.
    private const int Lengths = 4;
    private readonly List<InputNode> _inputs = [];

    /// <summary>The inputs that the caller gives.</summary>
    public IReadOnlyList<InputNode> Inputs => _inputs;

    /// <summary>What the caller has to compute.</summary>
    public List<string> Left { get; } = [];

    /// <summary>The inputs of the whole graph; gives the names of what is wanted.</summary>
    public string[] OfGraph(OnnxImportOptions options)
    {
        if (options.Input is { } input)
        {
            AddOr(scope.FindInfo(input), $"OnnxImportOptions.Input '{Shorten.Text(input)}' has no shape in the file");
        }

        foreach (ValueInfoProto value in scope.Graph.Input.Where(value => value.Name != options.Input))
        {
            // An input that has an initial value is a constant: exporters of IR version 3 list all weights.
            if (!context.IsKnown(value.Name))
            {
                AddOr(value, null);
            }
        }

        return options.Output is { } output ? [output] : [.. scope.Graph.Output.Select(value => value.Name)];
    }

    /// <summary>The inputs of one node; gives the names of what it gives.</summary>
    /// <param name="node">The node.</param>
    /// <param name="alone">What a tensor is if nothing is known of the graph's inputs.</param>
    public string[] OfNode(NodeProto node, Func<string, Value?> alone)
    {
        bool isLstm = node.OpType == "LSTM";
        for (int i = 0; i < node.Input.Count; i++)
        {
            int rank = isLstm ? i is 0 or 5 or 6 ? 3 : i == Lengths ? 1 : 0 : i > 0 ? 0 : node.OpType == "Gemm" ? 2 : 3;
            if (node.Input[i].Length == 0 || rank == 0 || context.IsKnown(node.Input[i]))
            {
                continue;
            }

            // Initial states of zeros, lengths of all steps, and what is a constant are the node's own.
            if (isLstm && i > 0 && alone(node.Input[i]) is (Constant or Fill or Repeated) and var value)
            {
                context.Set(node.Input[i], value);
                continue;
            }

            ValueInfoProto? info = scope.FindInfo(node.Input[i]);
            if (info?.Type.TensorType.Shape.Dim.Count is { } known && (isLstm ? known == rank : known is > 0 and <= MostAxes))
            {
                AddOr(info, null);
            }
            else
            {
                Atom[] axes = [.. Enumerable.Range(0, rank).Select(_ => new Atom(null))];
                Add(new InputNode(node.Input[i], isInteger: isLstm && i == Lengths, axes) { Features = [] });
            }
        }

        return [.. node.Output.Where(output => output.Length > 0)];
    }

    private void AddOr(ValueInfoProto? value, string? problem)
    {
        TensorTypeProto? type = value?.Type?.TensorType;
        if (type?.Shape is null || type.Shape.Dim.Count > MostAxes)
        {
            if (problem is not null)
            {
                throw new InvalidDataException(problem + ".");
            }

            return;
        }

        Atom[] axes =
            [.. type.Shape.Dim.Select(
            dim => new Atom(dim.ValueCase == DimensionProto.ValueOneofCase.DimValue && dim.DimValue > 0 ? dim.DimValue : null))];
        Add(new InputNode(value!.Name, type.ElemType is not (1 or 10 or 11 or 16), axes) { Features = [] });
    }

    private void Add(InputNode input)
    {
        _inputs.Add(input);
        context.Set(input.Name, new Flow(input, [.. input.Axes.Select(axis => new Atom[] { axis })]));
    }
}

/// <summary>What is wanted of the graph, and the layer that gives it.</summary>
internal sealed class GraphOutputs
{
    private GraphOutputs(List<(string, Value)> all, LayerNode final) => (All, Final) = (all, final);

    /// <summary>Each output with what it is.</summary>
    public IReadOnlyList<(string Name, Value Value)> All { get; }

    /// <summary>The last layer of the network.</summary>
    public LayerNode Final { get; }

    public static GraphOutputs Find(GraphContext context, string[] wanted)
    {
        List<(string, Value)> all = [];
        LayerNode? final = null;
        foreach (string name in wanted)
        {
            Value value = context.Find(name) switch
            {
                Flow flow => Chain.Selected(flow),
                NormStage { Step: NormStep.Scaled or NormStep.Normal } norm => Normalised(context, name, norm),
                FinalState state when wanted.Length == 1 && Chain.Pooled(state) is { } pooled => Chain.Selected(pooled),
                { } other => other,
                null => Unknown.Instance,
            };
            all.Add((name, value));
            if (value is Flow { Node: not InputNode } one && (final is null || one.Node.Depth > final.Depth))
            {
                final = one.Node;
            }
        }

        // Without steps that flow out, the states' layers are the network.
        foreach ((_, Value value) in all)
        {
            foreach (StateEntry entry in value is FinalState state ? state.Entries : [])
            {
                final = final is null
                    || (!all.Any(pair => pair.Item2 is Flow { Node: not InputNode }) && entry.Node.Depth > final.Depth)
                        ? entry.Node : final;
            }
        }

        return final is null
            ? throw new InvalidDataException(
                $"The graph's outputs {string.Join(", ", wanted.Take(20).Select(name => $"'{Shorten.Text(name)}'"))} come " +
                $"from no layer.")
            : new GraphOutputs(all, final);
    }

    // A graph that ends in a layer normalisation without a bias.
    private static Value Normalised(GraphContext context, string name, NormStage norm)
        => DenseOperators.Sequences(new NodeContext(context, new NodeProto { Name = name, OpType = "Add" }), norm) is { } flow
            ? flow : Unknown.Instance;
}
