namespace Lstm.Tests.Formats;

/// <summary>
/// Files made to be expensive: none takes more memory than <see cref="Factor"/> times its own size, or anything but an exception
/// that says why.
/// </summary>
public class HostileFileTests
{
    /// <summary>Bytes allocated for each byte of a file, beside <see cref="Constant"/>: what docs/formats.md promises.</summary>
    internal const long Factor = 64;

    internal const long Constant = 1 << 20;

    private static readonly string LongName = new('n', 1_000_000);

    [Fact]
    public void Load_of_many_layers_beside_one_large_tensor_throws_before_they_are_made()
    {
        const int Layers = 9_000;
        CraftedFile file = Model($$"""{"kind":"lstm","hiddenSize":1,"layers":{{Layers}}}""");
        file.Add("other", "U8", 1, 4 * Layers);
        Refuse(file, "'lstm.weight_ih_l0'");
        file.Tensors.Clear();
        file.Payload = [];
        file.Add("lstm.weight_ih_l0", "F32", 4, 4, 1);
        file.Add("other", "U8", 1, 4 * Layers);
        Refuse(file, "'lstm.weight_hh_l0'");
    }

    [Theory]
    [InlineData("""{"kind":"lstm","hiddenSize":1,"layers":2000000000}""")]
    [InlineData("""{"kind":"lstm","hiddenSize":1,"layers":10001}""")]
    public void Load_of_more_layers_than_a_network_can_have_throws(string layer)
    {
        CraftedFile file = Model(layer);
        file.Add("other", "U8", 1, 400_000);
        Refuse(file, string.Empty);
    }

    [Fact]
    public void Load_of_layers_with_an_endless_name_throws_with_a_short_message()
    {
        CraftedFile file = Model($$"""{"kind":"lstm","name":"{{LongName}}","hiddenSize":1,"layers":1000}""");
        file.Add("other", "F32", 4, 100_000);
        Refuse(file, "longer than 256");
    }

    [Fact]
    public void Load_of_ten_thousand_layers_without_parameters_takes_memory_as_the_file_does()
    {
        byte[] bytes = Model(string.Join(',', Enumerable.Repeat("""{"kind":"pooling","pooling":"mean"}""", 10_000))).ToBytes();
        Network<float> network = null!;
        AssertLinear(bytes, () => network = Network.Load<float>(new MemoryStream(bytes)));
        Assert.Equal("pooling_9999", network.Layers[^1].Name);

        // Each pooling goes in front of the merge and all that is behind it.
        CraftedFile merged = Model([
            """{"kind":"lstm","hiddenSize":1,"bias":"none","direction":"bidirectional","merge":"sum"}""",
            .. Enumerable.Repeat("""{"kind":"dropout","rate":0}""", 2_000),
            .. Enumerable.Repeat("""{"kind":"pooling","pooling":"last"}""", 2_000)]);
        foreach (string name in (string[])["weight_ih_l0", "weight_hh_l0", "weight_ih_l0_reverse", "weight_hh_l0_reverse"])
        {
            merged.Add("lstm." + name, "F32", 4, 4, 1);
        }

        bytes = merged.ToBytes();
        AssertLinear(bytes, () => network = Network.Load<float>(new MemoryStream(bytes)));
        Assert.Equal(["dropout_1999", "dropout_1998"], network.Layers.Reverse().Take(2).Select(layer => layer.Name));

        bytes = Model(string.Join(',', Enumerable.Repeat("""{"kind":"pooling","pooling":"mean"}""", 10_001))).ToBytes();
        AssertLinear(
            bytes, () => Assert.Contains(
            "10001", Assert.Throws<InvalidDataException>(() => Network.Load<float>(new MemoryStream(bytes))).Message));
    }

    [Fact]
    public void Load_of_a_pooling_after_thousands_of_layers_needs_no_deep_stack()
    {
        string[] dropouts = [.. Enumerable.Repeat("""{"kind":"dropout","rate":0.5}""", 9_998)];
        byte[] bytes = Model([.. dropouts, """{"kind":"pooling","pooling":"last"}"""]).ToBytes();
        Thread thread = new(() => Network.Load<float>(new MemoryStream(bytes)), maxStackSize: 256 * 1024);
        thread.Start();
        thread.Join();
    }

