using Lstm.Onnx.Files;
using Lstm.Specs;

namespace Lstm.Onnx.Graphs;

/// <summary>Reads a graph: which nodes are needed, in the order of the file, and what each of them means for layers.</summary>
internal sealed class GraphReading
{
    private readonly GraphContext _context;
    private readonly List<NodeProto> _nodes = [];
    private readonly Dictionary<string, int> _producers = new(StringComparer.Ordinal);

    public GraphReading(ModelProto model, GraphContext context)
    {
        _context = context;

        // Bodies of If and Loop too: their nodes are found by name.
        Stack<GraphProto> graphs = new([model.Graph]);
        while (graphs.TryPop(out GraphProto? graph))
        {
            foreach (TensorProto tensor in graph.Initializer)
            {
                context.AddConstant(tensor);
            }

            foreach (NodeProto node in graph.Node)
            {
                AddNode(node, graphs);
            }
        }
    }

    /// <summary>Whether an LSTM stands in the graph as products and activations of four gates.</summary>
    public bool IsUnrolled
    {
        get
        {
            Dictionary<string, List<string>> readers = new(StringComparer.Ordinal);
            foreach (
                NodeProto node in _nodes.Where(
                node => node.OpType is "Sigmoid" or "HardSigmoid" or "Tanh" && node.Input.Count > 0))
            {
                (readers.TryGetValue(node.Input[0], out List<string>? list) ? list : readers[node.Input[0]] = [])
                    .Add(node.OpType);
            }

            return !_nodes.Any(node => node.OpType == "LSTM")
                && _nodes.Any(node => node.OpType == "Split" && node.Output.Count == 4
                && node.Output.Count(name => readers.GetValueOrDefault(name)?.Any(op => op != "Tanh") == true) >= 3
                && node.Output.Any(name => readers.GetValueOrDefault(name)?.Contains("Tanh") == true));
        }
    }

    /// <summary>The names of LSTM nodes, for messages.</summary>
    public IEnumerable<string> LstmNames
        => _nodes.Where(node => node.OpType == "LSTM").Select(node => new NodeContext(_context, node).Name);

    /// <summary>The node of a name, or that gives the tensor of a name.</summary>
    public NodeProto? FindNode(string name)
        => _nodes.Find(node => node.Name == name) ?? (_producers.TryGetValue(name, out int index) ? _nodes[index] : null);

    /// <summary>Evaluates all that some tensors need.</summary>
    public void Evaluate(IEnumerable<string> wanted)
    {
        bool[] needed = new bool[_nodes.Count];
        Stack<string> open = new(wanted);
        while (open.TryPop(out string? name))
        {
            if (_context.IsKnown(name) || !_producers.TryGetValue(name, out int index) || needed[index])
            {
                continue;
            }

            needed[index] = true;
            foreach (string input in _nodes[index].Input)
            {
                open.Push(input);
            }
        }

        for (int i = 0; i < needed.Length; i++)
        {
            if (needed[i])
            {
                Evaluate(new NodeContext(_context, _nodes[i]), _nodes[i].Domain);
            }
        }
    }

    private static void Evaluate(NodeContext node, string domain)
    {
        if (domain is not ("" or "ai.onnx"))
        {
            SetAll(node, node.Fail($"is of the domain '{Shorten.Text(domain)}', whose operators no layer computes"));
            return;
        }

        switch (node.OpType)
        {
            case "LSTM":
                LstmOperator.Read(node);
                break;
            case "Split":
                SplitOperator.Read(node);
                break;
            default:
                node.Set(0, MaskOperators.Read(node) ?? One(node));
                break;
        }
    }

    private static Value One(NodeContext node) => node.OpType switch
    {
        "Constant" => ConstantOperators.Constant(node),
        "ConstantOfShape" => ConstantOperators.ConstantOfShape(node),
        "MatMul" => DenseOperators.MatMul(node),
        "Gemm" => DenseOperators.Gemm(node),
        "LayerNormalization" => ElementOperators.LayerNormalization(node),
        "Concat" => Joined(node, node.Inputs()),
        "Add" or "Sub" or "Mul" or "Div" or "Pow" => Binary(node, node.Input(0), node.Input(1)),
        _ => node.Input(0) is Unknown ? Unknown.Instance : Unary(node, node.Input(0)),
    };

