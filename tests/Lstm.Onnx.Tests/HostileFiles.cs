using Google.Protobuf;
using Lstm.Onnx.Export;
using Lstm.Onnx.Files;
using Lstm.Specs;
using static Lstm.Onnx.Tests.OnnxBuilder;

namespace Lstm.Onnx.Tests;

/// <summary>Files that are read, and files that lie.</summary>
internal static class HostileFiles
{
    public static byte[][] Good() =>
    [
        Exported(
        new(), new LstmSpec(3) { Direction = LstmDirection.Bidirectional }, new PoolingSpec(Pooling.Last), new DenseSpec(2)),
        Exported(
            new() { States = true }, new LstmSpec(3) { Layers = 2, Bias = LstmBias.Two }, new LayerNormSpec(),
            new ActivationSpec(ActivationFunction.Softmax)),
        Exported(
            new() { BatchFirst = false, Double = true }, new LstmSpec(3) { LearnInitialState = true },
            new PoolingSpec(Pooling.Mean), new RepeatLastSpec(2)),
        Exported(new(), new EmbeddingSpec(2), new LstmSpec(2) { Shortcut = LstmShortcut.Add }),
    ];

    // Bodies, external data, states, shapes computed in the graph, layer normalisation in single operators, parts of constants.
    public static IEnumerable<byte[]> Handmade()
    {
        OnnxBuilder states = new OnnxBuilder().Input("x", 1, "t", "n", 3).Input("h", 1, 2, "n", 4).Input("s", 6, "n")
            .Constant("w", Values(48), 16, 3).Constant("R", Values(64), 1, 16, 4).Integers("zero", 0).Integers("one", 1)
            .Integers("two", 2).Integers("four", 4).Constant("nothing", [0]);
        states.Node("Split", ["w"], ["i", "f", "c", "o"], GraphWriter.Int("axis", 0))
            .Node("Concat", ["i", "o", "f", "c"], ["ordered"], GraphWriter.Int("axis", 0))
            .Node("Unsqueeze", ["ordered", "zero"], ["W"]).Node("Slice", ["h", "zero", "one", "zero"], ["h0"])
            .Node("Shape", ["x"], ["shape"]).Node("Gather", ["shape", "one"], ["count"])
            .Node("Concat", ["one", "count", "four"], ["size"], GraphWriter.Int("axis", 0))
            .Node("Expand", ["nothing", "size"], ["c0"])
            .Node("LSTM", ["x", "W", "R", "", "s", "h0", "c0"], ["Y", "Y_h"], GraphWriter.Int("hidden_size", 4))
            .Node("Squeeze", ["Y", "one"], ["y"]).Output("y", "Y_h");
        yield return states.Bytes();
        OnnxBuilder norm = Start().Constant("two", [2]).Constant("eps", [1e-3f]).Constant("gamma", Values(2), 2)
            .Node("ReduceMean", ["x"], ["m"], GraphWriter.Ints("axes", -1)).Node("Sub", ["x", "m"], ["c"])
            .Node("Pow", ["c", "two"], ["q"]).Node("ReduceMean", ["q"], ["v"], GraphWriter.Ints("axes", -1))
            .Node("Add", ["v", "eps"], ["e"]).Node("Sqrt", ["e"], ["d"]).Node("Div", ["c", "d"], ["n"])
            .Node("Mul", ["n", "gamma"], ["y"]).Output("y");
        yield return norm.Bytes();
        OnnxBuilder outer = Start().Constant("V", Values(4), 2, 2).Node("MatMul", ["x", "V"], ["y"]).Output("y");
        outer.Node("If", ["x"], ["z"], new AttributeProto { Name = "then_branch", G = states.Graph, Type = 5 });
        yield return outer.Bytes();
    }

