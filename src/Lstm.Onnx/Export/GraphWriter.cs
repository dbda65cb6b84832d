using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using Google.Protobuf;
using Lstm.Onnx.Files;

namespace Lstm.Onnx.Export;

/// <summary>Builds a graph: nodes, constants, inputs and outputs with unique names.</summary>
internal sealed class GraphWriter(bool isDouble)
{
    public const int Int32 = 6;
    public const int Int64 = 7;
    public const int Bool = 9;
    private readonly Dictionary<string, string> _constants = [];
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private GraphProto? _body;

    public GraphProto Graph { get; } = new() { Name = "lstm" };

    /// <summary>The element type of values.</summary>
    public int ValueType => isDouble ? 11 : 1;

    /// <summary>Adds a node with one output, and gives its name.</summary>
    public string Node(string layer, string op, string[] inputs, params AttributeProto[] attributes)
        => Nodes(layer, op, inputs, 1, attributes)[0];

    /// <summary>Adds a node with several outputs.</summary>
    public string[] Nodes(string layer, string op, string[] inputs, int outputs, params AttributeProto[] attributes)
    {
        string name = Unique($"{layer}/{op}");
        NodeProto node = new() { Name = name, OpType = op };
        node.Input.Add(inputs);
        node.Attribute.Add(attributes);
        for (int i = 0; i < outputs; i++)
        {
            node.Output.Add(
                Unique(outputs == 1 ? $"{name}_output" : string.Create(CultureInfo.InvariantCulture, $"{name}_output_{i}")));
        }

        (_body ?? Graph).Node.Add(node);
        return [.. node.Output];
    }

    /// <summary>
    /// Makes the body of a Scan: nodes that are written meanwhile become part of it, while constants stay in the graph.
    /// </summary>
    public GraphProto Body(string name, Action<GraphProto> write)
    {
        GraphProto body = new() { Name = Unique(name) };
        _body = body;
        write(body);
        _body = null;
        return body;
    }

    /// <summary>Adds a constant of values.</summary>
    public string Constant<T>(string name, ReadOnlySpan<T> values, params int[] shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        byte[] bytes = new byte[values.Length * (isDouble ? 8 : 4)];
        for (int i = 0; i < values.Length; i++)
        {
            if (isDouble)
            {
                BinaryPrimitives.WriteDoubleLittleEndian(bytes.AsSpan(8 * i), double.CreateTruncating(values[i]));
            }
            else
            {
                BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(4 * i), float.CreateTruncating(values[i]));
            }
        }

        return Add(name, ValueType, bytes, shape);
    }

    /// <summary>A constant of one value without axes; equal ones are one constant.</summary>
    public string Number(double value)
    {
        string text = string.Create(CultureInfo.InvariantCulture, $"number_{value:r}");
        return Shared(text, () => Constant<double>(text, [value]));
    }

    /// <summary>A constant vector of integers; equal ones are one constant.</summary>
    public string Integers(params long[] values)
    {
        string text = $"integers_{string.Join('_', values)}";
        return Shared(text, () => Add(text, Int64, Bytes(values), [values.Length]));
    }

    /// <summary>A constant integer without axes; equal ones are one constant.</summary>
    public string Integer(long value)
    {
        string text = string.Create(CultureInfo.InvariantCulture, $"integer_{value}");
        return Shared(text, () => Add(text, Int64, Bytes([value]), []));
    }

    /// <summary>Adds an input or an output; sizes are numbers, or names of sizes that may differ.</summary>
    public static ValueInfoProto Value(string name, int type, params object[] sizes)
    {
        TensorShapeProto shape = new();
        foreach (object size in sizes)
        {
            shape.Dim.Add(
                size is string text ? new DimensionProto { DimParam = text } : new DimensionProto { DimValue = (int)size });
        }

        return new ValueInfoProto
        {
            Name = name,
            Type = new TypeProto { TensorType = new TensorTypeProto { ElemType = type, Shape = shape } }
        };
    }

    /// <summary>Takes a name of the caller's: no node or constant gets it.</summary>
    public string Take(string name) => _names.Add(name) ? name
        : throw new ArgumentException(
            $"The name '{name}' is that of two inputs or outputs of the file; set InputName and OutputName, or LayerSpec.Name.");

    /// <summary>A name that nothing else has.</summary>
    public string Unique(string name)
    {
        string unique = name;
        for (int i = 1; !_names.Add(unique); i++)
        {
            unique = string.Create(CultureInfo.InvariantCulture, $"{name}_{i}");
        }

        return unique;
    }

    /// <summary>An attribute that is a graph.</summary>
    public static AttributeProto Inner(string name, GraphProto graph) => new() { Name = name, G = graph, Type = 5 };

    public static AttributeProto Int(string name, long value) => new() { Name = name, I = value, Type = 2 };

    public static AttributeProto Float(string name, double value) => new() { Name = name, F = (float)value, Type = 1 };

    public static AttributeProto Text(string name, string value)
        => new() { Name = name, S = ByteString.CopyFromUtf8(value), Type = 3 };

    public static AttributeProto Ints(string name, params long[] values)
    {
        AttributeProto attribute = new() { Name = name, Type = 7 };
        attribute.Ints.Add(values);
        return attribute;
    }

    public static AttributeProto Floats(string name, IEnumerable<double> values)
    {
        AttributeProto attribute = new() { Name = name, Type = 6 };
        attribute.Floats.Add(values.Select(value => (float)value));
        return attribute;
    }

    public static AttributeProto Texts(string name, IEnumerable<string> values)
    {
        AttributeProto attribute = new() { Name = name, Type = 8 };
        attribute.Strings.Add(values.Select(ByteString.CopyFromUtf8));
        return attribute;
    }

    private static byte[] Bytes(long[] values)
    {
        byte[] bytes = new byte[8 * values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(8 * i), values[i]);
        }

        return bytes;
    }

    private string Shared(string text, Func<string> make)
    {
        if (!_constants.TryGetValue(text, out string? name))
        {
            name = make();
            _constants.Add(text, name);
        }

        return name;
    }

    private string Add(string name, int type, byte[] bytes, int[] shape)
    {
        TensorProto tensor = new() { Name = Unique(name), DataType = type, RawData = ByteString.CopyFrom(bytes) };
        tensor.Dims.Add(shape.Select(size => (long)size));
        Graph.Initializer.Add(tensor);
        return tensor.Name;
    }
}
