using Google.Protobuf;
using Lstm.Onnx.Export;
using Lstm.Onnx.Files;
using Lstm.Specs;
using static Lstm.Onnx.Tests.OnnxBuilder;

namespace Lstm.Onnx.Tests;

/// <summary>Graphs as exporters write them, made by hand: what they become, what the report says, and what is refused.</summary>
public class ImportTests
{
    private const int Units = 4;
    private const int Inputs = 3;

    [Fact]
    public void The_report_says_where_each_parameter_comes_from()
    {
        OnnxImport<float> import = Lstm(both: false).Node("Squeeze", ["Y"], ["flat"], GraphWriter.Ints("axes", 1))
            .Constant("V", Values(Units * 2), Units, 2).Constant("b", Values(2), 2)
            .Node("MatMul", ["flat", "V"], ["product"]).Node("Add", ["b", "product"], ["sum"]).Node("Relu", ["sum"], ["y"])
            .Output("y").Import();
        Assert.Equal(
            [new LstmSpec(Units) { Bias = LstmBias.Two }, new DenseSpec(2) { Activation = Activation.Relu }],
            import.Network.Specs);
        Assert.Equal(
            ["lstm.weight_ih_l0", "lstm.weight_hh_l0", "lstm.bias_ih_l0", "lstm.bias_hh_l0", "dense.weight", "dense.bias"],
            import.Report.Mappings.Select(mapping => mapping.Parameter));
        string text = import.Report.ToString();
        Assert.Contains("'W' of 'LSTM0' [1, 16, 3] -> lstm.weight_ih_l0: gates i o f c", text);
        Assert.Contains("'V' of 'MatMul2' [4, 2] -> dense.weight: transposed", text);
        Assert.Contains("'B' of 'LSTM0' [1, 32] -> lstm.bias_hh_l0: gates i o f c, the second half", text);
        Assert.Contains("the input 'x' [?, ?, 3]: the SequenceBatch, axes Time, Batch, Feature", text);
    }

    [Fact]
    public void Biases_are_summed_when_asked_for()
    {
        OnnxImport<float> import = Lstm(both: false).Output("Y").Import(new() { SumBiases = true });
        Assert.Equal(new LstmSpec(Units), import.Network.Specs[0]);
        float[] b = Values(8 * Units, 3), own = new float[4 * Units];
        import.Network.ReadParameter("lstm.bias_ih_l0", own);

        // ONNX's i o f c: f is its third gate, our second.
        Assert.Equal((float)((double)b[2 * Units] + b[6 * Units]), own[Units]);
    }

    [Theory]
    [InlineData("Add", LstmMerge.Sum)]
    [InlineData("Mul", LstmMerge.Product)]
    public void Directions_taken_apart_and_joined_are_a_merge(string op, LstmMerge merge)
    {
        OnnxImport<float> import = Lstm(both: true).Integers("one", 1)
            .Node("Split", ["Y"], ["f", "r"], GraphWriter.Int("axis", 1)).Node("Squeeze", ["f", "one"], ["f1"])
            .Node("Squeeze", ["r", "one"], ["r1"])
            .Node(op, ["f1", "r1"], ["y"]).Output("y").Import();
        Assert.Equal(merge, Assert.IsType<LstmSpec>(import.Network.Specs.Single()).Merge);
    }

    [Fact]
    public void Half_the_sum_of_directions_is_their_mean_and_a_swapped_order_a_permutation()
    {
        OnnxImport<float> mean = Lstm(both: true).Constant("half", [0.5f])
            .Node("ReduceSum", ["Y"], ["s"], GraphWriter.Ints("axes", 1), GraphWriter.Int("keepdims", 0))
            .Node("Mul", ["half", "s"], ["y"]).Output("y").Import();
        Assert.Equal(LstmMerge.Mean, Assert.IsType<LstmSpec>(mean.Network.Specs.Single()).Merge);
        OnnxBuilder swapped = Lstm(both: true).Integers("zero", 0).Integers("one", 1)
            .Node("Gather", ["Y", "zero"], ["f"], GraphWriter.Int("axis", 1))
            .Node("Gather", ["Y", "one"], ["r"], GraphWriter.Int("axis", 1)).Node("Squeeze", ["f", "one"], ["f1"])
            .Node("Squeeze", ["r", "one"], ["r1"])
            .Node("Concat", ["r1", "f1"], ["y"], GraphWriter.Int("axis", 2)).Output("y");
        OnnxImport<float> import = swapped.Import();
        Assert.Equal([typeof(LstmSpec), typeof(DenseSpec)], import.Network.Specs.Select(spec => spec.GetType()));
        float[] x = Values(2 * Inputs), y = import.Run(OnnxTensor.Create<float>("x", x, 2, 1, Inputs))[0].To<float>();
        float[] plain = Lstm(both: true).Output("Y").Import().Run(OnnxTensor.Create<float>("x", x, 2, 1, Inputs))[0].To<float>();
        Assert.Equal([.. plain[Units..(2 * Units)], .. plain[..Units]], y[..(2 * Units)]);
    }

