using System.Numerics;
using System.Numerics.Tensors;
using Lstm.Formats;
using Lstm.Formats.Safetensors;
using Lstm.Parameters;
using Lstm.Tests.Support;
using TensorFile = Lstm.Tests.Support.TensorFile;

namespace Lstm.Tests.Formats;

/// <summary>PyTorch's state_dicts in networks: the same outputs, and a clear refusal of what does not fit.</summary>
public class StateDictTests
{
    private static readonly LstmSpec TwoLayers = new(6) { Layers = 2, Bias = LstmBias.Two };

    private static string Fixtures { get; } = Path.Combine(Shared.Repository, "tests", "Lstm.Tests", "Fixtures");

    [Fact]
    public void LoadStateDict_in_double_gives_PyTorchs_outputs() => CompareFixture<double>("f64", 1e-10);

    [Fact]
    public void LoadStateDict_in_float_gives_PyTorchs_outputs() => CompareFixture<float>("f32", 1e-5);

    [Theory]
    [InlineData("lstm_l3_nobias", false)]
    [InlineData("lstm_head_bi", true)]
    [InlineData("lstm_l2_bi_bf_state", true)]
    public void LoadStateDict_of_exported_modules_gives_PyTorchs_outputs(string name, bool batchFirst)
    {
        string folder = Path.Combine(Shared.RequireConformance(), "torch_export");
        TensorFile io = TensorFile.Read(Path.Combine(folder, name + ".io.safetensors"));
        LayerSpec[] layers = name switch
        {
            "lstm_l3_nobias" => [new LstmSpec(4) { Layers = 3, Bias = LstmBias.None }],
            "lstm_head_bi"
                => [new LstmSpec(8) { Layers = 2, Bias = LstmBias.Two, Direction = LstmDirection.Bidirectional }, new DenseSpec(2)
            {
                Name = "fc",
            }],
            _ => [new LstmSpec(6) { Layers = 2, Bias = LstmBias.Two, Direction = LstmDirection.Bidirectional }],
        };
        Network<float> network = Network.Create<float>(io.Shape("in.x")[2], layers);
        network.LoadStateDict(Path.Combine(folder, name + ".safetensors"));

        SequenceBatch<float> input = SequenceBatch.FromTensor<float>(Tensor<float>(io, "in.x"), batchFirst);
        NetworkState<float> state = network.CreateState(input.Count);
        for (int entry = 0; io.Has("in.h0") && entry < state.Sizes.Count; entry++)
        {
            int values = state.Hidden(entry).Length;
            io.Floats("in.h0").AsSpan(entry * values, values).CopyTo(state.Hidden(entry));
            io.Floats("in.c0").AsSpan(entry * values, values).CopyTo(state.Cell(entry));
        }

        SequenceBatch<float> output = network.Predict(input, state);
        float[] actual = name == "lstm_head_bi"
            ? [.. Enumerable.Range(0, output.Count).SelectMany(b => output[b, output.StepCount - 1].ToArray())]
            : Flat(output.ToTensor(batchFirst));
        Close.Relative(io.Floats("out.y"), actual, 1e-5, name, floor: 1);
        for (int entry = 0; io.Has("out.hn") && entry < state.Sizes.Count; entry++)
        {
            int values = state.Hidden(entry).Length;
            Close.Relative<float>(
                io.Floats("out.hn").AsSpan(entry * values, values), state.Hidden(entry), 1e-5, $"h of {entry}", floor: 1);
            Close.Relative<float>(
                io.Floats("out.cn").AsSpan(entry * values, values), state.Cell(entry), 1e-5, $"c of {entry}", floor: 1);
        }
    }

    [Fact]
    public void LoadStateDict_finds_tensors_by_prefix_and_names()
    {
        byte[] file = Written(
            ("model.rnn.weight_ih_l0", [4, 1]), ("model.rnn.weight_hh_l0", [4, 1]), ("model.rnn.bias_ih_l0", [4]),
            ("head.weight", [9]));
        Network<float> network = Network.Create<float>(1, new LstmSpec(1));
        network.LoadStateDict(new MemoryStream(file), new() { Prefix = "model.", Rename = name => name.Replace("lstm", "rnn") });
        Assert.Equal([1f, 2, 3, 4], Flat(network.ReadParameter("lstm.weight_hh_l0")));
    }

