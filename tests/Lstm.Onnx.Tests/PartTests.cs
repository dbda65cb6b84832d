using Google.Protobuf;
using Lstm.Onnx.Export;
using Lstm.Onnx.Files;
using static Lstm.Onnx.Tests.OnnxBuilder;

namespace Lstm.Onnx.Tests;

/// <summary>Imports of one node, in bodies too, and of what lies between two tensors.</summary>
public class PartTests
{
    [Fact]
    public void A_node_is_read_alone_where_the_rest_cannot_be_expressed()
    {
        OnnxBuilder graph = WithLstm(both: false, input: "features").Constant("K", Values(9), 3, 3, 1)
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
        OnnxBuilder inner = WithLstm(both: false).Output("Y"), outer = new OnnxBuilder().Input("go", 9);
        outer.Node("If", ["go"], ["out"], new AttributeProto { Name = "then_branch", G = inner.Graph, Type = 5 }).Output("out");
        Assert.Contains("(If)", Assert.Throws<InvalidDataException>(() => outer.Import()).Message);
        Assert.Equal(Units, Assert.IsType<LstmSpec>(outer.Import(new() { Node = "LSTM0" }).Network.Specs.Single()).HiddenSize);
    }

    [Fact]
    public void Nodes_of_one_name_in_several_bodies_are_read_each_with_its_own_tensors()
    {
        OnnxBuilder yes = WithLstm(both: false).Output("Y"), no = WithLstm(both: false).Output("Y");
        no.Graph.Initializer.Single(tensor => tensor.Name == "W").RawData = Raw(Values(16 * Inputs, 9));
        OnnxBuilder outer = new OnnxBuilder().Input("go", 9).Input("x", 1, "t", "n", Inputs);
        outer.Node(
            "If", ["go"], ["out"], new AttributeProto { Name = "then_branch", G = yes.Graph, Type = 5 },
            new AttributeProto { Name = "else_branch", G = no.Graph, Type = 5 }).Output("out");
        string message = Assert.Throws<InvalidDataException>(() => outer.Import(new() { Node = "LSTM0" })).Message;
        Assert.Contains("2 nodes 'LSTM0'", message);
        Assert.Contains("'If0/then_branch/LSTM0', 'If0/else_branch/LSTM0'", message);
        Assert.Equal(
            Input(WithLstm(both: false).Output("Y").Import()), Input(outer.Import(new() { Node = "If0/then_branch/LSTM0" })));
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
        OnnxBuilder inner = WithLstm(both: false).Output("Y"), outer = new OnnxBuilder().Input("go", 9);
        TensorProto w = inner.Graph.Initializer.Single(tensor => tensor.Name == "W");
        inner.Graph.Initializer.Remove(w);
        w.Name = "turned";
        w.Dims.Clear();
        w.Dims.Add([16, 1, Inputs]);
        outer.Graph.Initializer.Add(w);
        outer.Node("Transpose", ["turned"], ["W"], GraphWriter.Ints("perm", 1, 0, 2));
        outer.Node("Loop", ["", "go"], ["out"], new AttributeProto { Name = "body", G = inner.Graph, Type = 5 }).Output("out");
        Assert.Equal(
            WithLstm(both: false).Output("Y").Import().Network.Parameters.Count,
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
        OnnxBuilder graph = WithLstm(both: false).Constant("nothing", [0]).Integers("one", 1).Integers("units", Units);
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
    public void Inputs_and_outputs_within_the_graph_bound_what_is_read()
    {
        OnnxBuilder graph = WithLstm(both: false).Node("Squeeze", ["Y"], ["flat"], GraphWriter.Ints("axes", 1))
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
}