    // As many layers, outputs, bodies and names as a file of this size can have.
    public static IEnumerable<byte[]> Large()
    {
        OnnxBuilder chain = Start(), outputs = Start();
        for (int i = 0; i < 4000; i++)
        {
            chain.Node("Tanh", [i == 0 ? "x" : $"a{i}"], [$"a{i + 1}"]);
            outputs.Node("Tanh", [i == 0 ? "x" : $"a{i}"], [$"a{i + 1}"]).Output($"a{i + 1}");
        }

        yield return chain.Output("a4000").Bytes();
        yield return outputs.Bytes();
        OnnxBuilder lstms = new OnnxBuilder().Input("x", 1, "t", "n", 2).Constant("W", Values(16), 1, 8, 2)
            .Constant("R", Values(16, 2), 1, 8, 2).Integers("one", 1);
        for (int i = 0; i < 1500; i++)
        {
            lstms.Node("LSTM", [i == 0 ? "x" : $"a{i}", "W", "R"], [$"Y{i}"], GraphWriter.Int("hidden_size", 2))
                .Node("Squeeze", [$"Y{i}", "one"], [$"a{i + 1}"]);
        }

        yield return lstms.Output("a1500").Bytes();
        OnnxBuilder bodies = Start().Node("Tanh", ["x"], ["y"]).Output("y");
        AttributeProto[] inner =
            [.. Enumerable.Range(0, 3000).Select(i => new AttributeProto { Name = $"b{i}", G = new(), Type = 5 })];
        bodies.Node("If", ["x"], ["z"], inner);
        bodies.Graph.Node[1].Name = new string('n', 100000);
        yield return bodies.Bytes();
    }

    // Small files that say large things.
    public static IEnumerable<byte[]> Bombs()
    {
        OnnxBuilder shared = new OnnxBuilder().Input("x", 1, "t", "n", 32).Constant("W", Values(4096), 1, 128, 32)
            .Constant("R", Values(4096, 2), 1, 128, 32).Integers("one", 1);
        OnnxBuilder axes = Start().Integers("zero", 0), gathered = Start().Constant("c0", Values(20000), 100, 200)
            .Integers("all", [.. Enumerable.Range(0, 100).Select(i => (long)i)]);
        OnnxBuilder expanded = Start().Constant("c", [.. new float[50000], 1], 50001).Integers("s", 1);
        string[] parts = [.. Enumerable.Range(0, 2000).Select(i => $"e{i}")];
        for (int i = 0; i < 2000; i++)
        {
            shared.Node("LSTM", [i == 0 ? "x" : $"a{i}", "W", "R"], [$"Y{i}"], GraphWriter.Int("hidden_size", 32))
                .Node("Squeeze", [$"Y{i}", "one"], [$"a{i + 1}"]);
            axes.Node("Unsqueeze", [i == 0 ? "x" : $"a{i}", "zero"], [$"a{i + 1}"]);
            gathered.Node("Gather", [$"c{i}", "all"], [$"c{i + 1}"]);
            expanded.Node("Expand", ["c", "s"], [parts[i]]);
        }

        yield return shared.Output("a2000").Bytes();
        yield return axes.Output("a2000").Bytes();
        yield return gathered.Node("MatMul", ["x", "c2000"], ["y"]).Output("y").Bytes();
        yield return expanded.Node("Concat", parts, ["k"], GraphWriter.Int("axis", 0)).Node("MatMul", ["x", "k"], ["y"])
            .Output("y").Bytes();

        // Layers whose size is that of an input that only claims it.
        yield return new OnnxBuilder().Input("x", 1, "n", "t", 1 << 30).Constant("eps", [1e-3f])
            .Node("ReduceMean", ["x"], ["m"], GraphWriter.Ints("axes", -1)).Node("Sub", ["x", "m"], ["c"])
            .Node("Mul", ["c", "c"], ["q"]).Node("ReduceMean", ["q"], ["v"], GraphWriter.Ints("axes", -1))
            .Node("Add", ["v", "eps"], ["e"]).Node("Sqrt", ["e"], ["d"]).Node("Div", ["c", "d"], ["y"]).Output("y").Bytes();
        OnnxBuilder wide = Start().Node("Tanh", ["x"], ["y"]).Output("y");
        wide.Graph.Input[0].Type.TensorType.Shape.Dim[2].DimValue = 1L << 40;
        yield return wide.Bytes();
    }

