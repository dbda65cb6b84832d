using Google.Protobuf;
using Lstm.Onnx.Export;
using Lstm.Onnx.Files;

namespace Lstm.Onnx.Tests;

/// <summary>Small graphs made by hand.</summary>
internal sealed class OnnxBuilder(int opset = 14)
{
    public const int Units = 4;
    public const int Inputs = 3;
    private readonly GraphWriter _writer = new(isDouble: false);

    public GraphProto Graph => _writer.Graph;

    public OnnxBuilder Input(string name, int type, params object[] sizes)
    {
        Graph.Input.Add(GraphWriter.Value(name, type, sizes));
        return this;
    }

    public OnnxBuilder Output(params string[] names)
    {
        Graph.Output.Add(names.Select(name => new ValueInfoProto { Name = name }));
        return this;
    }

    public OnnxBuilder Constant(string name, float[] values, params int[] shape)
    {
        _writer.Constant<float>(name, values, shape);
        return this;
    }

    public OnnxBuilder Integers(string name, params long[] values)
    {
        TensorProto tensor = new() { Name = name, DataType = 7 };
        tensor.Dims.Add(values.Length);
        tensor.Int64Data.Add(values);
        Graph.Initializer.Add(tensor);
        return this;
    }

    public OnnxBuilder Node(string op, string[] inputs, string[] outputs, params AttributeProto[] attributes)
    {
        NodeProto node = new() { OpType = op, Name = op + Graph.Node.Count };
        node.Input.Add(inputs);
        node.Output.Add(outputs);
        node.Attribute.Add(attributes);
        Graph.Node.Add(node);
        return this;
    }

    public byte[] Bytes()
    {
        ModelProto model = new() { IrVersion = 8, Graph = Graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Version = opset });
        return model.ToByteArray();
    }

    public OnnxImport<float> Import(OnnxImportOptions? options = null)
        => OnnxModel.Import<float>(new MemoryStream(Bytes()), options);

    public static float[] Values(int count, int seed = 1)
        => [.. Enumerable.Range(0, count).Select(i => (float)Math.Sin((i + 1) * 0.37 * seed) * 0.6f)];

    /// <summary>An LSTM of 4 units that reads 3 values a step.</summary>
    public static OnnxBuilder WithLstm(bool both, string input = "x")
    {
        int directions = both ? 2 : 1;
        return new OnnxBuilder(opset: 12).Input("x", 1, "t", "n", Inputs)
            .Constant("W", Values(directions * 16 * Inputs), directions, 16, Inputs)
            .Constant("R", Values(directions * 16 * Units, 2), directions, 16, Units)
            .Constant("B", Values(directions * 8 * Units, 3), directions, 8 * Units)
            .Node(
                "LSTM", [input, "W", "R", "B"], ["Y", "Y_h", "Y_c"], GraphWriter.Int("hidden_size", Units),
                GraphWriter.Text("direction", both ? "bidirectional" : "forward"));
    }
}