    [Fact]
    public void Load_of_long_texts_anywhere_throws_with_a_short_message()
    {
        Refuse(Model($$"""{"kind":"{{LongName}}"}"""), "kind");
        Refuse(Model($$"""{"kind":"dense","outputSize":1,"{{LongName}}":1}"""), "unknown property");
        Refuse(Model($$"""{"kind":"dense","outputSize":"{{LongName}}"}"""), "outputSize");
        Refuse(Model($$$"""{"kind":"lstm","hiddenSize":1,"cell":{"name":"{{{LongName}}}","settings":"{{{LongName}}}"}}"""),
            "custom cell");
        Refuse(Model($"\"{LongName}\""), "object");
        CraftedFile file = Model("""{"kind":"dense","outputSize":1}""");
        file.Add(LongName, "F32", 4, 1);
        Refuse(file, "dense.weight");
        file.Set("frozen", $"[\"{LongName}\"]");
        Refuse(file, string.Empty);
        file.Set("version", LongName);
        Refuse(file, "version");
        file.Set("format", LongName);
        Refuse(file, "format");
        file.Tensors.Add(new(LongName, "F32", "[2]", 0, 4));
        Refuse(file, "twice");
        file.Tensors[^1] = new("x", LongName, "[2]", 0, 4);
        Refuse(file, "unknown type");
        file.Tensors[^1] = new("x", "F32", $"[{string.Join(',', Enumerable.Repeat(0, 1_000_000))}]", 0, 4);
        Refuse(file, "more than 64");
    }

    [Fact]
    public void Create_refuses_what_no_file_could_hold()
    {
        Assert.Contains(
            "256", Assert.Throws<ArgumentException>(
            () => Network.Create<float>(1, new DenseSpec(1) { Name = new('n', 257) })).Message);
        Assert.Contains(
            "10000",
            Assert.Throws<ArgumentException>(
            () => Network.Create<float>(1, new LstmSpec(1) { Layers = 10_000 }, new DenseSpec(1))).Message);
        Assert.Contains(
            "10000",
            Assert.Throws<ArgumentException>(
            () => Network.Create<float>(
            1, new LstmSpec(1) { Layers = int.MaxValue }, new LstmSpec(1) { Layers = int.MaxValue })).Message);
        Network<float> network = Network.Create<float>(1, new DenseSpec(1) { Name = new('n', 256) });
        MemoryStream memory = new();
        network.Save(memory);
        memory.Position = 0;
        Assert.Equal(network.Specs, Network.Load<float>(memory).Specs);
    }

    [Fact]
    public void LoadCheckpoint_of_a_number_beyond_double_throws()
    {
        CraftedFile file = Checkpoint(out Trainer<float> trainer);
        string spec = file.Metadata.Single(pair => pair.Key == "spec").Value;
        file.Set("spec", spec.Replace("\"dropout\":0,", "\"dropout\":1e400,"));
        Assert.NotEqual(spec, file.Metadata.Single(pair => pair.Key == "spec").Value);
        byte[] bytes = file.ToBytes();
        Assert.Contains(
            "1e400", Assert.Throws<InvalidDataException>(() => trainer.LoadCheckpoint(new MemoryStream(bytes))).Message);
    }

    [Theory]
    [InlineData("state.h.0", "U8", 1)]
    [InlineData("state.h.0", "F32", 4)]
    [InlineData("state.steps", "I32", 4)]
    public void LoadCheckpoint_of_states_of_many_sequences_that_are_not_there_throws_before_any_is_made(
        string name, string type, int size)
    {
        CraftedFile file = Checkpoint(out Trainer<float> trainer);
        file.Add(name, type, size, name == "state.steps" ? [100_000] : [100_000, 1]);
        byte[] bytes = file.ToBytes();
        AssertLinear(bytes, () => Assert.Throws<InvalidDataException>(() => trainer.LoadCheckpoint(new MemoryStream(bytes))));
    }

    /// <summary>Runs a load and asserts that it allocates no more than is promised.</summary>
    internal static void AssertLinear(byte[] file, Action load)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        load();
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before, most = (Factor * file.Length) + Constant;
        Assert.True(allocated <= most, $"{allocated} bytes allocated for a file of {file.Length}; at most {most} are promised.");
    }

    private static void Refuse(CraftedFile file, string expected)
    {
        byte[] bytes = file.ToBytes();
        AssertLinear(bytes, () =>
        {
            string message = Assert.Throws<InvalidDataException>(() => Network.Load<float>(new MemoryStream(bytes))).Message;
            Assert.Contains(expected, message);
            Assert.True(message.Length < 2000, message);
        });
        Network<float> network = Network.Create<float>(1, new DenseSpec(1));
        AssertLinear(
            bytes, () => Assert.True(
            Assert.Throws<InvalidDataException>(() => network.LoadStateDict(new MemoryStream(bytes))).Message.Length < 10_000));
    }

    private static CraftedFile Model(params string[] layers)
    {
        CraftedFile file = new();
        file.Set("format", "lstm");
        file.Set("version", "1");
        file.Set("spec", $$"""{"inputSize":1,"layers":[{{string.Join(',', layers)}}]}""");
        return file;
    }

    private static CraftedFile Checkpoint(out Trainer<float> trainer)
    {
        trainer =
            new(Network.Create<float>(1, new LstmSpec(1) { Layers = 50 }), new MeanSquaredError<float>(), new Sgd<float>(0.1));
        MemoryStream memory = new();
        trainer.SaveCheckpoint(memory);
        return CraftedFile.Parse(memory.ToArray());
    }
}
