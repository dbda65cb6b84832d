using System.Numerics;
using System.Numerics.Tensors;
using Lstm.Formats;
using Lstm.Tests.Support;

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
            "lstm_head_bi" => [new LstmSpec(8) { Layers = 2, Bias = LstmBias.Two, Direction = LstmDirection.Bidirectional }, new DenseSpec(2) { Name = "fc" }],
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
            Close.Relative<float>(io.Floats("out.hn").AsSpan(entry * values, values), state.Hidden(entry), 1e-5, $"h of {entry}", floor: 1);
            Close.Relative<float>(io.Floats("out.cn").AsSpan(entry * values, values), state.Cell(entry), 1e-5, $"c of {entry}", floor: 1);
        }
    }

    [Fact]
    public void LoadStateDict_finds_tensors_by_prefix_and_names()
    {
        byte[] file = Written(
            ("model.rnn.weight_ih_l0", [4, 1]), ("model.rnn.weight_hh_l0", [4, 1]), ("model.rnn.bias_ih_l0", [4]), ("head.weight", [9]));
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
        Refuse([good[0], good[2]], ["no tensor 'lstm.weight_hh_l0'", "[8, 2]"]);
        Refuse([.. good, ("lstm.bias_hh_l0", [8])], ["'lstm.bias_hh_l0'", "Two"]);
        Refuse([.. good, ("extra", [8])], ["'extra'", "[8]"]);
        Refuse([good[0], ("lstm.weight_hh_l0", [2, 8]), good[2]], ["'lstm.weight_hh_l0'", "[2, 8]", "[8, 2]"]);
        Refuse([good[0], ("lstm.weight_hh_l0", [16]), good[2]], ["'lstm.weight_hh_l0'", "[16]", "[8, 2]"]);
        Refuse([], ["'lstm.weight_ih_l0'", "none"]);

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
    public void LoadStateDict_leaves_other_tensors_alone_when_asked_to()
    {
        byte[] file = Written(("dense.weight", [1, 1]), ("dense.bias", [1]), ("extra", [2]));
        Network.Create<float>(1, new DenseSpec(1)).LoadStateDict(new MemoryStream(file), new() { AllowUnexpected = true });
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

    private static void CompareFixture<T>(string suffix, double tolerance)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        TensorFile io = TensorFile.Read(Path.Combine(Fixtures, $"lstm_dense.io.{suffix}.safetensors"));
        string path = Path.Combine(Fixtures, $"lstm_dense.{suffix}.safetensors");
        Network<T> network = Network.Create<T>(3, TwoLayers, new DenseSpec(2));
        network.LoadStateDict(path);

        foreach (Parameter parameter in network.Parameters)
        {
            Assert.Equal(TensorFile.Read(path).Doubles(parameter.Name), Array.ConvertAll(Flat(network.ReadParameter(parameter.Name)), double.CreateChecked));
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
            writer.Add<float>(name, shape, () => Enumerable.Range(1, shape.Aggregate(1, (a, b) => a * b)).Select(i => (float)i).ToArray());
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
