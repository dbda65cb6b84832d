using System.Numerics;
using System.Numerics.Tensors;
using Lstm.Formats;
using Lstm.Parameters;
using Lstm.Specs;
using Lstm.Tests.Support;
using SupportFile = Lstm.Tests.Support.TensorFile;
using TensorFile = Lstm.Formats.TensorFile;

namespace Lstm.Tests.Formats;

/// <summary>Whole networks of state_dicts: layers inferred from names and shapes, outputs as PyTorch computes them.</summary>
public class StateDictImportTests
{
    private static readonly LstmSpec Projected = new(6)
    {
        Layers = 2,
        Direction = LstmDirection.Bidirectional,
        Bias = LstmBias.Two,
        Projection = new(3),
    };

    [Fact]
    public void A_model_of_this_library_is_read_whole_and_refuses_parts_and_layers()
    {
        Network<float> network = Sample.Network<float>(1, 3, new LstmSpec(4), new DenseSpec(2));
        using MemoryStream file = new();
        network.Save(file);
        Assert.Equal(network.Specs, Load(new()).Network.Specs);
        Assert.Contains("LoadStateDict", Assert.Throws<ArgumentException>(() => Load(new() { Parts = ["lstm"] })).Message);
        Assert.Throws<ArgumentException>(() => Load(new() { Layers = [new LstmSpec(4)] }));

        ModelImport<float> Load(ImportOptions options)
        {
            file.Position = 0;
            return ModelImport.Load<float>(file, options);
        }
    }

    [Fact]
    public void A_checkpoint_with_an_optimizer_gives_its_module()
    {
        ModelImport<float> import = ModelImport.Load<float>(ForeignFixture.PathOf("checkpoint.pt"));
        Assert.Equal(
            [new EmbeddingSpec(5) { Name = "embed" }, Projected with { Name = "rnn" }, new LayerNormSpec { Name = "norm" },
                new DenseSpec(4) { Name = "out" }],
            import.Network.Specs);
        Assert.Equal(11, import.Network.InputSize);
        CompareExample(import.Network, "checkpoint.pt", 1e-5);
        Assert.Equal("5", import.Network.Metadata["epoch"]);
        Assert.Equal("0.25", import.Network.Metadata["best"]);
        Assert.DoesNotContain(import.Network.Metadata.Keys, key => key.Contains("param_groups"));
        Assert.Contains(import.Report.Ignored, line => line.Contains("outside of the state_dict") && line.Contains("exp_avg"));
        Assert.Contains(
            import.Report.Left, line => line.Contains("'embed', 'rnn', 'norm', 'out'") && line.Contains("activation"));
        Assert.Contains(import.Report.Left, line => line.Contains("epsilon"));
        Assert.Equal(import.Network.Parameters.Count, import.Report.Mappings.Count);
        Assert.Contains(
            "model_state_dict.rnn.weight_hr_l0 [3, 6] -> rnn.weight_hr_l0: as stored", import.Report.ToString());
        Assert.Contains("gates i f g o", import.Report.ToString());
    }

    [Fact]
    public void LSTMCells_are_layers_in_the_order_of_their_numbers()
    {
        ModelImport<float> import = ModelImport.Load<float>(ForeignFixture.PathOf("cells.pt"));
        Assert.Equal(
            [new LstmSpec(5) { Name = "cells_0", Bias = LstmBias.Two }, new LstmSpec(4) { Name = "cells_1", Bias = LstmBias.Two },
                new DenseSpec(2) { Name = "read_out", Bias = false }],
            import.Network.Specs);
        CompareExample(import.Network, "cells.pt", 1e-5);
        Assert.Contains("LSTMCell", import.Report.ToString());
    }

