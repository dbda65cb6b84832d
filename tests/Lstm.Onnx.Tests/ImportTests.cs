using Google.Protobuf;
using Lstm.Onnx.Export;
using Lstm.Onnx.Files;
using Lstm.Specs;
using static Lstm.Onnx.Tests.OnnxBuilder;

namespace Lstm.Onnx.Tests;

/// <summary>Graphs as exporters write them, made by hand: what they become, what the report says, and what is refused.</summary>
public class ImportTests
{
    [Fact]
    public void The_report_says_where_each_parameter_comes_from()
    {
        OnnxImport<float> import = WithLstm(both: false).Node("Squeeze", ["Y"], ["flat"], GraphWriter.Ints("axes", 1))
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
        OnnxImport<float> import = WithLstm(both: false).Output("Y").Import(new() { SumBiases = true });
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
        OnnxImport<float> import = WithLstm(both: true).Integers("one", 1)
            .Node("Split", ["Y"], ["f", "r"], GraphWriter.Int("axis", 1)).Node("Squeeze", ["f", "one"], ["f1"])
            .Node("Squeeze", ["r", "one"], ["r1"])
            .Node(op, ["f1", "r1"], ["y"]).Output("y").Import();
        Assert.Equal(merge, Assert.IsType<LstmSpec>(import.Network.Specs.Single()).Merge);
    }

    [Fact]
    public void Half_the_sum_of_directions_is_their_mean_and_a_swapped_order_a_permutation()
    {
        OnnxImport<float> mean = WithLstm(both: true).Constant("half", [0.5f])
            .Node("ReduceSum", ["Y"], ["s"], GraphWriter.Ints("axes", 1), GraphWriter.Int("keepdims", 0))
            .Node("Mul", ["half", "s"], ["y"]).Output("y").Import();
        Assert.Equal(LstmMerge.Mean, Assert.IsType<LstmSpec>(mean.Network.Specs.Single()).Merge);
        OnnxBuilder swapped = WithLstm(both: true).Integers("zero", 0).Integers("one", 1)
            .Node("Gather", ["Y", "zero"], ["f"], GraphWriter.Int("axis", 1))
            .Node("Gather", ["Y", "one"], ["r"], GraphWriter.Int("axis", 1)).Node("Squeeze", ["f", "one"], ["f1"])
            .Node("Squeeze", ["r", "one"], ["r1"])
            .Node("Concat", ["r1", "f1"], ["y"], GraphWriter.Int("axis", 2)).Output("y");
        OnnxImport<float> import = swapped.Import();
        Assert.Equal([typeof(LstmSpec), typeof(DenseSpec)], import.Network.Specs.Select(spec => spec.GetType()));
        float[] x = Values(2 * Inputs), y = import.Run(OnnxTensor.Create<float>("x", x, 2, 1, Inputs))[0].To<float>();
        float[] plain = WithLstm(both: true).Output("Y").Import()
            .Run(OnnxTensor.Create<float>("x", x, 2, 1, Inputs))[0].To<float>();
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
        OnnxImport<float> import = WithLstm(both: false).Integers("times", 5, 1, 1).Constant("V", Values(Units), Units, 1)
            .Node("Tile", ["Y_h", "times"], ["r"]).Node("LSTM", ["r", "W2", "R"], ["Z"], GraphWriter.Int("hidden_size", Units))
            .Node("Squeeze", ["Z"], ["z"], GraphWriter.Ints("axes", 1)).Node("MatMul", ["z", "V"], ["y"]).Output("y")
            .Constant("W2", Values(16 * Units), 1, 16, Units).Import();
        Assert.Equal(
            [typeof(LstmSpec), typeof(PoolingSpec), typeof(RepeatLastSpec), typeof(LstmSpec), typeof(DenseSpec)],
            import.Network.Specs.Select(spec => spec.GetType()));
        Assert.Equal([5, 2, 1], import.Run(OnnxTensor.Create<float>("x", Values(7 * 2 * Inputs), 7, 2, Inputs))[0].Shape);
    }

    [Fact]
    public void What_no_output_needs_is_named_and_metadata_is_kept()
    {
        OnnxBuilder graph = WithLstm(both: false).Constant("unused", Values(3), 3).Node("Conv", ["x", "unused"], ["z"])
            .Output("Y");
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
        OnnxBuilder graph = WithLstm(both: false).Integers("zero", 0).Integers("one", 1).Integers("units", Units);
        graph.Node("Shape", ["x"], ["shape"]).Node("Gather", ["shape", "zero"], ["steps"])
            .Node("Concat", ["steps", "one", "units"], ["size"], GraphWriter.Int("axis", 0))
            .Node("Expand", ["Y_h", "size"], ["r"])
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
}
