using Google.Protobuf;
using Lstm.Onnx.Files;

namespace Lstm.Onnx.Tests;

/// <summary>Changes of a file: of its bytes, which mostly break it, and of its graph, which mostly stays a graph.</summary>
internal static class GraphMutation
{
    private static readonly long[] Numbers =
        [0, 1, -1, 2, 3, 4, -2, 16, 17, 64, 65, 1 << 20, int.MaxValue, int.MinValue, 1L << 32, long.MaxValue, long.MinValue];

    private static readonly string[] Types =
        ["LSTM", "Gather", "MatMul", "Gemm", "Add", "Sub", "Mul", "Div", "Pow", "Sigmoid", "Tanh", "Relu", "LeakyRelu", "Elu",
        "Softmax", "LogSoftmax", "LayerNormalization", "Reshape", "Transpose", "Squeeze", "Unsqueeze", "Concat", "Slice", "Split",
        "Identity", "Cast", "Constant", "ConstantOfShape", "Shape", "Expand", "Tile", "Flatten", "ReduceMean", "ReduceMax",
        "ReduceSum", "ReduceProd", "Sqrt", "Reciprocal", "Equal", "Where", "Range", "Less", "Greater", "Max", "Abs", "Dropout"];

    private static readonly string[] Attributes =
        ["axis", "axes", "perm", "keepdims", "to", "hidden_size", "layout", "starts", "ends", "split", "num_outputs", "start",
        "end", "allowzero", "transA", "transB", "alpha", "beta", "epsilon", "clip", "activations", "activation_alpha", "value",
        "value_ints", "value_float", "input_forget", "direction", "shape", "then_branch"];

    public static byte[] OfBytes(byte[] good, Random random)
    {
        List<byte> file = [.. good];
        for (int change = random.Next(1, 4); change > 0 && file.Count > 0; change--)
        {
            int at = random.Next(file.Count), length = Math.Min(random.Next(1, 9), file.Count - at);
            switch (random.Next(6))
            {
                case 0:
                    file[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    file[at] = (byte)random.Next(256);
                    break;
                case 2:
                    file.RemoveRange(at, length);
                    break;
                case 3:
                    file.InsertRange(at, Enumerable.Range(0, length).Select(_ => (byte)random.Next(256)));
                    break;
                case 4:
                    file.RemoveRange(at, file.Count - at);
                    break;
                default:
                    file.InsertRange(at, file.GetRange(random.Next(file.Count - length + 1), length));
                    break;
            }
        }

        return [.. file];
    }

    public static byte[] OfGraph(byte[] good, Random random)
    {
        ModelProto model = ModelProto.Parser.ParseFrom(good);
        for (int change = random.Next(1, 4); change > 0; change--)
        {
            Change(model, model.Graph, random);
        }

        return model.ToByteArray();
    }

    private static void Change(ModelProto model, GraphProto graph, Random random)
    {
        NodeProto? node = graph.Node.Count == 0 ? null : graph.Node[random.Next(graph.Node.Count)];
        TensorProto? tensor = graph.Initializer.Count == 0 ? null : graph.Initializer[random.Next(graph.Initializer.Count)];
        ValueInfoProto? value = graph.Input.Count == 0 ? null : graph.Input[random.Next(graph.Input.Count)];
        switch (random.Next(14))
        {
            case 0 when node is not null:
                node.OpType = Any(Types, random);
                break;
            case 1 or 2 when node is { Input.Count: > 0 }:
                node.Input[random.Next(node.Input.Count)] = AnyName(graph, random);
                break;
            case 3 when node is not null:
                node.Input.Add(AnyName(graph, random));
                break;
            case 4 when node is { Input.Count: > 0 }:
                node.Input.RemoveAt(random.Next(node.Input.Count));
                break;
            case 5 or 6 when node is not null:
                node.Attribute.Add(AnyAttribute(graph, random));
                break;
            case 7 when node is { Attribute.Count: > 0 }:
                node.Attribute[random.Next(node.Attribute.Count)] = AnyAttribute(graph, random);
                break;
            case 8 when tensor is { Dims.Count: > 0 }:
                tensor.Dims[random.Next(tensor.Dims.Count)] = Any(Numbers, random);
                break;
            case 9 when tensor is { Dims.Count: > 1 }:
                (tensor.Dims[0], tensor.Dims[^1]) = (tensor.Dims[^1], tensor.Dims[0]);
                break;
            case 10 when tensor is { Int64Data.Count: > 0 }:
                tensor.Int64Data[random.Next(tensor.Int64Data.Count)] = Any(Numbers, random);
                break;
            case 11 when value?.Type?.TensorType?.Shape is { Dim.Count: > 0 } shape:
                shape.Dim[random.Next(shape.Dim.Count)] = new DimensionProto { DimValue = Any(Numbers, random) };
                break;
            case 12 when graph.Output.Count > 0:
                graph.Output[random.Next(graph.Output.Count)].Name = AnyName(graph, random);
                break;
            default:
                model.OpsetImport[0].Version = Any([1, 7, 9, 11, 13, 18, 22], random);
                break;
        }
    }

    private static AttributeProto AnyAttribute(GraphProto graph, Random random)
    {
        AttributeProto attribute = new() { Name = Any(Attributes, random), I = Any(Numbers, random), F = random.Next(-2, 3) };
        attribute.Ints.Add(Enumerable.Range(0, random.Next(5)).Select(_ => Any(Numbers, random)));
        attribute.Floats.Add(Enumerable.Range(0, random.Next(3)).Select(_ => random.NextSingle()));
        attribute.S = ByteString.CopyFromUtf8(Any(["forward", "reverse", "bidirectional"], random));
        attribute.T = graph.Initializer.Count == 0 ? null : graph.Initializer[random.Next(graph.Initializer.Count)].Clone();
        if (random.Next(8) == 0)
        {
            attribute.G = graph.Clone();
        }

        return attribute;
    }

    private static string AnyName(GraphProto graph, Random random)
    {
        string[] names =
        [
            .. graph.Initializer.Select(tensor => tensor.Name), .. graph.Node.SelectMany(node => node.Output),
            .. graph.Input.Select(value => value.Name), string.Empty, "none",
        ];
        return Any(names, random);
    }

    private static T Any<T>(T[] all, Random random) => all[random.Next(all.Length)];
}