    [Fact]
    public void LoadStateDict_reads_a_saved_model_of_a_network_like_it()
    {
        MemoryStream memory = new();
        Network<double> source = Network.Create<double>(3, 1, TwoLayers), target = Network.Create<double>(3, 2, TwoLayers);
        source.Save(memory);
        memory.Position = 0;
        target.SetTrainable("lstm.bias_hh_l1", false);
        target.Metadata["a"] = "b";
        long version = target.Version;
        target.LoadStateDict(memory);
        Close.SameBits<double>(source.Flat, target.Flat, "parameters");
        Assert.Equal(version + 1, target.Version);
        Assert.False(target.Parameters.Single(p => p.Name == "lstm.bias_hh_l1").Trainable);
        Assert.Equal("b", target.Metadata["a"]);
    }

    [Fact]
    public void LoadStateDict_of_what_does_not_fit_throws_names_the_tensor_and_changes_nothing()
    {
        (string, int[])[] good = [("lstm.weight_ih_l0", [8, 3]), ("lstm.weight_hh_l0", [8, 2]), ("lstm.bias_ih_l0", [8])];
        Refuse(good, ["F32", "AllowPrecisionChange"], inDouble: true);
        Refuse([good[0], good[2]], ["Missing in the file: 'lstm.weight_hh_l0' [8, 2]."]);
        Refuse([.. good, ("extra", [8])], ["no parameter of the network: 'extra' F32 [8].", "AllowUnexpected"]);
        Refuse([good[0], ("lstm.weight_hh_l0", [2, 8]), good[2]],
            ["'lstm.weight_hh_l0' F32 [2, 8] has another shape than the parameter 'lstm.weight_hh_l0' [8, 2]"]);
        Refuse([good[0], ("lstm.weight_hh_l0", [16]), good[2]], ["'lstm.weight_hh_l0'", "[16]", "[8, 2]"]);
        Refuse([], ["no tensors", "'lstm.weight_ih_l0' [8, 3]; 'lstm.weight_hh_l0' [8, 2]; 'lstm.bias_ih_l0' [8]."]);
        Refuse([("model.rnn.weight_ih_l0", [8, 3])], ["'model.rnn.weight_ih_l0'", "Prefix", "Name"]);

        static void Refuse((string Name, int[] Shape)[] tensors, string[] expected, bool inDouble = false)
        {
            byte[] file = Written(tensors);
            string message = inDouble ? Message<double>(file) : Message<float>(file);
            Assert.All(expected, part => Assert.Contains(part, message));
        }

        static string Message<T>(byte[] file)
            where T : unmanaged, IBinaryFloatingPointIeee754<T>
        {
            Network<T> network = Network.Create<T>(3, new LstmSpec(2));
            T[] before = network.Flat.ToArray();
            long version = network.Version;
            string message = Assert.Throws<InvalidDataException>(() => network.LoadStateDict(new MemoryStream(file))).Message;
            Close.SameBits<T>(before, network.Flat, "parameters");
            Assert.Equal(version, network.Version);
            return message;
        }
    }

