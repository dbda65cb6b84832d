using Lstm.Onnx.Files;
using Lstm.Specs;

namespace Lstm.Onnx.Graphs;

/// <summary>Reads a graph: which nodes are needed, in the order of the file, and what each of them means for layers.</summary>
internal sealed class GraphReading
{
    private readonly GraphContext _context;
    private readonly List<NodeProto> _nodes = [];
    private readonly Dictionary<string, int> _producers = new(StringComparer.Ordinal);

    /// <param name="scope">The graph, or the body whose nodes are read; the graphs around it are read with it.</param>
    /// <param name="context">What is known.</param>
    public GraphReading(GraphScope scope, GraphContext context)
    {
        _context = context;
        foreach (GraphScope visible in scope.Visible)
        {
            foreach (TensorProto tensor in visible.Graph.Initializer)
            {
                context.AddConstant(tensor);
            }

            foreach (NodeProto node in visible.Graph.Node)
            {
                foreach (string output in node.Output.Where(name => name.Length > 0))
                {
                    _producers[output] = _nodes.Count;
                }

                _nodes.Add(node);
            }
        }
    }

    /// <summary>The nodes that were needed.</summary>
    public HashSet<NodeProto> Read { get; } = [];

    /// <summary>Evaluates all that some tensors need.</summary>
    /// <remarks>
    /// What stands in the place of a shape need not be known: a node that cannot be read there is no problem of its own.
    /// </remarks>
    public void Evaluate(IEnumerable<string> wanted)
    {
        // 0: not needed, 1: for a shape only, 2: for values.
        byte[] needed = new byte[_nodes.Count];
        Stack<(string Name, byte Need)> open = new(wanted.Select(name => (name, (byte)2)));
        while (open.TryPop(out (string Name, byte Need) next))
        {
            if (_context.IsKnown(next.Name) || !_producers.TryGetValue(next.Name, out int index) || needed[index] >= next.Need)
            {
                continue;
            }

            needed[index] = next.Need;
            for (int i = 0; i < _nodes[index].Input.Count; i++)
            {
                open.Push((_nodes[index].Input[i], IsOfShape(_nodes[index].OpType, i) ? (byte)1 : next.Need));
            }
        }

        for (int i = 0; i < needed.Length; i++)
        {
            if (needed[i] > 0)
            {
                Read.Add(_nodes[i]);
                Evaluate(new NodeContext(_context, _nodes[i], isForShape: needed[i] == 1), _nodes[i].Domain);
            }
        }
    }

    private static bool IsOfShape(string op, int input) => (op, input) switch
    {
        ("Expand" or "Tile" or "Reshape" or "Squeeze" or "Unsqueeze", 1) or ("ConstantOfShape", 0) or ("LSTM", 4) => true,
        ("Slice", > 0) => true,
        _ => false,
    };

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
        "ConstantOfShape" => ShapeArithmetic.ConstantOfShape(node),
        "MatMul" => DenseOperators.MatMul(node),
        "Gemm" => DenseOperators.Gemm(node),
        "LayerNormalization" => ElementOperators.LayerNormalization(node),
        "Concat" => Joined(node, node.Inputs()),
        "Add" or "Sub" or "Mul" or "Div" or "Pow" or "Equal" => Binary(node, node.Input(0), node.Input(1)),
        "Where" => ShapeArithmetic.Where(node),
        _ => node.Input(0) is Unknown ? Unknown.Instance : Unary(node, node.Input(0)),
    };

    private static Value Joined(NodeContext node, Value[] all)
        => all.Length == 0 || all.Any(value => value is Unknown) ? Unknown.Instance
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
            && ShapeArithmetic.Shape(a) is { } m && ShapeArithmetic.Shape(b) is { } n)
        {
            return ShapeArithmetic.Arithmetic(node.OpType, m, n) ?? node.Fail("computes a shape that is not known");
        }

        return node.OpType switch
        {
            "Add" => ElementOperators.Add(node, a, b),
            "Sub" => ElementOperators.Sub(node, a, b),
            "Mul" => ElementOperators.Mul(node, a, b),
            "Div" => ElementOperators.Div(node, a, b),
            "Equal" => node.Fail("compares values, which no layer does"),
            _ => (a, b) is (NormStage { Step: NormStep.Centered } centered, Constant { Tensor: { Count: 1 } two }) && two[0] == 2
                ? centered with { Step = NormStep.Squared }
                : node.Fail("is a power that no layer computes"),
        };
    }

    private static Value Unary(NodeContext node, Value value)
    {
        switch (node.OpType)
        {
            case "Dropout":
                node.Graph.Ignored.Add($"'{node.Name}' (Dropout), which acts in training only");
                return value;
            case "Identity":
                return value;
            case "Abs" when DenseOperators.Sequences(node, value) is { } flow:
                return new Absolute(flow, Shift: 0);
            case "ReduceProd" when ShapeArithmetic.Shape(value) is { } vector:
                return ShapeArithmetic.Product(node, vector);
            case "Sigmoid" or "Tanh" or "Relu" or "HardSigmoid" or "LeakyRelu" or "Elu" or "Softsign" or "Softplus"
                or "ThresholdedRelu":
                return ElementOperators.Activation(node, value, Enum.Parse<ActivationFunction>(node.OpType));
            case "Softmax" or "LogSoftmax":
                return ElementOperators.Softmax(node, value, Enum.Parse<ActivationFunction>(node.OpType));
            case "ReduceMean" when value is NormStage { Step: NormStep.Squared } squared:
                return squared with { Step = NormStep.Variance };
            case "ReduceMean" or "ReduceMax" or "ReduceSum" or "ReduceProd":
                return (value is FinalState state ? Chain.Pooled(state) : value as Flow) is { } reduced
                    ? AxisOperators.Reduce(node, reduced)
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
}