    private static byte[] Exported(OnnxExportOptions options, params LayerSpec[] specs)
    {
        MemoryStream file = new();
        OnnxModel.Export(Network.Create<float>(4, specs), file, options);
        return file.ToArray();
    }

    public static IEnumerable<byte[]> Crafted()
    {
        yield return [];
        yield return [0xFF];
        yield return "not a model"u8.ToArray();
        foreach (long size in (long[])[-1, long.MinValue, long.MaxValue, int.MaxValue, 1L << 40, 0, 17, 1 << 20])
        {
            foreach (string name in (string[])["W", "R", "B", "P"])
            {
                foreach (int axis in (int[])[0, 1, 2])
                {
                    yield return With(model => Dim(model, name, axis, size));
                }
            }
        }

        foreach (int type in (int[])[0, 3, 6, 7, 8, 9, 14, 15, 17, 99])
        {
            foreach (string name in (string[])["W", "R", "B", "P"])
            {
                yield return With(model => Tensor(model, name).DataType = type);
            }
        }

        foreach (long hidden in (long[])[-1, 0, 1, 3, 5, int.MaxValue, long.MaxValue, long.MinValue, 1L << 32])
        {
            yield return With(model => Attribute(model, "hidden_size").I = hidden);
        }

        foreach (string name in (string[])["W", "R", "B", "P"])
        {
            yield return With(model => model.Graph.Initializer.Remove(Tensor(model, name)));
            yield return With(model => Tensor(model, name).RawData = ByteString.Empty);
            yield return With(model => Tensor(model, name).DataLocation = 1);
            yield return With(model => Tensor(model, name).Dims.Clear());
            yield return With(model => Tensor(model, name).Dims.Add(Enumerable.Repeat(1L, 1000)));
            yield return With(model => Tensor(model, name).Name = "other");
        }

        foreach (byte[] file in Nodes().Concat(Growing()).Concat(Deep()))
        {
            yield return file;
        }
    }

    // Nodes of other operators, with other inputs and attributes; graphs without parts.
    private static IEnumerable<byte[]> Nodes()
    {
        foreach (string op in (string[])["Conv", "GRU", "", "LSTM\n", "Loop", "Scan", "Where", "Einsum"])
        {
            yield return With(model => model.Graph.Node[0].OpType = op);
        }

        for (int input = 0; input < 3; input++)
        {
            int place = input;
            yield return With(model => model.Graph.Node[0].Input[place] = string.Empty);
            yield return With(model => model.Graph.Node[0].Input[place] = "y");
            yield return With(model => model.Graph.Node[0].Input[place] = new string('n', 5000));
        }

        foreach (string activation in (string[])["", "Swish", "1", "Sigmoid,Tanh"])
        {
            yield return With(
                model => model.Graph.Node[0].Attribute.Add(GraphWriter.Texts("activations", [activation, "Tanh", "Tanh"])));
        }

        yield return With(model => model.Graph.Node[0].Attribute.Add(GraphWriter.Texts("activations", ["Tanh"])));
        yield return With(model => model.Graph.Node[0].Attribute.Add(GraphWriter.Text("direction", "up")));
        yield return With(model => model.Graph.Node[0].Domain = "com.example");
        yield return With(model => model.Graph.Node.Clear());
        yield return With(model => model.Graph.Output.Clear());
        yield return With(model => model.Graph.Input.Clear());
        yield return With(model => model.Graph = null);
        yield return With(model => model.Graph.Input[0].Type = null);
        yield return With(model => model.Graph.Output[0] = new ValueInfoProto());
    }