    [Fact]
    public void LoadStateDict_leaves_tensors_of_other_modules_alone_when_asked_to()
    {
        byte[] file = Written(
            ("dense.weight", [1, 1]), ("dense.bias", [1]), ("extra", [2]), ("dense.inner.weight", [2]), ("dense2.weight", [2]));
        Network.Create<float>(1, new DenseSpec(1)).LoadStateDict(new MemoryStream(file), new() { AllowUnexpected = true });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void LoadStateDict_of_two_biases_into_one_gives_their_sum(bool allowUnexpected)
    {
        string path = Path.Combine(Fixtures, "lstm_dense.f32.safetensors");
        TensorFile file = TensorFile.Read(path), io = TensorFile.Read(Path.Combine(Fixtures, "lstm_dense.io.f32.safetensors"));
        Network<float> network = Network.Create<float>(3, TwoLayers with { Bias = LstmBias.One }, new DenseSpec(2));
        network.LoadStateDict(path, new() { AllowUnexpected = allowUnexpected });
        foreach (string layer in (string[])["l0", "l1"])
        {
            float[] first = file.Floats("lstm.bias_ih_" + layer), second = file.Floats("lstm.bias_hh_" + layer);
            Assert.Equal(
                first.Zip(second, (a, b) => (float)((double)a + b)), Flat(network.ReadParameter("lstm.bias_ih_" + layer)));
        }

        float[] output = Flat(network.Predict(SequenceBatch.FromTensor<float>(Tensor<float>(io, "in.x"))).ToTensor());
        Close.Relative(io.Floats("out.output"), output, 1e-5, "output", floor: 1);
    }

    [Fact]
    public void LoadStateDict_adds_the_biases_of_another_precision_in_double()
    {
        SafetensorsWriter writer = new();
        writer.Add<double>("lstm.weight_ih_l0", [4, 1], () => new double[4]);
        writer.Add<double>("lstm.weight_hh_l0", [4, 1], () => new double[4]);
        writer.Add<double>("lstm.bias_ih_l0", [4], () => new[] { 1e300, 1, 1, 0.1 });
        writer.Add<double>("lstm.bias_hh_l0", [4], () => new[] { -1e300, 1e-9, -1, 0.2 });
        MemoryStream memory = new();
        writer.WriteTo(memory);
        memory.Position = 0;
        Network<float> network = Network.Create<float>(1, new LstmSpec(1));
        network.LoadStateDict(memory, new() { AllowPrecisionChange = true });
        Assert.Equal([0f, (float)(1 + 1e-9), 0, (float)(0.1 + 0.2)], Flat(network.ReadParameter("lstm.bias_ih_l0")));
    }

    [Theory]
    [InlineData("lstm.weight_ih_l1", "Layers = 2")]
    [InlineData("lstm.weight_hh_l0_reverse", "Direction = LstmDirection.Bidirectional")]
    [InlineData("lstm.weight_hr_l0", "Projection = new LstmProjection(4)")]
    [InlineData("lstm.weight_ch_l0", "Peephole = true")]
    [InlineData("lstm.bias_hh_l1", "Layers = 2")]
    [InlineData("lstm.scale", "LstmSpec(1)")]
    [InlineData("dense.mask", "")]
    public void LoadStateDict_of_a_further_tensor_of_a_layer_that_is_read_throws_whatever_is_allowed(string name, string remedy)
    {
        byte[] file = Written(
            ("lstm.weight_ih_l0", [4, 1]), ("lstm.weight_hh_l0", [4, 1]), ("lstm.bias_ih_l0", [4]), ("lstm.bias_hh_l0", [4]),
            ("dense.weight", [1, 1]), ("dense.bias", [1]), (name, [4, 1]));
        foreach (bool allowUnexpected in (bool[])[false, true])
        {
            string message = Refused(file, new() { AllowUnexpected = allowUnexpected }, new LstmSpec(1), new DenseSpec(1));
            Assert.Contains($"'{name}' F32 [4, 1]", message);
            Assert.Contains(remedy, message);
        }
    }

    [Fact]
    public void LoadStateDict_of_a_two_layer_bidirectional_file_into_one_layer_lists_all_tensors_and_the_spec()
    {
        (string, int[])[] tensors = [.. from layer in (string[])["l0", "l0_reverse", "l1", "l1_reverse"]
                                        from kind in (string[])["weight_ih", "weight_hh", "bias_ih", "bias_hh"]
                                        select ($"lstm.{kind}_{layer}", kind.StartsWith('b') ? (int[])[8]
                                            : [8, layer[1] == '0' || kind == "weight_hh" ? 2 : 4])];
        string message = Refused(Written(tensors), new() { AllowUnexpected = true }, new LstmSpec(2) { Bias = LstmBias.Two });
        Assert.Contains("LstmSpec(2) { Layers = 2, Direction = LstmDirection.Bidirectional, Bias = LstmBias.Two }", message);
        Assert.All(
            tensors.Where(tensor => !tensor.Item1.EndsWith("l0")), tensor => Assert.Contains($"'{tensor.Item1}'", message));

        Network.Create<float>(2, new LstmSpec(2) { Layers = 2, Direction = LstmDirection.Bidirectional })
            .LoadStateDict(new MemoryStream(Written(tensors)));
    }

    [Fact]
    public void LoadStateDict_of_biases_that_the_spec_has_no_place_for_or_lacks_throws_and_names_the_spec()
    {
        (string, int[])[] none = [("lstm.weight_ih_l0", [4, 1]), ("lstm.weight_hh_l0", [4, 1])],
            one = [.. none, ("lstm.bias_ih_l0", [4])];
        StateDictOptions allowed = new() { AllowUnexpected = true };
        Assert.Contains("Bias = LstmBias.Two", Refused(Written([.. one, ("lstm.bias_hh_l0", [4])]), allowed, new LstmSpec(1)
        {
            Bias = LstmBias.None,
        }));
        Assert.Contains("Bias = LstmBias.One", Refused(Written(one), allowed, new LstmSpec(1) { Bias = LstmBias.None }));
        Assert.Contains("Bias = LstmBias.One", Refused(Written(one), allowed, new LstmSpec(1) { Bias = LstmBias.Two }));
        Assert.Contains("Bias = LstmBias.None", Refused(Written(none), allowed, new LstmSpec(1)));
        Assert.Contains(
            "'lstm.bias_hh_l0' F32 [3]", Refused(Written([.. one, ("lstm.bias_hh_l0", [3])]), allowed, new LstmSpec(1)));
        Assert.Contains("'dense.bias'", Refused(Written(("dense.weight", [1, 1]), ("dense.bias", [1])), allowed, new DenseSpec(1)
        {
            Bias = false,
        }));
    }

    [Fact]
    public void LoadStateDict_finds_second_biases_and_further_layers_under_other_names()
    {
        (string, int[])[] bare =
            [("weight_ih_l0", [4, 1]), ("weight_hh_l0", [4, 1]), ("bias_ih_l0", [4]), ("bias_hh_l0", [4]), ("scale", [1])];
        Network<float> network = Network.Create<float>(1, new LstmSpec(1));
        StateDictOptions options = new() { AllowUnexpected = true, Rename = name => name["lstm.".Length..] };
        network.LoadStateDict(new MemoryStream(Written(bare)), options);
        Assert.Equal([2f, 4, 6, 8], Flat(network.ReadParameter("lstm.bias_ih_l0")));
        Assert.Contains("'weight_ih_l1'", Refused(Written([.. bare, ("weight_ih_l1", [4, 1])]), options, new LstmSpec(1)));

        // Names that a renaming gives to the parameters only.
        Dictionary<string, string> names = new()
        {
            ["lstm.weight_ih_l0"] = "m.a_bias_ih",
            ["lstm.weight_hh_l0"] = "m.b",
            ["lstm.bias_ih_l0"] = "m.c_bias_ih",
        };
        options = new() { AllowUnexpected = true, Rename = name => names[name] };
        (string, int[])[] renamed = [("m.a_bias_ih", [4, 1]), ("m.b", [4, 1]), ("m.c_bias_ih", [4]), ("m.c_bias_hh", [4])];
        network.LoadStateDict(new MemoryStream(Written(renamed)), options);
        Assert.Equal([2f, 4, 6, 8], Flat(network.ReadParameter("lstm.bias_ih_l0")));
        Assert.Contains("'m.other'", Refused(Written([.. renamed, ("m.other", [4])]), options, new LstmSpec(1)));

        // Names of their own for the biases, which only the renaming knows.
        options = new() { AllowUnexpected = true, Rename = name => name.Replace("bias_ih", "b1").Replace("bias_hh", "b2") };
        network.LoadStateDict(
            new MemoryStream(
            Written(("lstm.weight_ih_l0", [4, 1]), ("lstm.weight_hh_l0", [4, 1]), ("lstm.b1_l0", [4]), ("lstm.b2_l0", [4]))),
            options);
        Assert.Equal([2f, 4, 6, 8], Flat(network.ReadParameter("lstm.bias_ih_l0")));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void LoadStateDict_of_a_model_or_checkpoint_with_any_bit_flipped_throws_and_changes_nothing(bool isCheckpoint)
    {
        Network<float> network = Network.Create<float>(1, 3, new LstmSpec(1), new DenseSpec(1));
        MemoryStream memory = new();
        Trainer<float> trainer = new(network, new MeanSquaredError<float>(), new Sgd<float>(0.1));
        (isCheckpoint ? trainer.SaveCheckpoint : (Action<Stream>)network.Save)(memory);
        byte[] bytes = memory.ToArray();
        StateDictOptions options = new() { Prefix = isCheckpoint ? "network." : string.Empty, AllowUnexpected = true };
        Network<float> other = Network.Create<float>(1, 4, new LstmSpec(1), new DenseSpec(1));
        float[] before = other.Flat.ToArray();
        for (int i = 0; i < bytes.Length; i++)
        {
            bytes[i] ^= (byte)(1 << (i % 8));
            Assert.Throws<InvalidDataException>(() => other.LoadStateDict(new MemoryStream(bytes), options));
            bytes[i] ^= (byte)(1 << (i % 8));
        }

        Close.SameBits<float>(before, other.Flat, "parameters");
        other.LoadStateDict(new MemoryStream(bytes), options);
        Close.SameBits<float>(network.Flat, other.Flat, "parameters");
    }

    [Fact]
    public void LoadStateDict_of_another_precision_converts_when_asked_to()
    {
        byte[] file = Written(("dense.weight", [1, 3]));
        Network<double> network = Network.Create<double>(3, new DenseSpec(1) { Bias = false });
        network.LoadStateDict(new MemoryStream(file), new() { AllowPrecisionChange = true });
        Assert.Equal([1.0, 2, 3], Flat(network.ReadParameter("dense.weight")));
    }

    [Fact]
    public void LoadStateDict_of_an_integer_tensor_throws()
    {
        SafetensorsWriter writer = new();
        writer.Add<int>("dense.weight", [1, 1], () => new int[1]);
        MemoryStream memory = new();
        writer.WriteTo(memory);
        memory.Position = 0;
        Network<float> network = Network.Create<float>(1, new DenseSpec(1) { Bias = false });
        Assert.Contains("I32", Assert.Throws<InvalidDataException>(
            () => network.LoadStateDict(memory, new() { AllowPrecisionChange = true })).Message);
    }

    private static string Refused(byte[] file, StateDictOptions options, params LayerSpec[] layers)
    {
        Network<float> network = Network.Create<float>(1, layers);
        float[] before = network.Flat.ToArray();
        string message =
            Assert.Throws<InvalidDataException>(() => network.LoadStateDict(new MemoryStream(file), options)).Message;
        Close.SameBits<float>(before, network.Flat, "parameters");
        return message;
    }

    private static void CompareFixture<T>(string suffix, double tolerance)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        TensorFile io = TensorFile.Read(Path.Combine(Fixtures, $"lstm_dense.io.{suffix}.safetensors"));
        string path = Path.Combine(Fixtures, $"lstm_dense.{suffix}.safetensors");
        Network<T> network = Network.Create<T>(3, TwoLayers, new DenseSpec(2));
        network.LoadStateDict(path);

        foreach (Parameter parameter in network.Parameters)
        {
            Assert.Equal(
                TensorFile.Read(path).Doubles(parameter.Name),
                Array.ConvertAll(Flat(network.ReadParameter(parameter.Name)), double.CreateChecked));
        }

        T[] output = Flat(network.Predict(SequenceBatch.FromTensor<T>(Tensor<T>(io, "in.x"))).ToTensor());
        Close.Relative(Array.ConvertAll(io.Doubles("out.output"), T.CreateTruncating), output, tolerance, "output", floor: 1);
    }

    // Tensors of 1, 2, 3, …
    private static byte[] Written(params (string Name, int[] Shape)[] tensors)
    {
        SafetensorsWriter writer = new();
        foreach ((string name, int[] shape) in tensors)
        {
            writer.Add<float>(
                name, shape, () => Enumerable.Range(1, shape.Aggregate(1, (a, b) => a * b)).Select(i => (float)i).ToArray());
        }

        MemoryStream memory = new();
        writer.WriteTo(memory);
        return memory.ToArray();
    }

    private static Tensor<T> Tensor<T>(TensorFile file, string name)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => System.Numerics.Tensors.Tensor.Create(
            Array.ConvertAll(file.Doubles(name), T.CreateTruncating), [.. file.Shape(name).Select(n => (nint)n)]);

    private static T[] Flat<T>(Tensor<T> tensor)
    {
        T[] values = new T[tensor.FlattenedLength];
        tensor.FlattenTo(values);
        return values;
    }

}
