using Lstm.Onnx.Files;

namespace Lstm.Onnx.Graphs;

/// <summary>
/// What is known while a graph is read: its constants and values, what was found wrong, and how much may still be computed.
/// </summary>
internal sealed class GraphContext(ModelProto model, long size, TensorReader reader)
{
    private const int MostShown = 50;
    private const long BudgetFactor = 16;
    private const long BudgetStart = 1 << 16;
    private readonly Dictionary<string, Value> _values = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TensorProto> _constants = new(StringComparer.Ordinal);
    private readonly List<string> _problems = [];
    private long _spent;

    /// <summary>The version of ONNX's own operators.</summary>
    public long Opset { get; } = model.OpsetImport.Where(opset => opset.Domain is "" or "ai.onnx").Select(opset => opset.Version)
        .FirstOrDefault(1);

    /// <summary>What the file says of itself in pairs of words.</summary>
    public IEnumerable<StringStringEntryProto> Metadata => model.MetadataProps;

    /// <summary>The format as the report names it.</summary>
    public string Format => model.ProducerName.Length == 0 ? $"ONNX, operator set {Opset}"
        : $"ONNX, operator set {Opset}, of {Shorten.Text(model.ProducerName)} {Shorten.Text(model.ProducerVersion)}".TrimEnd();

    public IReadOnlyList<string> Problems => _problems;

    /// <summary>What is said of single tensors and nodes that have no effect.</summary>
    public List<string> Ignored { get; } = [];

    public void AddConstant(TensorProto tensor) => _constants[tensor.Name] = tensor;

    public bool IsKnown(string name) => _values.ContainsKey(name) || _constants.ContainsKey(name);

    public bool IsConstant(string name) => _constants.ContainsKey(name);

    public void Set(string name, Value value) => _values[name] = value;

    /// <summary>The value of a name; constants are decoded when they are asked for.</summary>
    public Value? Find(string name)
    {
        if (_values.TryGetValue(name, out Value? value))
        {
            return value;
        }

        if (!_constants.TryGetValue(name, out TensorProto? tensor))
        {
            return null;
        }

        return _values[name] = new Constant(reader.Read(tensor));
    }

    /// <summary>The constants that nobody asked for, as lines of the report.</summary>
    public IEnumerable<string> Unread()
    {
        string[] unread = [.. _constants.Values.Where(tensor => !_values.ContainsKey(tensor.Name)).Select(tensor
            => $"'{Shorten.Text(tensor.Name)}' [{string.Join(", ", tensor.Dims.Take(17))}], which no output needs")];
        return unread.Length <= MostShown ? unread
            : [.. unread.Take(MostShown), $"{unread.Length - MostShown} more constants, which no output needs"];
    }

    public OnnxTensor Read(TensorProto tensor) => reader.Read(tensor);

    /// <summary>
    /// Takes note of work on values of constants and of parameters: all of it is bounded by the size of the files.
    /// </summary>
    /// <exception cref="InvalidDataException">It is too much.</exception>
    public void Spend(long values)
    {
        _spent = values > long.MaxValue - _spent ? long.MaxValue : _spent + values;
        if (_spent > BudgetStart + (BudgetFactor * (size + reader.ExternalBytes)))
        {
            throw new InvalidDataException(
                $"The graph computes with, or its layers have, more than {BudgetFactor} values for each byte of the file, " +
                $"which has {size + reader.ExternalBytes}: no model has so few constants for so many.");
        }
    }

    public void AddProblem(string problem) => _problems.Add(problem);

    /// <exception cref="InvalidDataException">There are problems; the message lists all of them.</exception>
    public void ThrowIfAny(string what)
    {
        if (_problems.Count > 0)
        {
            string more = _problems.Count > MostShown ? $"; and {_problems.Count - MostShown} more" : string.Empty;
            throw new InvalidDataException($"{what}: {string.Join("; ", _problems.Distinct().Take(MostShown))}{more}.");
        }
    }
}

/// <summary>One node of a graph while it is read.</summary>
/// <param name="graph">What is known.</param>
/// <param name="node">The node.</param>
/// <param name="isForShape">Whether it only gives numbers of shapes, which need not be known.</param>
internal sealed class NodeContext(GraphContext graph, NodeProto node, bool isForShape = false)
{
    public GraphContext Graph => graph;

    public NodeAttributes Attributes { get; } = new(node);

    public string OpType => node.OpType;

    public int OutputCount => node.Output.Count;

    /// <summary>The node as messages and reports name it.</summary>
    public string Name { get; } =
        Shorten.Text(GraphIndex.Label(node));

    public bool Has(int input) => input < node.Input.Count && node.Input[input].Length > 0;

    public string InputName(int input) => Has(input) ? node.Input[input] : string.Empty;

    public bool HasOutput(int output) => output < node.Output.Count && node.Output[output].Length > 0;

    public Value Input(int input)
        => Has(input) ? graph.Find(node.Input[input]) ?? Missing(input) : Fail($"input {input} is missing");

    public Value[] Inputs() => [.. Enumerable.Range(0, node.Input.Count).Select(Input)];

    public void Set(int output, Value value)
    {
        if (HasOutput(output))
        {
            graph.Set(node.Output[output], value);
        }
    }

    /// <summary>Notes why the node cannot be read.</summary>
    public Value Fail(string problem)
    {
        if (!isForShape)
        {
            graph.AddProblem($"node '{Name}' ({Shorten.Text(node.OpType)}): {problem}");
        }

        return Unknown.Instance;
    }

    /// <summary>The constant of an input; null, with the problem noted, if it is none.</summary>
    public OnnxTensor? Constant(int input, string what)
    {
        switch (Input(input))
        {
            case Constant constant:
                return constant.Tensor;
            case Unknown:
                return null;
            default:
                Fail($"{what} '{Shorten.Text(InputName(input))}' is computed by the graph or an input of it, and has to be a " +
                    $"constant of the file");
                return null;
        }
    }

    /// <summary>Small integers: axes, starts, shapes. Null if they are not known.</summary>
    public long[]? Integers(int input) => Input(input) switch
    {
        Constant { Tensor: { IsInteger: true, Count: <= 64 } tensor } => tensor.To<long>(),
        ShapeVector vector when Array.TrueForAll(vector.Dims, dim => dim.Known is not null)
            => [.. vector.Dims.Select(dim => dim.Known!.Value)],
        _ => null,
    };

    /// <summary>The axes that an attribute, or since some opset an input, gives.</summary>
    public long[]? Axes(int input) => Attributes.Ints("axes") ?? (Has(input) ? Integers(input) : []);

    /// <summary>An axis counted from 0; −1, with the problem noted, if there is none.</summary>
    public int Axis(long axis, int rank)
    {
        long counted = axis < 0 ? axis + rank : axis;
        if (counted >= 0 && counted < rank)
        {
            return (int)counted;
        }

        Fail($"axis {axis} does not exist in a tensor of {rank} axes");
        return -1;
    }

    private Value Missing(int input)
        => Fail($"input {input} '{Shorten.Text(node.Input[input])}' is given by no node, constant or input of the graph");
}
