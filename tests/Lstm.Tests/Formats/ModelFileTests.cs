using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Lstm.Cells;
using Lstm.Formats;
using Lstm.Formats.Safetensors;
using Lstm.Parameters;
using Lstm.Specs;
using Lstm.Tests.Support;
using TensorFile = Lstm.Tests.Support.TensorFile;

namespace Lstm.Tests.Formats;

public class ModelFileFloatTests : ModelFileTests<float>;

public class ModelFileDoubleTests : ModelFileTests<double>;

/// <summary>Networks saved and loaded, and everything that can be wrong with a file.</summary>
public abstract class ModelFileTests<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static TheoryData<string> Names => [.. Networks.Keys];

    private static Dictionary<string, Func<Network<T>>> Networks { get; } = new()
    {
        ["plain"] = () => Network.Create<T>(3, 7, new LstmSpec(5), new DenseSpec(2)),
        ["every property"] = () => Network.Create<T>(
            3, 8, new LstmSpec(5)
            {
                Name = "Gedächtnis 記憶 🧠",
                Layers = 2,
                Dropout = 0.1,
                Direction = LstmDirection.Bidirectional,
                Bias = LstmBias.Two,
                Initialization = LstmInitialization.Keras,
                ForgetBias = 0.3,
                LearnInitialState = true,
                Cell = new LstmEquations
                {
                    Peephole = true,
                    CoupledGates = true,
                    CellClip = 3,
                    PreActivationClip = 5.5,
                    GateActivation = new(LstmActivationFunction.HardSigmoid, 0.2, 0.5),
                    CellActivation = new(LstmActivationFunction.Softsign),
                    HiddenActivation = new(LstmActivationFunction.Elu, 0.7),
                    ReverseGateActivation = new(LstmActivationFunction.Sigmoid),
                    ReverseCellActivation = new(LstmActivationFunction.ScaledTanh, 1.5, 0.5),
                    ReverseHiddenActivation = new(LstmActivationFunction.Affine, 0.5, 0.1),
                    OutputGate = false,
                    GateRecurrence = true,
                    CandidateDropout = 0.3,
                },
                Projection = new(3) { Clip = 2.5 },
                TruncatedGradient = true,
                Regularization = new()
                {
                    InputDropout = 0.1,
                    RecurrentDropout = 0.2,
                    WeightDropout = 0.4,
                    HiddenZoneout = 0.5,
                    CellZoneout = 0.6,
                },
            },
            new LstmSpec(3) { Cell = new LstmEquations { InputGate = false, ForgetGate = false } }, new LstmSpec(2)
            {
                MemorySpan = 30,
            },
            new DropoutSpec(0.2), new PoolingSpec(Pooling.Max), new DenseSpec(2) { Activation = Activation.Tanh, Bias = false }),
        ["ids"] = ()
            => Network.Create<T>(
                11, 9, new EmbeddingSpec(4), new LstmSpec(17) { Bias = LstmBias.None }, new PoolingSpec(Pooling.Last)),
        ["layer norm"] = () => Network.Create<T>(3, 9, new LstmSpec(9)
        {
            Normalization = new LayerNormalization { Epsilon = 1e-3 },
            Layers = 2,
            Direction = LstmDirection.Bidirectional,
        }),
        ["no parameters"] = () => Network.Create<T>(3, new PoolingSpec(Pooling.Mean)),
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void Load_of_a_saved_network_has_equal_parameters_specs_and_outputs(string name)
    {
        Network<T> network = Networks[name]();
        network.Metadata["scaler"] = "mean \"1\"\n\\ ü 😀";
        network.Metadata[""] = "";
        if (network.Parameters.Count > 0)
        {
            network.SetTrainable(network.Parameters[0].Name, false);
        }

        Network<T> loaded = Network.Load<T>(new MemoryStream(Save(network)));

        AssertEqual(network, loaded);
        Close.SameBits(Output(network), Output(loaded), "output");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Save_twice_and_after_loading_gives_the_same_bytes(string name)
    {
        Network<T> network = Networks[name]();
        byte[] bytes = Save(network);
        Assert.Equal(bytes, Save(network));
        Assert.Equal(bytes, Save(Network.Load<T>(new MemoryStream(bytes))));
    }

    [Fact]
    public void Save_writes_PyTorch_names_shapes_and_layout_aligned_to_a_cache_line()
    {
        Network<T> network = Networks["every property"]();
        byte[] bytes = Save(network);
        TensorFile file = TensorFile.Parse(bytes);
        Assert.Equal(0, (8 + BitConverter.ToInt64(bytes)) % 64);
        Assert.Equal(network.Parameters.Select(p => p.Name).Order(), file.Names.Order());
        foreach (Parameter parameter in network.Parameters)
        {
            Assert.Equal(parameter.Shape, file.Shape(parameter.Name));
            Assert.Equal(SafetensorsTensor.TypeOf<T>(), file.Type(parameter.Name));
            Assert.Equal(Array.ConvertAll(Values(network, parameter.Name), double.CreateChecked), file.Doubles(parameter.Name));
        }
    }

    [Fact]
    public void Save_and_Load_keep_every_bit_of_NaNs_infinities_and_denormals()
    {
        Network<T> network = Network.Create<T>(2, new DenseSpec(3));
        byte[] bytes = new byte[6 * Marshal.SizeOf<T>()];
        new Random(1).NextBytes(bytes);
        T[] values = [.. MemoryMarshal.Cast<byte, T>(bytes)];
        (values[0], values[1], values[2], values[3]) = (T.NaN, T.NegativeInfinity, T.Epsilon, T.NegativeZero);
        bytes = [.. MemoryMarshal.AsBytes(values.AsSpan())];
        (bytes[0], bytes[1]) = (0x5A, 0xA5);
        values = [.. MemoryMarshal.Cast<byte, T>(bytes)];
        network.WriteParameter("dense.weight", Tensor.Create(values, [3, 2]));
        Close.SameBits(values, Values(Network.Load<T>(new MemoryStream(Save(network))), "dense.weight"), "dense.weight");
    }

    [Fact]
    public void Save_to_a_path_replaces_the_file_and_leaves_nothing_else()
    {
        using TemporaryFolder folder = new();
        string path = folder["модель 模型.safetensors"];
        File.WriteAllText(path, "old");
        Network<T> network = Networks["plain"]();
        network.Save(path);
        AssertEqual(network, Network.Load<T>(path));
        Assert.Single(folder.Files);
    }

    [Fact]
    public void Save_of_text_that_is_not_Unicode_throws_and_leaves_the_old_file()
    {
        using TemporaryFolder folder = new();
        Network<T> network = Networks["plain"]();
        network.Save(folder["m"]);
        byte[] old = File.ReadAllBytes(folder["m"]);
        network.Metadata["half"] = "a\ud800b";
        Assert.Throws<ArgumentException>(() => network.Save(folder["m"]));
        Assert.Equal(old, File.ReadAllBytes(folder["m"]));
        Assert.Equal(["m"], folder.Files);
    }

    [Fact]
    public void Save_and_Load_through_streams_that_cannot_seek_work()
    {
        Network<T> network = Networks["plain"]();
        MemoryStream memory = new();
        network.Save(new ForwardOnlyStream(memory));
        memory.Position = 0;
        AssertEqual(network, Network.Load<T>(new ForwardOnlyStream(memory)));
    }

    [Fact]
    public void Load_from_the_middle_of_a_stream_starts_at_its_position()
    {
        Network<T> network = Networks["plain"]();
        MemoryStream memory = new([1, 2, 3, .. Save(network)]) { Position = 3 };
        AssertEqual(network, Network.Load<T>(memory));
    }

    [Fact]
    public void Load_of_a_missing_file_throws_FileNotFound()
    {
        using TemporaryFolder folder = new();
        Assert.Throws<FileNotFoundException>(() => Network.Load<T>(folder["none"]));
    }

    [Fact]
    public void Load_of_every_truncation_throws()
    {
        byte[] bytes = Save(Small());
        for (int length = 0; length < bytes.Length; length++)
        {
            MemoryStream cut = new(bytes, 0, length);
            Assert.Throws<InvalidDataException>(() => Network.Load<T>(cut));
        }

        Assert.Throws<InvalidDataException>(() => Network.Load<T>(new MemoryStream([.. bytes, 0])));
    }

    [Fact]
    public void Load_with_any_header_byte_changed_throws_or_gives_the_same_network()
    {
        Network<T> network = Small();
        byte[] bytes = Save(network);
        int header = 8 + (int)BitConverter.ToInt64(bytes);
        int loaded = 0;
        for (int i = 0; i < header; i++)
        {
            byte old = bytes[i];
            foreach (byte value in (byte[])[0, (byte)'"', (byte)'9', (byte)' ', (byte)(old ^ 1), 0xFF])
            {
                bytes[i] = value;
                try
                {
                    AssertEqual(network, Network.Load<T>(new MemoryStream(bytes)));
                    loaded += value == old ? 0 : 1;
                }
                catch (InvalidDataException)
                {
                    Assert.NotEqual(old, value);
                }
            }

            bytes[i] = old;
        }

        // Only the padding's spaces may change without harm, and only to other white space.
        Assert.Equal(0, loaded);
    }

    [Fact]
    public void Load_with_any_payload_bit_flipped_throws()
    {
        byte[] bytes = Save(Small());
        for (int i = 8 + (int)BitConverter.ToInt64(bytes); i < bytes.Length; i++)
        {
            byte old = bytes[i];
            bytes[i] ^= (byte)(1 << (i % 8));
            Assert.Contains("hash", Assert.Throws<InvalidDataException>(() => Network.Load<T>(new MemoryStream(bytes))).Message);
            bytes[i] = old;
        }
    }

    [Fact]
    public void Load_of_a_file_that_another_tool_wrote_again_gives_the_same_network()
    {
        // Other order of names, other white space, another order of the payload.
        Network<T> network = Small();
        SafetensorsReader file = new(new MemoryStream(Save(network)));
        SafetensorsWriter writer = new();
        foreach ((string key, string value) in file.Metadata.Reverse())
        {
            writer.Metadata[key] = value;
        }

        foreach (SafetensorsTensor tensor in file.Tensors.Reverse())
        {
            writer.Add<T>(tensor.Name, tensor.Shape.Select(n => (int)n), () => Values(network, tensor.Name));
        }

        MemoryStream memory = new();
        writer.WriteTo(memory);
        memory.Position = 0;
        AssertEqual(network, Network.Load<T>(memory));
    }

    [Fact]
    public void Load_of_another_precision_throws_unless_allowed()
    {
        double[] expected = [0.1, -2, 1e-40, 0, double.NaN];
        byte[] file = typeof(T) == typeof(float) ? SaveAs<double>() : SaveAs<float>();
        string message = Assert.Throws<InvalidDataException>(() => Network.Load<T>(new MemoryStream(file))).Message;
        Assert.Contains("AllowPrecisionChange", message);
        Network<T> loaded = Network.Load<T>(new MemoryStream(file), new LoadOptions { AllowPrecisionChange = true });
        T[] through =
            [.. expected.Select(x => typeof(T) == typeof(float) ? T.CreateTruncating(x) : T.CreateTruncating((float)x))];
        Close.SameBits(through.AsSpan()[..4], Values(loaded, "dense.weight").AsSpan()[..4], "dense.weight");
        Assert.True(T.IsNaN(Values(loaded, "dense.weight")[4]));

        byte[] SaveAs<TFile>()
            where TFile : unmanaged, IBinaryFloatingPointIeee754<TFile>
        {
            Network<TFile> network = Network.Create<TFile>(5, new DenseSpec(1));
            network.WriteParameter("dense.weight", Tensor.Create(Array.ConvertAll(expected, TFile.CreateTruncating), [1, 5]));
            MemoryStream memory = new();
            network.Save(memory);
            return memory.ToArray();
        }
    }

    [Fact]
    public void Load_of_sizes_that_the_file_has_no_values_for_throws_without_asking_for_memory()
    {
        foreach (string layer in (string[])[
            """{"kind":"lstm","hiddenSize":2147483647}""",
            """{"kind":"lstm","hiddenSize":1,"layers":2147483647}""",
            """{"kind":"lstm","hiddenSize":2147483647,"layers":2147483647}""",
            """{"kind":"lstm","hiddenSize":-5}""",
            """{"kind":"lstm","hiddenSize":1,"layers":-1}""",
            """{"kind":"dense","outputSize":2147483647}""",
            """{"kind":"embedding","outputSize":2147483647}""",
            """{"kind":"dense","outputSize":-1},{"kind":"dense","outputSize":2}""",
        ])
        {
            foreach (int inputSize in (int[])[1, int.MaxValue, 0, -1])
            {
                byte[] file = Sealed($$"""{"inputSize":{{inputSize}},"layers":[{{layer}}]}""");
                long before = GC.GetAllocatedBytesForCurrentThread();
                Assert.Throws<InvalidDataException>(() => Network.Load<T>(new MemoryStream(file)));
                Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20, layer);
            }
        }
    }

    [Theory]
    [InlineData("format", "pt", "LoadStateDict")]
    [InlineData("format", null, "LoadStateDict")]
    [InlineData("version", "2", "version '2'")]
    [InlineData("version", null, "'version'")]
    [InlineData("spec", null, "'spec'")]
    [InlineData("spec", "{}", "inputSize")]
    [InlineData("sha256", null, "'sha256'")]
    [InlineData("sha256", "00", "hash")]
    [InlineData("frozen", "[\"dense.nothing\"]", "frozen")]
    [InlineData("frozen", "[1]", "frozen")]
    [InlineData("frozen", "{}", "frozen")]
    [InlineData("frozen", "[null]", "frozen")]
    [InlineData("frozen", "[", "frozen")]
    public void Load_with_wrong_metadata_throws_and_says_which(string key, string? value, string expected)
    {
        byte[] file = Sealed("""{"inputSize":1,"layers":[{"kind":"dense","outputSize":1,"bias":false}]}""", key, value);
        Assert.Contains(expected, Assert.Throws<InvalidDataException>(() => Network.Load<T>(new MemoryStream(file))).Message);
    }

    [Fact]
    public void Load_of_half_or_int_throws_NotSupported()
    {
        byte[] bytes = Save(Small());
        Assert.Throws<NotSupportedException>(() => Network.Load<Half>(new MemoryStream(bytes)));
    }

    private static Network<T> Small()
    {
        Network<T> network = Network.Create<T>(1, 3, new LstmSpec(1) { Name = "é" }, new DenseSpec(1));
        network.Metadata["a"] = "b";
        network.SetTrainable("dense.bias", false);
        return network;
    }

    // A file of one tensor, dense.weight [1, 1], with a description of the test's choice.
    private static byte[] Sealed(string spec, string? key = null, string? value = null)
    {
        SafetensorsWriter writer = new();
        writer.Add<T>("dense.weight", [1, 1], () => new T[1]);
        (writer.Metadata["format"], writer.Metadata["version"], writer.Metadata["spec"]) = ("lstm", "1", spec);
        Set("sha256");
        writer.Seal();
        if (key == "sha256")
        {
            Set("");
        }

        MemoryStream memory = new();
        writer.WriteTo(memory);
        return memory.ToArray();

        void Set(string except)
        {
            if (key is not null && key != except)
            {
                _ = value is null ? writer.Metadata.Remove(key) : Put(value);
            }
        }

        bool Put(string text)
        {
            writer.Metadata[key!] = text;
            return true;
        }
    }

    private static byte[] Save(Network<T> network)
    {
        MemoryStream memory = new();
        network.Save(memory);
        return memory.ToArray();
    }

    private static T[] Values(Network<T> network, string parameter)
    {
        Tensor<T> tensor = network.ReadParameter(parameter);
        T[] values = new T[tensor.FlattenedLength];
        tensor.FlattenTo(values);
        return values;
    }

    private static T[] Output(Network<T> network)
    {
        Random random = new(5);
        int[] lengths = [4, 0, 2];
        if (network.TakesIds)
        {
            return [.. network.Predict(SequenceBatch.FromSequences<int>([.. lengths.Select(n => Ids(n))])).Rows];
        }

        return [.. network.Predict(SequenceBatch.FromSequences<T>([.. lengths.Select(Features)], network.InputSize)).Rows];

        int[] Ids(int n) => [.. Enumerable.Range(0, n).Select(_ => random.Next(network.InputSize))];

        T[] Features(int n)
            => [.. Enumerable.Range(0, n * network.InputSize).Select(_ => T.CreateChecked((2 * random.NextDouble()) - 1))];
    }

    private static void AssertEqual(Network<T> expected, Network<T> actual)
    {
        Assert.Equal(expected.InputSize, actual.InputSize);
        Assert.Equal(expected.Specs, actual.Specs);
        Assert.Equal(expected.Metadata, actual.Metadata);
        Assert.Equal(expected.Parameters.Select(p => p.ToString()), actual.Parameters.Select(p => p.ToString()));
        Close.SameBits<T>(expected.Flat, actual.Flat, "parameters");
    }

    private sealed class ForwardOnlyStream(Stream inner) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Flush() => inner.Flush();

        public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, Math.Min(count, 100));

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => inner.Write(buffer, offset, count);
    }
}