    private static Value Joined(NodeContext node, Value[] all)
        => all.Length == 0 || all.Contains(Unknown.Instance) ? Unknown.Instance
        : all.Any(value => value is Flow or FinalState) ? ElementOperators.Concat(node, all)
        : all.All(value => value is Fill) ? all[0]
        : ConstantOperators.Concat(node, all);

    private static Value Binary(NodeContext node, Value a, Value b)
    {
        if (a is Unknown || b is Unknown)
        {
            return Unknown.Instance;
        }

        if (a is not (Flow or FinalState or NormStage) && b is not (Flow or FinalState or NormStage)
            && ConstantOperators.Shape(a) is { } m && ConstantOperators.Shape(b) is { } n)
        {
            return ConstantOperators.Arithmetic(node.OpType, m, n) ?? node.Fail("computes a shape that is not known");
        }

        return node.OpType switch
        {
            "Add" => ElementOperators.Add(node, a, b),
            "Sub" => ElementOperators.Sub(node, a, b),
            "Mul" => ElementOperators.Mul(node, a, b),
            "Div" => ElementOperators.Div(node, a, b),
            _ => (a, b) is (NormStage { Step: NormStep.Centered } centered, Constant { Tensor: { Count: 1 } two }) && two[0] == 2
                ? centered with { Step = NormStep.Squared }
                : node.Fail("is a power that no layer computes"),
        };
    }

    private static Value Unary(NodeContext node, Value value)
    {
        switch (node.OpType)
        {
            case "Identity" or "Dropout":
                return value;
            case "Sigmoid" or "Tanh" or "Relu" or "HardSigmoid" or "LeakyRelu" or "Elu" or "Softsign" or "Softplus"
                or "ThresholdedRelu":
                return ElementOperators.Activation(node, value, Enum.Parse<ActivationFunction>(node.OpType));
            case "Softmax" or "LogSoftmax":
                return ElementOperators.Softmax(node, value, Enum.Parse<ActivationFunction>(node.OpType));
            case "ReduceMean" when value is NormStage { Step: NormStep.Squared } squared:
                return squared with { Step = NormStep.Variance };
            case "ReduceMean" or "ReduceMax" or "ReduceSum" or "ReduceProd":
                return value is Flow || value is FinalState
                    ? AxisOperators.Reduce(node, value as Flow ?? Chain.Pooled((FinalState)value)!)
                    : node.Fail("reduces something other than the values of steps");
            case "Sqrt" when value is NormStage { Step: NormStep.Shifted } shifted:
                return shifted with { Step = NormStep.Deviation };
            case "Reciprocal" when value is NormStage { Step: NormStep.Deviation } deviation:
                return deviation with { Step = NormStep.Reciprocal };
            case "Transpose" or "Reshape" or "Flatten" or "Squeeze" or "Unsqueeze" or "Slice" or "Gather" or "Expand" or "Tile"
                or "Cast" or "Shape":
                return ShapeOperators.Read(node, value);
            default:
                return node.Fail("no layer computes this operator");
        }
    }

    private static void SetAll(NodeContext node, Value value)
    {
        for (int i = 0; i < node.OutputCount; i++)
        {
            node.Set(i, value);
        }
    }

    private void AddNode(NodeProto node, Stack<GraphProto> graphs)
    {
        foreach (string output in node.Output)
        {
            _producers.TryAdd(output, _nodes.Count);
        }

        _nodes.Add(node);
        foreach (AttributeProto attribute in node.Attribute)
        {
            foreach (GraphProto inner in attribute.G is null ? attribute.Graphs : [attribute.G, .. attribute.Graphs])
            {
                graphs.Push(inner);
            }
        }
    }
}