    [Theory]
    [InlineData("pair.f64.pt")]
    [InlineData("pair.f64.legacy.pt")]
    public void Modules_made_in_another_order_are_chained_by_their_sizes(string name)
    {
        ModelImport<double> import = ModelImport.Load<double>(ForeignFixture.PathOf(name));
        Assert.Equal(
            [new LstmSpec(7) { Name = "first", Bias = LstmBias.Two }, new LstmSpec(5) { Name = "second", Bias = LstmBias.None },
                new DenseSpec(1) { Name = "fc" }],
            import.Network.Specs);
        CompareExample(import.Network, name, 1e-12);
        Assert.Contains(
            "AllowPrecisionChange",
            Assert.Throws<InvalidDataException>(() => ModelImport.Load<float>(ForeignFixture.PathOf(name))).Message);
        Assert.Contains(
            "AllowPrecisionChange",
            Assert.Throws<InvalidDataException>(() => Network.Load(ForeignFixture.PathOf(name))).Message);
        ModelImport<float> rounded = ModelImport.Load<float>(
            ForeignFixture.PathOf(name), new ImportOptions { AllowPrecisionChange = true });
        Assert.Contains("rounded to float", rounded.Report.ToString());
        Network<float> loaded = Network.Load(ForeignFixture.PathOf(name), new LoadOptions { AllowPrecisionChange = true });
        Close.SameBits<float>(rounded.Network.Flat, loaded.Flat, "parameters");
    }

    [Fact]
    public void An_LSTM_alone_has_tensors_without_a_module()
    {
        Network<float> network = Network.Load(ForeignFixture.PathOf("lstm_alone.pt"));
        Assert.Equal([new LstmSpec(4) { Name = "lstm", Bias = LstmBias.Two }], network.Specs);
        using TensorFile file = TensorFile.Open(ForeignFixture.PathOf("lstm_alone.pt"));
        float[] values = new float[48];
        network.ReadParameter("lstm.weight_ih_l0", values);
        Assert.Equal(file.Read<float>("weight_ih_l0"), values);
    }

    [Theory]
    [InlineData("lstm_l3_nobias")]
    [InlineData("lstm_head_last")]
    [InlineData("lstm_head_bi")]
    [InlineData("emb_bilstm_cls")]
    [InlineData("two_lstm_stack")]
    [InlineData("lstm_l2_bi_bf_state")]
    public void Exported_modules_are_equal_from_both_formats(string name)
    {
        string folder = Path.Combine(Shared.RequireConformance(), "torch_export");
        Network<float> pickled = Network.Load(Path.Combine(folder, name + ".state_dict.pt"));
        Network<float> safe = Network.Load(Path.Combine(folder, name + ".safetensors"));
        Assert.Equal(pickled.Specs, safe.Specs);
        Close.SameBits<float>(pickled.Flat, safe.Flat, "parameters");
        SupportFile io = SupportFile.Read(Path.Combine(folder, name + ".io.safetensors"));
        LayerSpec[] layers = name switch
        {
            "emb_bilstm_cls" => [.. pickled.Specs.Take(2), new PoolingSpec(Pooling.Mean), pickled.Specs[2],
                new ActivationSpec(ActivationFunction.LogSoftmax)],
            "two_lstm_stack" => [pickled.Specs[0], pickled.Specs[1], new ActivationSpec(ActivationFunction.Relu),
                ((DenseSpec)pickled.Specs[2]) with { Activation = Activation.Sigmoid }],
            _ => [.. pickled.Specs],
        };
        Network<float> network = ModelImport.Load<float>(
            Path.Combine(folder, name + ".state_dict.pt"), new ImportOptions { Layers = layers }).Network;
        CompareExport(network, io, name);
    }

    [Fact]
    public void Parts_read_some_modules_and_leave_the_others_with_their_shapes()
    {
        byte[] file = Written(
            ("conv.weight", [4, 1, 3]), ("conv.bias", [4]), ("net.rnn.weight_ih_l0", [8, 4]), ("net.rnn.weight_hh_l0", [8, 2]),
            ("net.head.weight", [3, 2]), ("net.head.bias", [3]));
        string message = Refused(file);
        Assert.Contains("'conv' (a convolution", message);
        Assert.Contains("'conv.weight' F32 [4, 1, 3]", message);
        Assert.Contains("ImportOptions.Parts", message);
        ModelImport<float> import = Load(file, new ImportOptions { Parts = ["net.rnn", "net.head"] });
        Assert.Equal(["rnn", "head"], import.Network.Specs.Select(spec => spec.Name));
        Assert.Contains(import.Report.Left, line => line.Contains("'conv'") && line.Contains("[4, 1, 3]"));
        Assert.Equal(import.Network.Specs, Load(file, new ImportOptions { Parts = ["net"] }).Network.Specs);
        Assert.Contains("'nothing'", Refused(file, new ImportOptions { Parts = ["nothing"] }));
        Assert.Contains("'conv'", Refused(file, new ImportOptions { Parts = ["conv", "net.rnn"] }));
    }