    [Fact]
    public void Layer_normalisation_written_as_single_operators_is_one_layer()
    {
        OnnxImport<float> import = new OnnxBuilder().Input("x", 1, "n", "t", 4).Constant("two", [2]).Constant("eps", [1e-3f])
            .Constant("gamma", Values(4), 4)
            .Constant("beta", Values(4, 2), 4).Constant("V", Values(8), 4, 2)
            .Node("ReduceMean", ["x"], ["m"], GraphWriter.Ints("axes", -1)).Node("Sub", ["x", "m"], ["c"])
            .Node("Pow", ["c", "two"], ["s"])
            .Node("ReduceMean", ["s"], ["v"], GraphWriter.Ints("axes", -1)).Node("Add", ["v", "eps"], ["e"])
            .Node("Sqrt", ["e"], ["d"])
            .Node("Div", ["c", "d"], ["n"]).Node("Mul", ["n", "gamma"], ["g"]).Node("Add", ["g", "beta"], ["l"])
            .Node("MatMul", ["l", "V"], ["y"]).Output("y").Import();
        Assert.Equal([new LayerNormSpec { Epsilon = 1e-3f }, new DenseSpec(2) { Bias = false }], import.Network.Specs);
    }

    [Fact]
    public void A_repeated_last_output_is_an_autoencoder()
    {
        OnnxImport<float> import = Lstm(both: false).Integers("times", 5, 1, 1).Constant("V", Values(Units), Units, 1)
            .Node("Tile", ["Y_h", "times"], ["r"]).Node("LSTM", ["r", "W2", "R"], ["Z"], GraphWriter.Int("hidden_size", Units))
            .Node("Squeeze", ["Z"], ["z"], GraphWriter.Ints("axes", 1)).Node("MatMul", ["z", "V"], ["y"]).Output("y")
            .Constant("W2", Values(16 * Units), 1, 16, Units).Import();
        Assert.Equal(
            [typeof(LstmSpec), typeof(PoolingSpec), typeof(RepeatLastSpec), typeof(LstmSpec), typeof(DenseSpec)],
            import.Network.Specs.Select(spec => spec.GetType()));
        Assert.Equal([5, 2, 1], import.Run(OnnxTensor.Create<float>("x", Values(7 * 2 * Inputs), 7, 2, Inputs))[0].Shape);
    }

    [Fact]
    public void A_node_is_read_alone_where_the_rest_cannot_be_expressed()
    {
        OnnxBuilder graph = Lstm(both: false, input: "features").Constant("K", Values(9), 3, 3, 1)
            .Node("Conv", ["x", "K"], ["features"]).Output("Y");
        string message = Assert.Throws<InvalidDataException>(() => graph.Import()).Message;
        Assert.Contains("'Conv1' (Conv): no layer computes this operator", message);
        Assert.Contains("OnnxImportOptions.Node reads one of its LSTM nodes alone: 'LSTM0'", message);
        OnnxImport<float> import = graph.Import(new() { Node = "LSTM0" });
        Assert.Equal(Inputs, import.Network.InputSize);
        Assert.Equal("features", import.InputName);
        Assert.Contains("'features' [?, ?, 3]: the SequenceBatch", import.Report.ToString());
        Assert.Contains("'LSTM0'", Assert.Throws<InvalidDataException>(() => graph.Import(new() { Node = "missing" })).Message);
    }

    [Fact]
    public void A_node_in_a_body_is_found_by_name()
    {
        OnnxBuilder inner = Lstm(both: false).Output("Y"), outer = new OnnxBuilder().Input("go", 9);
        outer.Node("If", ["go"], ["out"], new AttributeProto { Name = "then_branch", G = inner.Graph, Type = 5 }).Output("out");
        Assert.Contains("(If)", Assert.Throws<InvalidDataException>(() => outer.Import()).Message);
        Assert.Equal(Units, Assert.IsType<LstmSpec>(outer.Import(new() { Node = "LSTM0" }).Network.Specs.Single()).HiddenSize);
    }