    // Constants that double at each node, shapes that grow, chains of transpositions of a large tensor, cycles.
    private static IEnumerable<byte[]> Growing()
    {
        foreach (int length in (int[])[20, 40, 100])
        {
            OnnxBuilder graph = Start().Constant("c0", Values(1024), 1024, 1);
            OnnxBuilder integers = Start().Integers("c0", [.. Enumerable.Repeat(1L, 64)]);
            for (int i = 0; i < length; i++)
            {
                graph.Node("Concat", [$"c{i}", $"c{i}"], [$"c{i + 1}"], GraphWriter.Int("axis", 0));
                integers.Node("Concat", [$"c{i}", $"c{i}"], [$"c{i + 1}"], GraphWriter.Int("axis", 0));
            }

            yield return graph.Node("MatMul", ["x", $"c{length}"], ["y"]).Output("y").Bytes();
            yield return integers.Node("Reshape", ["x", $"c{length}"], ["y"]).Output("y").Bytes();
        }

        OnnxBuilder transposed = Start().Constant("c0", Values(90000), 300, 300);
        for (int i = 0; i < 2000; i++)
        {
            transposed.Node("Transpose", [$"c{i}"], [$"c{i + 1}"]);
        }

        yield return transposed.Node("MatMul", ["x", "c2000"], ["y"]).Output("y").Bytes();
        yield return Start().Node("Tanh", ["b"], ["a"]).Node("Tanh", ["a"], ["b"]).Output("b").Bytes();
        yield return Start().Node("Tanh", ["a"], ["a"]).Output("a").Bytes();
        yield return Start().Integers("s", 1 << 30, 1 << 30, 1 << 30).Node("ConstantOfShape", ["s"], ["h"])
            .Node("MatMul", ["x", "h"], ["y"]).Output("y").Bytes();
        yield return Start().Integers("s", 1 << 30, 1, 1).Constant("c", Values(4), 1, 2, 2).Node("Expand", ["c", "s"], ["h"])
            .Node("MatMul", ["x", "h"], ["y"]).Output("y").Bytes();
        yield return Start().Integers("s", long.MaxValue, 1, 1).Node("Tile", ["x", "s"], ["y"]).Output("y").Bytes();
        foreach (long axis in (long[])[4, -5, long.MaxValue, long.MinValue])
        {
            yield return Start().Node("Softmax", ["x"], ["y"], GraphWriter.Int("axis", axis)).Output("y").Bytes();
            yield return Start().Node("Unsqueeze", ["x"], ["u"], GraphWriter.Ints("axes", axis)).Node("Tanh", ["u"], ["y"])
                .Output("y").Bytes();
            yield return Start().Node("Transpose", ["x"], ["u"], GraphWriter.Ints("perm", axis, 0, 1)).Node("Tanh", ["u"], ["y"])
                .Output("y").Bytes();
        }
    }

    private static IEnumerable<byte[]> Deep()
    {
        AttributeProto attribute = new() { Name = "body", Type = 5, G = new GraphProto() };
        for (int i = 0; i < 300; i++)
        {
            GraphProto graph = new();
            graph.Node.Add(new NodeProto { OpType = "If" });
            graph.Node[0].Attribute.Add(attribute);
            attribute = new AttributeProto { Name = "body", Type = 5, G = graph };
        }

        yield return Start().Node("If", ["x"], ["y"], attribute).Output("y").Bytes();
    }

    public static OnnxBuilder Start() => new OnnxBuilder().Input("x", 1, "n", "t", 2);

    private static byte[] With(Action<ModelProto> change)
    {
        OnnxBuilder graph = new OnnxBuilder().Input("x", 1, "t", "n", 3).Constant("W", Values(48), 1, 16, 3)
            .Constant("R", Values(64), 1, 16, 4)
            .Constant("B", Values(32), 1, 32).Constant("P", Values(12), 1, 12)
            .Node("LSTM", ["x", "W", "R", "B", "", "", "", "P"], ["y"], GraphWriter.Int("hidden_size", 4)).Output("y");
        ModelProto model = ModelProto.Parser.ParseFrom(graph.Bytes());
        change(model);
        return model.ToByteArray();
    }

    private static TensorProto Tensor(ModelProto model, string name)
        => model.Graph.Initializer.Single(tensor => tensor.Name == name);

    private static AttributeProto Attribute(ModelProto model, string name)
        => model.Graph.Node[0].Attribute.Single(attribute => attribute.Name == name);

    private static void Dim(ModelProto model, string name, int axis, long size)
    {
        TensorProto tensor = Tensor(model, name);
        if (axis < tensor.Dims.Count)
        {
            tensor.Dims[axis] = size;
        }
        else
        {
            tensor.Dims.Add(size);
        }
    }
}