    [Fact]
    public void A_chain_is_inferred_only_where_there_is_one()
    {
        (string, int[])[] lstm = [("b.weight_ih_l0", [16, 4]), ("b.weight_hh_l0", [16, 4])];

        // Sorted by name: a, b and c can follow each other in any order.
        string message = Refused(Written(
            [("a.bias", [4]), ("a.weight", [4, 4]), lstm[1], lstm[0], ("c.bias", [4]), ("c.weight", [4, 4])]));
        Assert.Contains("'a' (Linear 4 to 4); 'b' (LSTM 4 to 4); 'c' (Linear 4 to 4)".Replace("; ", ", "), message);
        Assert.Contains("more than one", message);

        // The order of a file that is not sorted is that of the program.
        Assert.Equal(
            ["c", "b", "a"],
            Names(Written([("c.weight", [4, 4]), ("c.bias", [4]), .. lstm, ("a.weight", [4, 4]), ("a.bias", [4])])));

        // Numbers are an order; 10 comes after 2.
        Assert.Equal(
            ["0", "2", "10"],
            Names(Written([("0.bias", [4]), ("0.weight", [4, 4]), ("10.bias", [4]), ("10.weight", [4, 4]), ("2.bias", [4]),
                ("2.weight", [4, 4])])));

        // A matrix alone is an embedding or a product: names decide where shapes do not.
        Assert.IsType<EmbeddingSpec>(Load(Written([("emb.weight", [4, 4]), .. lstm])).Network.Specs[0]);
        Assert.IsType<DenseSpec>(Load(Written([("proj.weight", [4, 4]), .. lstm])).Network.Specs[0]);
        Assert.IsType<EmbeddingSpec>(Load(Written([("x.weight", [9, 4]), .. lstm])).Network.Specs[0]);
        Assert.IsType<DenseSpec>(Load(Written([.. lstm, ("x.weight", [9, 4])])).Network.Specs[1]);

        // Modules that do not chain.
        Assert.Contains("no chain", Refused(Written([.. lstm, ("x.weight", [9, 5]), ("x.bias", [9])])));

        string[] Names(byte[] file) => [.. Load(file).Network.Specs.Select(spec => spec.Name!)];
    }

    [Fact]
    public void Missing_extra_and_wrong_tensors_are_one_exception_with_all_shapes()
    {
        string message = Refused(Written(
            ("m.weight_ih_l0", [16, 3]), ("m.weight_hh_l0", [16, 4]), ("m.weight_ih_l1", [16, 5]), ("m.bias_ih_l0", [16]),
            ("m.bias_hh_l0", [15]), ("m.bias_ih_l1", [16]), ("m.bias_hh_l1", [16]), ("m.weight_ch_l0", [12])));
        Assert.Contains("'m.weight_ih_l1' F32 [16, 5] has another shape than the parameter 'm.weight_ih_l1' [16, 4]", message);
        Assert.Contains("'m.bias_hh_l0' F32 [15] has another shape than the parameter 'm.bias_hh_l0' [16]", message);
        Assert.Contains("nothing in the file gives 'm.weight_hh_l1' [16, 4]", message);
        Assert.Contains("'m.weight_ch_l0' F32 [12] has no parameter", message);
    }