    [Fact]
    public void Nodes_of_one_name_in_several_bodies_are_read_each_with_its_own_tensors()
    {
        OnnxBuilder yes = Lstm(both: false).Output("Y"), no = Lstm(both: false).Output("Y");
        no.Graph.Initializer.Single(tensor => tensor.Name == "W").RawData = Raw(Values(16 * Inputs, 9));
        OnnxBuilder outer = new OnnxBuilder().Input("go", 9).Input("x", 1, "t", "n", Inputs);
        outer.Node(
            "If", ["go"], ["out"], new AttributeProto { Name = "then_branch", G = yes.Graph, Type = 5 },
            new AttributeProto { Name = "else_branch", G = no.Graph, Type = 5 }).Output("out");
        string message = Assert.Throws<InvalidDataException>(() => outer.Import(new() { Node = "LSTM0" })).Message;
        Assert.Contains("2 nodes 'LSTM0'", message);
        Assert.Contains("'If0/then_branch/LSTM0', 'If0/else_branch/LSTM0'", message);
        Assert.Equal(Input(Lstm(both: false).Output("Y").Import()), Input(outer.Import(new() { Node = "If0/then_branch/LSTM0" })));
        Assert.NotEqual(
            Input(outer.Import(new() { Node = "If0/then_branch/LSTM0" })),
            Input(outer.Import(new() { Node = "If0/else_branch/LSTM0" })));

        static float[] Input(OnnxImport<float> import)
        {
            float[] values = new float[16 * Inputs];
            import.Network.ReadParameter("lstm.weight_ih_l0", values);
            return values;
        }
    }

    [Fact]
    public void A_body_reads_tensors_of_the_graph_around_it()
    {
        OnnxBuilder inner = Lstm(both: false).Output("Y"), outer = new OnnxBuilder().Input("go", 9);
        TensorProto w = inner.Graph.Initializer.Single(tensor => tensor.Name == "W");
        inner.Graph.Initializer.Remove(w);
        w.Name = "turned";
        w.Dims.Clear();
        w.Dims.Add([16, 1, Inputs]);
        outer.Graph.Initializer.Add(w);
        outer.Node("Transpose", ["turned"], ["W"], GraphWriter.Ints("perm", 1, 0, 2));
        outer.Node("Loop", ["", "go"], ["out"], new AttributeProto { Name = "body", G = inner.Graph, Type = 5 }).Output("out");
        Assert.Equal(
            Lstm(both: false).Output("Y").Import().Network.Parameters.Count,
            outer.Import(new() { Node = "LSTM0" }).Network.Parameters.Count);
    }

    [Theory]
    [InlineData("Gemm")]
    [InlineData("MatMul")]
    public void A_product_is_read_alone_too(string op)
    {
        OnnxBuilder graph = new OnnxBuilder().Input("x", 1, "n", 3).Constant("V", Values(6), 3, 2).Node("Erf", ["x"], ["e"])
            .Node(op, ["e", "V"], ["y"]).Output("y");
        OnnxImport<float> import = graph.Import(new() { Node = op + "1" });
        Assert.Equal(new DenseSpec(2) { Bias = false }, import.Network.Specs.Single());
        Assert.Contains("1 other nodes of the graph: 1 Erf", import.Report.Left);
    }

    [Fact]
    public void A_node_alone_keeps_states_of_zeros_and_leaves_others_to_the_caller()
    {
        OnnxBuilder graph = Lstm(both: false).Constant("nothing", [0]).Integers("one", 1).Integers("units", Units);
        graph.Node("Shape", ["computed"], ["shape"]).Node("Gather", ["shape", "one"], ["count"])
            .Node("Concat", ["one", "count", "units"], ["size"], GraphWriter.Int("axis", 0))
            .Node("Expand", ["nothing", "size"], ["zeros"]).Node("Tanh", ["other"], ["state"]);
        graph.Graph.Node[0].Input.Add(["", "zeros", "state"]);
        graph.Graph.Node.Insert(5, graph.Graph.Node[0].Clone());
        graph.Graph.Node.RemoveAt(0);
        OnnxImport<float> import = graph.Output("Y").Import(new() { Node = "LSTM0" });
        Assert.Contains("the input 'state' [?, ?, 4]: initial states, the NetworkState", import.Report.Left);
        Assert.DoesNotContain(import.Report.Left, left => left.Contains("'zeros'"));
        IReadOnlyList<OnnxTensor> outputs = import.Run(
            OnnxTensor.Create<float>("x", Values(2 * Inputs), 2, 1, Inputs),
            OnnxTensor.Create<float>("state", Values(Units), 1, 1, Units));
        Assert.Equal([[2, 1, 1, Units], [1, 1, Units], [1, 1, Units]], outputs.Select(output => output.Shape.ToArray()));
    }

