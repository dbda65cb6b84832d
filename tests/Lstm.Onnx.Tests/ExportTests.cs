using Google.Protobuf;
using Lstm.Cells;
using Lstm.Onnx.Files;
using Lstm.Specs;
using Lstm.Tests.Cells;
using Lstm.Tests.Support;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Lstm.Onnx.Tests;

/// <summary>
/// Exported networks run by ONNX Runtime: whole, other sizes, ragged, step by step; and imported again with the same bits.
/// </summary>
public class ExportTests
{
    public static TheoryData<string> Names { get; } = new(Cases.Keys.ToArray());

    private static Dictionary<string, (int Inputs, LayerSpec[] Specs)> Cases => new()
    {
        ["plain"] = (3, [new LstmSpec(5)]),
        ["stack"] = (3, [new LstmSpec(5) { Layers = 3, Bias = LstmBias.Two, Dropout = 0.2 }, new DenseSpec(2)]),
        ["no bias"] = (3, [new LstmSpec(5) { Bias = LstmBias.None }, new DenseSpec(2) { Bias = false }]),
        ["reverse"] = (3, [new LstmSpec(5) { Direction = LstmDirection.Reverse }]),
        ["bidirectional"] = (3, [new LstmSpec(5) { Direction = LstmDirection.Bidirectional, Layers = 2 }]),
        ["merge sum"] = (3, [new LstmSpec(5) { Direction = LstmDirection.Bidirectional, Layers = 2, Merge = LstmMerge.Sum }]),
        ["merge mean"] = (3, [new LstmSpec(5) { Direction = LstmDirection.Bidirectional, Merge = LstmMerge.Mean }]),
        ["merge product"] = (3, [new LstmSpec(5) { Direction = LstmDirection.Bidirectional, Merge = LstmMerge.Product }]),
        ["peephole, clip, coupled"] = (3, [new LstmSpec(5)
        {
            Cell = new LstmEquations { Peephole = true, PreActivationClip = 0.5, CoupledGates = true },
                Direction = LstmDirection.Bidirectional, Bias = LstmBias.Two,
        }]),
        ["activations"] = (3, [new LstmSpec(5)
        {
            Cell = new LstmEquations
            {
                GateActivation = new(LstmActivationFunction.HardSigmoid, 0.25, 0.4),
                    CellActivation = new(LstmActivationFunction.ScaledTanh, 1.2, 0.7),
                HiddenActivation = new(LstmActivationFunction.Softsign),
                ReverseGateActivation = new(LstmActivationFunction.Sigmoid),
                ReverseCellActivation = new(LstmActivationFunction.Elu, 0.7),
                    ReverseHiddenActivation = new(LstmActivationFunction.LeakyRelu, 0.1),
            },
            Direction = LstmDirection.Bidirectional,
        }]),
        ["more activations"] = (3, [new LstmSpec(5)
        {
            Cell = new LstmEquations
            {
                CellActivation = new(LstmActivationFunction.Relu),
                    HiddenActivation = new(LstmActivationFunction.ThresholdedRelu, 0.02),
                ReverseCellActivation = new(LstmActivationFunction.Softplus),
                ReverseHiddenActivation = new(LstmActivationFunction.Affine, 0.8, 0.1),
            },
            Direction = LstmDirection.Bidirectional,
        }]),
        ["residual"] = (5, [new LstmSpec(5) { Layers = 3, Shortcut = LstmShortcut.Add }]),
        ["skip"] = (3, [new LstmSpec(5) { Layers = 2, Shortcut = LstmShortcut.Concatenate }, new PoolingSpec(Pooling.Last)]),
        ["residual bidirectional, last"] =
            (6, [new LstmSpec(3) { Direction = LstmDirection.Bidirectional, Shortcut = LstmShortcut.Add },
            new PoolingSpec(Pooling.Last)]),
        ["learned state"] =
        (3, [new LstmSpec(5) { LearnInitialState = true, Layers = 2, Direction = LstmDirection.Bidirectional }]),
        ["embedding"] =
            (11, [new EmbeddingSpec(4), new LstmSpec(5), new DenseSpec(2), new ActivationSpec(ActivationFunction.LogSoftmax)]),
        ["last"] =
        (3, [new LstmSpec(5), new DropoutSpec(0.3), new PoolingSpec(Pooling.Last),
        new DenseSpec(2) { Activation = Activation.Sigmoid }]),
        ["last bidirectional"] =
            (3, [new LstmSpec(5) { Direction = LstmDirection.Bidirectional }, new PoolingSpec(Pooling.Last), new DenseSpec(2)]),
        ["last merged"] =
        (3, [new LstmSpec(5) { Direction = LstmDirection.Bidirectional, Merge = LstmMerge.Product },
        new PoolingSpec(Pooling.Last), new DenseSpec(2)]),
        ["last step"] = (3, [new LstmSpec(5) { Direction = LstmDirection.Bidirectional }, new PoolingSpec(Pooling.LastStep)]),
        ["first step"] = (3, [new LstmSpec(5) { Direction = LstmDirection.Bidirectional }, new PoolingSpec(Pooling.FirstStep)]),
        ["mean"] = (3, [new LstmSpec(5), new PoolingSpec(Pooling.Mean), new DenseSpec(2) { Activation = Activation.Tanh }]),
        ["max"] =
            (3, [new LstmSpec(5), new PoolingSpec(Pooling.Max), new DenseSpec(4),
            new ActivationSpec(ActivationFunction.Softmax)]),
        ["layer norm"] =
        (3, [new LayerNormSpec { Epsilon = 0.01 }, new LstmSpec(5), new LayerNormSpec(),
        new DenseSpec(2) { Activation = Activation.Relu }]),
        ["autoencoder"] =
            (3, [new LstmSpec(5), new PoolingSpec(Pooling.Last), new RepeatLastSpec(4), new LstmSpec(6), new DenseSpec(3)]),
        ["repeat last"] = (3, [new DenseSpec(4), new RepeatLastSpec(3), new LstmSpec(4), new PoolingSpec(Pooling.Mean)]),
        ["element layers"] = (3,
        [
            new DenseSpec(5), new ActivationSpec(ActivationFunction.ScaledTanh) { Alpha = 1.3, Beta = 0.7 }, new LstmSpec(5),
            new ActivationSpec(ActivationFunction.Affine) { Alpha = 1.5, Beta = 0.25 },
                new ActivationSpec(ActivationFunction.Elu) { Alpha = 0.5 },
            new ActivationSpec(ActivationFunction.LeakyRelu) { Alpha = 0.1 }, new ActivationSpec(ActivationFunction.Softplus),
            new ActivationSpec(ActivationFunction.HardSigmoid) { Alpha = 0.2, Beta = 0.5 },
                new ActivationSpec(ActivationFunction.Softsign),
            new ActivationSpec(ActivationFunction.ThresholdedRelu) { Alpha = 0.1 }, new ActivationSpec(ActivationFunction.Tanh),
        ]),
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void ONNX_Runtime_gives_the_outputs_of_the_network(string name)
    {
        using ExportedModel batchFirst = new(Made(name), new());
        batchFirst.Compare(1, 6, 6, 6);
        batchFirst.Compare(2, 1);
        using ExportedModel timeFirst = new(Made(name), new() { BatchFirst = false });
        timeFirst.Compare(3, 9, 9);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void ONNX_Runtime_gives_the_outputs_of_ragged_sequences(string name)
    {
        using ExportedModel model = new(Made(name), new() { Lengths = true });
        model.Compare(1, 4, 7, 1, 7, 0, 2);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Import_of_our_own_export_gives_the_same_bits(string name)
    {
        Network<float> network = Made(name);
        bool masks = network.Specs.OfType<LstmSpec>().Any();
        foreach (bool states in (bool[])[false, true])
        {
            MemoryStream file = new();
            OnnxModel.Export(network, file, new() { States = states && masks });
            file.Position = 0;
            OnnxImport<float> same = OnnxModel.Import<float>(file);
            SequenceBatch<float> batch = Sequences(network, [5, 5, 5]);
            NetworkInput<float> input = network.TakesIds ? Ids([5, 5, 5]) : batch;
            NetworkState<float>? state = states ? null : same.Network.CreateState(3);
            if (states && network.Specs.OfType<LstmSpec>().Any(spec => spec.LearnInitialState))
            {
                continue;
            }

            Close.SameBits<float>(network.Predict(input).Rows, same.Network.Predict(input, state).Rows, name);
        }
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("stack")]
    [InlineData("residual")]
    [InlineData("learned state forward")]
    [InlineData("peephole forward")]
    public void Steps_through_the_state_inputs_equal_the_stream(string name)
    {
        Network<float> network = name switch
        {
            "learned state forward" => Made(3, new LstmSpec(5) { LearnInitialState = true }, new DenseSpec(2)),
            "peephole forward" => Made(3, new LstmSpec(5) { Cell = new LstmEquations { Peephole = true } }),
            _ => Made(name),
        };
        using ExportedModel model = new(network, new() { States = true });
        model.CompareSteps(1, 12);
    }

    [Fact]
    public void A_sequence_of_length_zero_keeps_its_state()
    {
        Network<float> network = Made(3, new LstmSpec(5) { Direction = LstmDirection.Bidirectional });
        using ExportedModel model = new(network, new() { States = true, Lengths = true });
        model.Compare(1, 3, 0, 2);
    }

    [Fact]
    public void A_double_network_is_written_as_float_or_as_double()
    {
        Network<double> network = Network.Create<double>(3, 5, new LstmSpec(4), new DenseSpec(2));
        foreach (bool isDouble in (bool[])[false, true])
        {
            MemoryStream file = new();
            OnnxModel.Export(network, file, new() { Double = isDouble });
            file.Position = 0;
            OnnxImport<double> same = OnnxModel.Import<double>(file);
            double[] x = [.. Enumerable.Range(0, 12).Select(i => Math.Cos(i))];
            double[] expected = network.Predict(SequenceBatch.FromSequences<double>([x], 3)).GetSequence(0);
            double[] actual = same.Network.Predict(SequenceBatch.FromSequences<double>([x], 3)).GetSequence(0);
            if (isDouble)
            {
                Close.SameBits<double>(expected, actual, "y");
                file.Position = 0;
                Assert.Contains("is double", Assert.Throws<InvalidDataException>(() => OnnxModel.Import<float>(file)).Message);
            }
            else
            {
                Close.Within<double>(expected, actual, new(1e-6), "y");
            }
        }
    }

    [Fact]
    public void Layers_that_ONNX_lacks_run_in_double_too()
    {
        LstmSpec spec = new(6)
        {
            Projection = new(3) { Clip = 0.2 },
            Normalization = new LayerNormalization(),
            Bias = LstmBias.Two,
            Direction = LstmDirection.Bidirectional,
            Regularization = new() { HiddenZoneout = 0.25, CellZoneout = 0.125 },
        };
        Network<double> network = Sample.Network<double>(1, 3, spec, new DenseSpec(2));
        MemoryStream file = new();
        OnnxModel.Export(network, file, new() { Double = true });
        using InferenceSession session = new(file.ToArray());
        double[] x = Sample.Sequence<double>(1, 0, 7, 3);
        using IDisposableReadOnlyCollection<DisposableNamedOnnxValue> outputs = session.Run(
            [NamedOnnxValue.CreateFromTensor("input", new DenseTensor<double>(x, [1, 7, 3]))]);
        double[] expected = network.Predict(SequenceBatch.FromSequences<double>([x], 3)).GetSequence(0);

        // ε is a float in the file.
        Close.Within<double>(expected, outputs[0].AsTensor<double>().ToArray(), new(1e-9), "y");
    }

    [Fact]
    public void Names_that_no_file_can_have_are_refused()
    {
        Network<float> network = Network.Create(3, new LstmSpec(4));
        foreach (OnnxExportOptions options in (OnnxExportOptions[])
            [
                new() { InputName = string.Empty }, new() { OutputName = string.Empty },
                new() { InputName = "x", OutputName = "x" }, new() { InputName = "lengths", Lengths = true },
                new() { OutputName = "lstm_l0_h", States = true },
            ])
        {
            Assert.Throws<ArgumentException>(() => OnnxModel.Export(network, new MemoryStream(), options));
        }
    }

    [Fact]
    public void Metadata_goes_with_the_file_and_a_file_is_replaced_whole()
    {
        string path = Path.Combine(Directory.CreateTempSubdirectory("lstm-onnx").FullName, "model.onnx");
        Network<float> network = Network.Create(3, new LstmSpec(4));
        network.Metadata["rate"] = "48000";
        OnnxModel.Export(network, path);
        OnnxModel.Export(network, path);
        Assert.Equal([path], Directory.GetFiles(Path.GetDirectoryName(path)!));
        OnnxImport<float> import = OnnxModel.Import<float>(path);
        Assert.Equal([KeyValuePair.Create("rate", "48000")], import.Network.Metadata);
        Assert.Equal(["LstmSpec(4)"], import.Report.Layers);
        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
    }

    [Fact]
    public void What_no_graph_says_is_refused_by_name()
    {
        Network<float> network = Network.Create(
            3, new LstmSpec(4) { Cell = new CustomEquations(CustomCell.Of("plain", default(PlainCell))), Name = "a" },
            new LstmSpec(4) { Name = "b", Normalization = new BatchNormalization() });
        string message = Refused(new() { States = true });
        Assert.Contains("layer 'a' has CustomEquations(plain", message);
        Assert.Contains("layer 'b' has BatchNormalization", message);
        Assert.DoesNotContain("'b'", Refused(new()));

        string Refused(OnnxExportOptions options) => Assert.Throws<NotSupportedException>(
            () => OnnxModel.Export(network, new MemoryStream(), options)).Message;
    }

    [Fact]
    public void Run_of_our_own_export_takes_and_gives_the_tensors_of_the_file()
    {
        Network<float> network = Sample.Network<float>(
            1, 3, new LstmSpec(5) { Direction = LstmDirection.Bidirectional, Projection = new(2) }, new DenseSpec(2));
        MemoryStream file = new();
        OnnxModel.Export(network, file, new() { States = true, Lengths = true, BatchFirst = false });
        file.Position = 0;
        OnnxImport<float> import = OnnxModel.Import<float>(file);
        Assert.Equal("lengths", import.LengthsName);
        Assert.Equal(["output", "lstm_l0_h_out", "lstm_l0_c_out"], import.OutputNames);
        int[] lengths = [2, 4];
        NetworkState<float> state = Sample.State(network, 2, 5);
        float[] first = Sample.Sequence<float>(1, 0, 2, 3), second = Sample.Sequence<float>(1, 1, 4, 3), x = new float[24];
        for (int t = 0; t < 4; t++)
        {
            first.AsSpan(Math.Min(3 * t, 3), t < 2 ? 3 : 0).CopyTo(x.AsSpan(6 * t));
            second.AsSpan(3 * t, 3).CopyTo(x.AsSpan((6 * t) + 3));
        }

        IReadOnlyList<OnnxTensor> outputs = import.Run(
            OnnxTensor.Create<float>("input", x, 4, 2, 3), OnnxTensor.Create<int>("lengths", lengths, 2),
            OnnxTensor.Create<float>("lstm_l0_h", (float[])[.. state.Hidden(0), .. state.Hidden(1)], 2, 2, 2),
            OnnxTensor.Create<float>("lstm_l0_c", (float[])[.. state.Cell(0), .. state.Cell(1)], 2, 2, 5));
        SequenceBatch<float> expected = network.Predict(Sample.Batch<float>(1, 3, lengths), state);
        float[] y = outputs[0].To<float>();
        Assert.Equal([4, 2, 2], outputs[0].Shape);
        for (int b = 0; b < 2; b++)
        {
            for (int t = 0; t < 4; t++)
            {
                float[] row = t < lengths[b] ? expected[b, t].ToArray() : [0, 0];
                Close.SameBits<float>(row, y.AsSpan((4 * t) + (2 * b), 2), "y");
            }
        }

        Close.SameBits<float>((float[])[.. state.Hidden(0), .. state.Hidden(1)], outputs[1].To<float>(), "h");
        Close.SameBits<float>((float[])[.. state.Cell(0), .. state.Cell(1)], outputs[2].To<float>(), "c");
    }

    [Fact]
    public void Node_of_a_file_with_lengths_is_read_alone()
    {
        Network<float> network = Sample.Network<float>(2, 3, new LstmSpec(5), new DenseSpec(1));
        MemoryStream file = new();
        OnnxModel.Export(network, file, new() { Lengths = true, States = true });
        file.Position = 0;
        OnnxImport<float> node = OnnxModel.Import<float>(file, new() { Node = "lstm_l0/LSTM" });
        SequenceBatch<float> batch = Sample.Batch<float>(1, 3, 5, 0, 3);
        Network<float> lstm = Network.Create(3, 1, new LstmSpec(5));
        foreach (var parameter in lstm.Parameters)
        {
            lstm.WriteParameter(parameter.Name, network.ReadParameter(parameter.Name).AsReadOnlyTensorSpan());
        }

        Close.SameBits<float>(lstm.Predict(batch).Rows, node.Network.Predict(batch).Rows, "the node alone");
    }

    [Fact]
    public void Changed_weights_are_read_and_a_changed_graph_is_read_from_its_nodes()
    {
        Network<float> network = Sample.Network<float>(1, 3, new LstmSpec(5), new DenseSpec(2));
        MemoryStream file = new();
        OnnxModel.Export(network, file);
        ModelProto model = ModelProto.Parser.ParseFrom(file.ToArray());
        TensorProto bias = model.Graph.Initializer.Single(tensor => tensor.Name == "dense/bias");
        bias.RawData = ByteString.CopyFrom(new byte[8]);
        OnnxImport<float> changed = OnnxModel.Import<float>(new MemoryStream(model.ToByteArray()));
        Assert.Equal("ONNX, exported by Lstm", changed.Report.Format);
        float[] values = new float[2];
        changed.Network.ReadParameter("dense.bias", values);
        Assert.Equal([0, 0], values);

        // The same description beside an activation that the network did not have.
        model.Graph.Node[^1].Input[0] = "tanh";
        NodeProto tanh = new() { OpType = "Tanh", Name = "tanh" };
        tanh.Input.Add("dense/Add_output");
        tanh.Output.Add("tanh");
        model.Graph.Node.Insert(model.Graph.Node.Count - 1, tanh);
        OnnxImport<float> other = OnnxModel.Import<float>(new MemoryStream(model.ToByteArray()));
        Assert.StartsWith("ONNX, operator set", other.Report.Format, StringComparison.Ordinal);
        Assert.Equal(Activation.Tanh, Assert.IsType<DenseSpec>(other.Network.Specs[^1]).Activation);
    }

    private static Network<float> Made(string name) => Made(Cases[name].Inputs, Cases[name].Specs);

    private static Network<float> Made(int inputs, params LayerSpec[] specs)
    {
        Network<float> network = Network.Create<float>(inputs, 7, specs);
        int seed = 1;
        foreach (Lstm.Parameters.Parameter parameter in network.Parameters)
        {
            // Biases and states too are something other than zero.
            network.WriteParameter(parameter.Name, new ReadOnlySpan<float>(OnnxBuilder.Values(parameter.Count, seed++)));
        }

        return network;
    }

    private static SequenceBatch<float> Sequences(Network<float> network, int[] lengths) => SequenceBatch.FromSequences<float>(
        [.. lengths.Select((length, b) => OnnxBuilder.Values(length * (network.TakesIds ? 1 : network.InputSize), b + 2))],
        network.TakesIds ? 1 : network.InputSize);

    private static SequenceBatch<int> Ids(int[] lengths)
        => SequenceBatch.FromSequences<int>(
            [.. lengths.Select((length, b) => Enumerable.Range(0, length).Select(t => ((t * 7) + b) % 11).ToArray())]);
}