    [Fact]
    public void What_no_layer_computes_is_named()
    {
        (string, int[])[] lstm = [("b.weight_ih_l0", [16, 4]), ("b.weight_hh_l0", [16, 4])];
        Check("GRU", ("x.weight_ih_l0", [12, 4]), ("x.weight_hh_l0", [12, 4]));
        Check("RNN", ("x.weight_ih_l0", [4, 4]), ("x.weight_hh_l0", [4, 4]));
        Check("BatchNorm", ("x.weight", [4]), ("x.bias", [4]), ("x.running_mean", [4]), ("x.running_var", [4]));
        Check("PReLU", ("x.weight", [1]));
        Check("weight normalisation", ("x.weight_g", [4, 1]), ("x.weight_v", [4, 4]));
        Check("unknown kind", ("h0", [1, 1, 4]));
        Check("without values", ("x.weight", [4, 0]), ("x.bias", [4]));
        Check("without a matrix", ("x.weight_ih_l1", [16, 4]), ("x.weight_hh_l1", [16, 4]));
        Check("'weight_ih_l0'", ("x.weight_hh_l0", [16, 4]));
        Assert.Contains("no tensors", Refused(Written()));

        void Check(string expected, params (string, int[])[] tensors)
            => Assert.Contains(expected, Refused(Written([.. lstm, .. tensors])));
    }

    [Fact]
    public void Given_layers_take_modules_by_name_or_in_their_order()
    {
        byte[] file = Written(
            ("net.rnn.weight_ih_l0", [8, 4]), ("net.rnn.weight_hh_l0", [8, 2]), ("net.rnn.bias_ih_l0", [8]),
            ("net.rnn.bias_hh_l0", [8]), ("net.head.weight", [3, 2]), ("net.head.bias", [3]), ("net.other.weight", [3, 3]),
            ("net.other.bias", [3]));
        ModelImport<float> import = Load(
            file, new ImportOptions
            {
                Layers = [new LstmSpec(2), new ActivationSpec(ActivationFunction.Relu), new DenseSpec(3)],
            });
        Assert.Equal(["lstm.weight_ih_l0", "lstm.weight_hh_l0", "lstm.bias_ih_l0", "dense.weight", "dense.bias"],
            import.Network.Parameters.Select(parameter => parameter.Name));
        float[] bias = new float[8], weight = new float[6];
        import.Network.ReadParameter("lstm.bias_ih_l0", bias);
        Assert.Equal([.. Enumerable.Range(0, 8).Select(i => 2f * (i + 1))], bias);
        import.Network.ReadParameter("dense.weight", weight);
        Assert.Equal([1f, 2, 3, 4, 5, 6], weight);
        Assert.Contains("rounded once", import.Report.ToString());
        Assert.Contains(import.Report.Left, line => line.Contains("'net.other'"));
        Assert.DoesNotContain(import.Report.Left, line => line.Contains("activation"));

        import = Load(file, new ImportOptions
        {
            Layers = [new LstmSpec(2), new DenseSpec(3) { Name = "net_head" }, new DenseSpec(3) { Name = "other" }],
        });
        Assert.Equal(3, import.Network.OutputSize);
        Assert.Contains("finds no module", Refused(file, new ImportOptions { Layers = [new LstmSpec(2), new DenseSpec(4)] }));
        Assert.Contains("nothing is to be read", Refused(file, new ImportOptions { Layers = [new DropoutSpec(0.5)] }));
        Assert.Contains(
            "'net.rnn.bias_ih_l0' F32 [8] has no parameter",
            Refused(file, new ImportOptions { Layers = [new LstmSpec(2) { Bias = LstmBias.None }] }));
        Assert.Throws<ArgumentException>(() => Load(file, new ImportOptions { Layers = null! }));
    }

    [Fact]
    public void LoadStateDict_reads_a_wrapped_state_dict_and_npz()
    {
        ModelImport<float> import = ModelImport.Load<float>(ForeignFixture.PathOf("checkpoint.pt"));
        Network<float> network = Network.Create(11, 3, [.. import.Network.Specs]);
        network.LoadStateDict(ForeignFixture.PathOf("checkpoint.pt"));
        Close.SameBits<float>(import.Network.Flat, network.Flat, "parameters");
        TensorFileWriter writer = new();
        foreach (Parameter parameter in network.Parameters)
        {
            float[] values = new float[parameter.Count];
            network.ReadParameter(parameter.Name, values);
            writer.Add<float>(parameter.Name, [.. parameter.Shape], values);
        }

        MemoryStream npz = new();
        writer.SaveNpz(npz);
        npz.Position = 0;
        Network<float> third = Network.Create(11, 4, [.. import.Network.Specs]);
        third.LoadStateDict(npz);
        Close.SameBits<float>(network.Flat, third.Flat, "parameters");
        npz.Position = 0;
        Close.SameBits<float>(network.Flat, Network.Load(npz).Flat, "parameters");
        MemoryStream own = new();
        network.SaveNpz(own);
        Assert.Equal(npz.ToArray(), own.ToArray());
    }