    [Fact]
    public void What_no_output_needs_is_named_and_metadata_is_kept()
    {
        OnnxBuilder graph = Lstm(both: false).Constant("unused", Values(3), 3).Node("Conv", ["x", "unused"], ["z"]).Output("Y");
        ModelProto model = ModelProto.Parser.ParseFrom(graph.Bytes());
        model.MetadataProps.Add(new StringStringEntryProto { Key = "sample rate", Value = "48000" });
        OnnxImport<float> import = OnnxModel.Import<float>(new MemoryStream(model.ToByteArray()));
        Assert.Equal("48000", import.Network.Metadata["sample rate"]);
        Assert.Equal(
            ["1 other nodes of the graph: 1 Conv, which no output needs", "'unused' [3], which no output needs"],
            import.Report.Ignored);
    }

    [Fact]
    public void A_repetition_to_a_size_that_only_the_running_graph_knows_is_refused()
    {
        OnnxBuilder graph = Lstm(both: false).Integers("zero", 0).Integers("one", 1).Integers("units", Units);
        graph.Node("Shape", ["x"], ["shape"]).Node("Gather", ["shape", "zero"], ["steps"])
            .Node("Concat", ["steps", "one", "units"], ["size"], GraphWriter.Int("axis", 0)).Node("Expand", ["Y_h", "size"], ["r"])
            .Node("Tanh", ["r"], ["y"]).Output("y");
        string message = Assert.Throws<InvalidDataException>(() => graph.Import()).Message;
        Assert.Contains("which only the running graph knows", message);
    }

    [Fact]
    public void Everything_missing_and_of_a_wrong_shape_is_listed_with_both_shapes()
    {
        OnnxBuilder graph = new OnnxBuilder().Input("x", 1, "t", "n", Inputs).Constant("W", Values(15 * Inputs), 1, 15, Inputs)
            .Constant("R", Values(64), 1, 16, 4)
            .Node("LSTM", ["x", "W", "R", "B"], ["Y"], GraphWriter.Int("hidden_size", 4))
            .Node("LSTM", ["x", "W", "R", "", "", "", "", "P"], ["Z"], GraphWriter.Int("hidden_size", 4),
            GraphWriter.Text("direction", "sideways")).Output("Y", "Z");
        string message = Assert.Throws<InvalidDataException>(() => graph.Import()).Message;
        Assert.Contains("input 3 'B' is given by no node", message);
        Assert.Contains("direction is 'sideways'", message);
        Assert.Contains("input 7 'P'", message);
        OnnxBuilder wrong = new OnnxBuilder().Input("x", 1, "t", "n", Inputs).Constant("W", Values(15 * Inputs), 1, 15, Inputs)
            .Constant("R", Values(60), 1, 15, 4)
            .Node("LSTM", ["x", "W", "R"], ["Y"], GraphWriter.Int("hidden_size", 4)).Output("Y");
        message = Assert.Throws<InvalidDataException>(() => wrong.Import()).Message;
        Assert.Contains("W 'W' [1, 15, 3] has to be [1, 16, 3]", message);
        Assert.Contains("R 'R' [1, 15, 4] has to be [1, 16, 4]", message);
    }

    [Fact]
    public void External_data_is_read_beside_the_model_and_nowhere_else()
    {
        string folder = Directory.CreateTempSubdirectory("lstm-onnx").FullName;
        try
        {
            OnnxBuilder graph = Lstm(both: false).Output("Y");
            TensorProto w = graph.Graph.Initializer.Single(tensor => tensor.Name == "W");
            File.WriteAllBytes(Path.Combine(folder, "weights.bin"), [0, 0, 0, 0, .. w.RawData.Span]);
            string outside = Path.Combine(Directory.CreateDirectory(folder + "-outside").FullName, "outside.bin");
            File.Copy(Path.Combine(folder, "weights.bin"), outside);
            File.CreateSymbolicLink(Path.Combine(folder, "link.bin"), outside);
            Directory.CreateDirectory(Path.Combine(folder, "folder"));
            int length = w.RawData.Length;
            w.RawData = ByteString.Empty;
            w.DataLocation = 1;
            External(w, "weights.bin", "4", length.ToString(System.Globalization.CultureInfo.InvariantCulture));
            string path = Path.Combine(folder, "model.onnx");
            File.WriteAllBytes(path, graph.Bytes());
            float[] expected = new float[16 * Inputs], actual = new float[16 * Inputs];
            Lstm(both: false).Output("Y").Import().Network.ReadParameter("lstm.weight_ih_l0", expected);
            OnnxModel.Import<float>(path).Network.ReadParameter("lstm.weight_ih_l0", actual);
            Assert.Equal(expected, actual);
            Assert.Contains("ExternalFolder", Assert.Throws<InvalidDataException>(() => graph.Import()).Message);
            foreach ((string location, string offset, string size) in (ReadOnlySpan<(string, string, string)>)
                [("../weights.bin", "0", "4"), ("/etc/passwd", "0", "4"), ("weights.bin", "-4", "4"),
                ("weights.bin", "8", "999999"), ("weights.bin", "4", "8"), ("", "0", "4"),
                ("weights.bin", "9223372036854775807", "9"), ("link.bin", "4", "192"), ("folder/../../outside.bin", "0", "4"),
                ("folder", "0", "4"), ("weights.bin\0", "0", "4"), ("weights.bin", "1e1", "4")])
            {
                External(w, location, offset, size);
                File.WriteAllBytes(path, graph.Bytes());
                Assert.Contains("'W'", Assert.Throws<InvalidDataException>(() => OnnxModel.Import<float>(path)).Message);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
            Directory.Delete(folder + "-outside", recursive: true);
        }

        static void External(TensorProto tensor, string location, string offset, string length)
        {
            tensor.ExternalData.Clear();
            foreach (
                (string key, string value) in (ReadOnlySpan<(string, string)>)[
                ("location", location), ("offset", offset), ("length", length)])
            {
                tensor.ExternalData.Add(new StringStringEntryProto { Key = key, Value = value });
            }
        }
    }

    [Fact]
    public void External_data_is_not_read_again_and_again()
    {
        string folder = Directory.CreateTempSubdirectory("lstm-onnx").FullName;
        try
        {
            File.WriteAllBytes(Path.Combine(folder, "weights.bin"), new byte[4 * 4]);
            OnnxBuilder graph = new OnnxBuilder().Input("x", 1, "n", 2);
            for (int i = 0; i < 9; i++)
            {
                TensorProto tensor = new() { Name = $"V{i}", DataType = 1, DataLocation = 1 };
                tensor.Dims.Add([2, 2]);
                tensor.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = "weights.bin" });
                graph.Graph.Initializer.Add(tensor);
                graph.Node("MatMul", [i == 0 ? "x" : $"a{i}", $"V{i}"], [$"a{i + 1}"]);
            }

            string path = Path.Combine(folder, "model.onnx");
            File.WriteAllBytes(path, graph.Output("a4").Bytes());
            Assert.Equal(4, OnnxModel.Import<float>(path).Network.Specs.Count);
            graph.Graph.Output.Clear();
            File.WriteAllBytes(path, graph.Output("a9").Bytes());
            Assert.Contains("more than 4 times", Assert.Throws<InvalidDataException>(() => OnnxModel.Import<float>(path)).Message);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Inputs_and_outputs_within_the_graph_bound_what_is_read()
    {
        OnnxBuilder graph = Lstm(both: false).Node("Squeeze", ["Y"], ["flat"], GraphWriter.Ints("axes", 1))
            .Constant("V", Values(Units * 2), Units, 2)
            .Node("MatMul", ["flat", "V"], ["p"]).Node("Erf", ["p"], ["y"]).Output("y");
        Assert.Contains("(Erf)", Assert.Throws<InvalidDataException>(() => graph.Import()).Message);
        Assert.Equal(
            [typeof(LstmSpec), typeof(DenseSpec)],
            graph.Import(new() { Output = "p" }).Network.Specs.Select(spec => spec.GetType()));
        Assert.Contains(
            "no shape", Assert.Throws<InvalidDataException>(() => graph.Import(new() { Input = "flat", Output = "p" })).Message);
        graph.Graph.ValueInfo.Add(GraphWriter.Value("flat", 1, "t", "n", Units));
        Assert.Equal(
            new DenseSpec(2) { Bias = false }, graph.Import(new() { Input = "flat", Output = "p" }).Network.Specs.Single());
    }

    private static ByteString Raw(float[] values)
        => ByteString.CopyFrom(System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(values));

    private static OnnxBuilder Lstm(bool both, string input = "x")
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