    [Fact]
    public void Own_models_are_imported_too()
    {
        Network<float> network = Network.Create(3, 1, new LstmSpec(4) { Bias = LstmBias.Two }, new DenseSpec(2));
        MemoryStream stream = new();
        network.Save(stream);
        stream.Position = 0;
        ModelImport<float> import = ModelImport.Load<float>(stream);
        Close.SameBits<float>(network.Flat, import.Network.Flat, "parameters");
        Assert.Equal(network.Parameters.Count, import.Report.Mappings.Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Weights_of_Keras_without_names_take_the_given_layers(bool isCudnn)
    {
        const int Inputs = 3, Units = 2;
        Network<float> source = Network.Create(
            Inputs, 5, new LstmSpec(Units) { Direction = LstmDirection.Bidirectional }, new LayerNormSpec(), new DenseSpec(2));
        TensorFileWriter writer = new();
        int count = 0;
        foreach (bool isReverse in (bool[])[false, true])
        {
            float[] kernel = new float[Inputs * 4 * Units], recurrent = new float[Units * 4 * Units], bias = new float[4 * Units];
            source.ReadKernels(
                "lstm", new LstmKernelTargets<float> { Input = kernel, Recurrent = recurrent, Bias = bias },
                LstmKernelLayout.Keras, reverse: isReverse);
            Add([Inputs, 4 * Units], isCudnn ? ToCudnn(kernel, Inputs, Units) : kernel);
            Add([Units, 4 * Units], isCudnn ? ToCudnn(recurrent, Units, Units) : recurrent);
            Add([isCudnn ? 8 * Units : 4 * Units], isCudnn ? [.. bias, .. new float[bias.Length]] : bias);
        }

        Add([4], Read("norm.weight"));
        Add([4], Read("norm.bias"));
        float[] dense = Read("dense.weight");
        Add([4, 2], [.. Enumerable.Range(0, 8).Select(i => dense[(i % 2 * 4) + (i / 2)])]);
        Add([2], Read("dense.bias"));
        MemoryStream npz = new();
        writer.SaveNpz(npz);
        byte[] file = npz.ToArray();
        ModelImport<float> import = Load(file, new ImportOptions { Layers = [.. source.Specs] });
        Close.SameBits<float>(source.Flat, import.Network.Flat, "parameters");
        Assert.Contains("transposed, gates i f c o to i f g o", import.Report.ToString());
        Assert.Contains("ImportOptions.Layers", Refused(file));
        string message = Refused(file, new ImportOptions { Layers = [new LstmSpec(Units), new DenseSpec(2)] });
        Assert.Contains("is in the place of 'dense.weight', which takes [2, 2]", message);
        Assert.Contains("'arr_9' F32 [2] is more than the layers have", message);
        Assert.Contains("no array left", Refused(file, new ImportOptions { Layers = [.. source.Specs, new DenseSpec(2)] }));

        void Add(int[] shape, float[] values) => writer.Add<float>($"arr_{count++}", shape, values);

        float[] Read(string name)
        {
            float[] values = new float[source.Parameters.Single(parameter => parameter.Name == name).Count];
            source.ReadParameter(name, values);
            return values;
        }
    }

    // As Keras's preprocess_weights_for_loading does it: each gate's block is transposed and reshaped in Fortran's order.
    private static float[] ToCudnn(float[] kernel, int inputs, int units)
    {
        float[] result = new float[kernel.Length];
        for (int gate = 0; gate < 4; gate++)
        {
            float[] memory = new float[inputs * units];
            for (int unit = 0; unit < units; unit++)
            {
                for (int input = 0; input < inputs; input++)
                {
                    memory[(unit * inputs) + input] = kernel[(input * 4 * units) + (gate * units) + unit];
                }
            }

            for (int n = 0; n < memory.Length; n++)
            {
                result[(n / units * 4 * units) + (gate * units) + (n % units)] = memory[n];
            }
        }

        return result;
    }

    private static void CompareExample<T>(Network<T> network, string name, double tolerance)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using TensorFile file = TensorFile.Open(ForeignFixture.PathOf(name));
        FileTensor input = file.Find("example.input")!;
        int[] shape = [.. input.Shape.Select(size => (int)size)];
        SequenceBatch<T> output = network.TakesIds
            ? network.Predict(Ids(file.Read<double>(input), shape))
            : network.Predict(SequenceBatch.FromTensor<T>(
                Tensor.Create(file.Read<T>(input), [.. shape.Select(n => (nint)n)]), batchFirst: true));
        Close.Relative(file.Read<T>("example.output"), Rows(output), tolerance, name, floor: 1);
    }

    private static void CompareExport(Network<float> network, SupportFile io, string name)
    {
        if (name == "emb_bilstm_cls")
        {
            float[] rows = Rows(network.Predict(Ids(io.Doubles("in.ids"), io.Shape("in.ids"))));
            Close.Relative(io.Floats("out.logp"), rows, 1e-5, name, floor: 1);
            return;
        }

        bool batchFirst = name != "lstm_l3_nobias";
        SequenceBatch<float> input = SequenceBatch.FromTensor<float>(
            Tensor.Create(io.Floats("in.x"), [.. io.Shape("in.x").Select(n => (nint)n)]), batchFirst);
        NetworkState<float> state = network.CreateState(input.Count);
        for (int entry = 0; io.Has("in.h0") && entry < state.Sizes.Count; entry++)
        {
            int values = state.Hidden(entry).Length;
            io.Floats("in.h0").AsSpan(entry * values, values).CopyTo(state.Hidden(entry));
            io.Floats("in.c0").AsSpan(entry * values, values).CopyTo(state.Cell(entry));
        }

        // The heads read the last step.
        SequenceBatch<float> output = network.Predict(input, state);
        float[] actual = name.StartsWith("lstm_head", StringComparison.Ordinal)
            ? [.. Enumerable.Range(0, output.Count).SelectMany(b => output[b, output.StepCount - 1].ToArray())]
            : Rows(output, batchFirst);
        Close.Relative(io.Floats("out.y"), actual, 1e-5, name, floor: 1);
    }

    private static SequenceBatch<int> Ids(double[] values, int[] shape) => SequenceBatch.FromSequences<int>(
        (int[][])[.. Enumerable.Range(0, shape[0]).Select(b =>
            Array.ConvertAll(values[(b * shape[1])..((b + 1) * shape[1])], id => (int)id))]);

    private static T[] Rows<T>(SequenceBatch<T> output, bool batchFirst = true)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Tensor<T> tensor = output.ToTensor(batchFirst);
        T[] values = new T[tensor.FlattenedLength];
        tensor.FlattenTo(values);
        return values;
    }

    private static ModelImport<float> Load(byte[] file, ImportOptions? options = null)
        => ModelImport.Load<float>(new MemoryStream(file), options);

    private static string Refused(byte[] file, ImportOptions? options = null)
        => Assert.Throws<InvalidDataException>(() => Load(file, options)).Message;

    /// <summary>A file of tensors with the values 1, 2, 3, …, in the order given, as other programs write it.</summary>
    private static byte[] Written(params (string Name, int[] Shape)[] tensors)
    {
        TensorFileWriter writer = new();
        writer.Metadata["format"] = "pt";
        foreach ((string name, int[] shape) in tensors)
        {
            float[] values = new float[shape.Aggregate(1, (a, b) => a * b)];
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = i + 1;
            }

            writer.Add<float>(name, shape, values);
        }

        MemoryStream stream = new();
        writer.SaveSafetensors(stream);
        return stream.ToArray();
    }
}
