using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Lstm.Formats;
using Lstm.Formats.Archives;
using TensorFile = Lstm.Formats.TensorFile;

namespace Lstm.Tests.Formats;

/// <summary>
/// Tensor files made to be expensive, to lie, or to execute something: each is an InvalidDataException that says why, or has
/// tensors that its size pays for.
/// </summary>
public class HostileTensorFileTests
{
    /// <summary>Bytes allocated for each byte of a file; archives may unpack to 16 times their size, into wider types.</summary>
    private const long Factor = 200;

    private const long Constant = 8 << 20;

    private static readonly byte[] Names = Encoding.UTF8.GetBytes("arr_0.npy");

    [Theory]
    [InlineData("os", "system")]
    [InlineData("builtins", "eval")]
    [InlineData("__builtin__", "exec")]
    [InlineData("__main__", "Net")]
    [InlineData("torch.nn.modules.linear", "Linear")]
    [InlineData("torch.hub", "load")]
    [InlineData("torch", "QInt8Storage")]
    [InlineData("numpy.core.multiarray", "_reconstruct")]
    [InlineData("collections", "defaultdict")]
    [InlineData("torch._utils", "_rebuild_sparse_tensor")]
    [InlineData("argparse", "Namespace")]
    public void A_pickle_that_names_another_global_is_refused_by_that_name(string module, string name)
    {
        Refuse(new PickleBuilder().Global(module, name).Text("x").Op(0x85).Op('R').ToArchive(), $"'{module}.{name}'");
        Refuse(new PickleBuilder().Text(module).Text(name).Op(0x93).Op(')').Op('R').ToArchive(), $"'{module}.{name}'");
    }

    [Fact]
    public void A_pickle_that_makes_objects_or_calls_what_is_no_function_is_refused()
    {
        Refuse(
            new PickleBuilder().Global("collections", "OrderedDict").Op(')').Op(0x81).ToArchive(), "makes an object of a class");
        Refuse(new PickleBuilder().Global("torch", "FloatStorage").Op(')').Op('R').ToArchive(), "'torch.FloatStorage'");
        Refuse(new PickleBuilder().Global("torch", "float32").Op(')').Op('R').ToArchive(), "'torch.float32'");
        Refuse(new PickleBuilder().Text("eval").Op(')').Op('R').ToArchive(), "no function");
        Refuse(new PickleBuilder().Global("collections", "OrderedDict").Text("x").Op('R').ToArchive(), "tuple of arguments");
        Refuse(new PickleBuilder().Global("torch._utils", "_rebuild_tensor_v2").Op(')').Op('R').ToArchive(), "arguments");
        Refuse(new PickleBuilder().Op(']').Op('}').Op('b').ToArchive(), "no dict");
        Refuse(new PickleBuilder().Text("id").Op('Q').ToArchive(), "storage");
        Refuse(new PickleBuilder().Op('i', Encoding.UTF8.GetBytes("os\nsystem\n")).ToArchive(), "class");
        Refuse(new PickleBuilder().Op(0x8F).ToArchive(), "0x8f");
    }

    public static TheoryData<string, byte[]> BrokenPickles { get; } = new()
    {
        { "underflow", [0x80, 2, (byte)'0', (byte)'.'] },
        { "no value", [0x80, 2, (byte)'.'] },
        { "mark", [0x80, 2, (byte)'t', (byte)'.'] },
        { "below mark", [0x80, 2, (byte)'N', (byte)'(', (byte)'0', (byte)'.'] },
        { "memo", [0x80, 2, (byte)'h', 7, (byte)'.'] },
        { "large memo", [0x80, 2, (byte)'j', 255, 255, 255, 255, (byte)'.'] },
        { "protocol", [0x80, 6, (byte)'N', (byte)'.'] },
        { "text", [0x80, 2, (byte)'X', 255, 255, 255, 127, (byte)'.'] },
        { "long text", [0x80, 2, 0x8D, 255, 255, 255, 255, 255, 255, 255, 255, (byte)'.'] },
        { "long bytes", [0x80, 2, 0x8E, 255, 255, 255, 255, 255, 255, 255, 127, (byte)'.'] },
        { "integer", [0x80, 2, 0x8B, 255, 255, 255, 255, (byte)'.'] },
        { "append", [0x80, 2, (byte)'N', (byte)'N', (byte)'a', (byte)'.'] },
        { "set", [0x80, 2, (byte)'N', (byte)'N', (byte)'N', (byte)'s', (byte)'.'] },
        { "odd items", [0x80, 2, (byte)'}', (byte)'(', (byte)'N', (byte)'u', (byte)'.'] },
        { "global", [0x80, 2, (byte)'c', (byte)'a'] },
        { "global of one line", [0x80, 2, (byte)'c', (byte)'a', (byte)'\n'] },
        { "stack global", [0x80, 4, (byte)'N', (byte)'N', 0x93, (byte)'.'] },
        { "frame", [0x80, 4, 0x95, 1, 0] },
        { "operation", [0x80, 2, 0xFF, (byte)'.'] },
        { "protocol 0", [0x80, 2, (byte)'I', (byte)'1', (byte)'\n', (byte)'.'] },
        { "no end", [0x80, 2, (byte)'N'] },
        { "nothing", [] },
    };

    [Theory]
    [MemberData(nameof(BrokenPickles))]
    public void A_broken_pickle_is_refused_with_its_place(string what, byte[] pickle)
    {
        Assert.NotEmpty(what);
        Refuse(PickleBuilder.Zip(CompressionLevel.NoCompression, ("a/data.pkl", pickle)), "byte");
        Refuse([0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, (byte)'.', .. pickle], "pickle");
    }

    public static TheoryData<string, long, long, long[], long[], int> LyingTensors { get; } = new()
    {
        { "shape", 4, 0, [5], [1], 16 },
        { "offset", 4, 1, [4], [1], 16 },
        { "negative offset", 4, -1, [4], [1], 16 },
        { "far offset", 4, long.MaxValue, [1], [1], 16 },
        { "offset at the end", 4, 4, [], [], 16 },
        { "negative shape", 4, 0, [-1], [1], 16 },
        { "negative stride", 4, 0, [2], [-1], 16 },
        { "stride", 4, 0, [2, 2], [3, 1], 16 },
        { "stride of zero", 4, 0, [5], [0], 16 },
        { "overflowing shape", 4, 0, [1L << 32, 1L << 32], [0, 0], 16 },
        { "overflowing stride", 4, 0, [2, 3], [long.MaxValue, long.MaxValue], 16 },
        { "expanded", 4, 0, [1_000_000_000], [0], 16 },
        { "more strides", 4, 0, [2], [1, 1], 16 },
        { "storage", 5, 0, [5], [1], 16 },
        { "far storage", long.MaxValue, 0, [4], [1], 16 },
        { "negative storage", -1, 0, [], [], 16 },
        { "empty storage", 4, 0, [4], [1], 0 },
        { "dimensions", 4, 0, [.. Enumerable.Repeat(1L, 65)], [.. Enumerable.Repeat(1L, 65)], 16 },
    };

    [Theory]
    [MemberData(nameof(LyingTensors))]
    public void A_tensor_outside_of_its_storage_is_refused(
        string what, long count, long offset, long[] shape, long[] strides, int bytes)
    {
        Assert.NotEmpty(what);
        foreach (string function in (string[])["_rebuild_tensor", "_rebuild_tensor_v2"])
        {
            PickleBuilder pickle = new PickleBuilder().Dict(
                "w", value => value.Tensor("0", count, offset, shape, strides, function: function));
            Refuse(pickle.ToArchive(("0", bytes)), string.Empty);
            Refuse(pickle.ToArchive(("1", bytes)), string.Empty);
        }
    }

    [Fact]
    public void Tensors_that_share_bytes_cannot_ask_for_more_than_the_file_pays_for()
    {
        const int Values = 250_000;
        PickleBuilder pickle = new PickleBuilder().Op('}').Op('(');
        for (int i = 0; i < 100; i++)
        {
            pickle.Text($"w{i}").Tensor("0", Values, 0, [Values], [1]);
        }

        Refuse(pickle.Op('u').ToArchive(("0", 4 * Values)), "share the file's bytes");
        pickle = new PickleBuilder().Op('}').Op('(');
        for (int i = 0; i < 100; i++)
        {
            pickle.Text($"w{i}").Tensor("0", Values, 0, [2], [Values - 1]);
        }

        Refuse(pickle.Op('u').ToArchive(("0", 4 * Values)), "share the file's bytes");
    }

    [Fact]
    public void Containers_that_share_or_contain_each_other_are_gone_through_once()
    {
        // 2^60 ways to one tensor.
        PickleBuilder pickle = new PickleBuilder().Op(']').Tensor("0", 1, 0, [1], [1]).Op('a').Op('q', 0);
        for (byte i = 0; i < 60; i++)
        {
            pickle.Op(']').Op('(').Op('h', i).Op('h', i).Op('e').Op('q', (byte)(i + 1));
        }

        Assert.Single(Read(pickle.ToArchive(("0", 4))));

        // A dict of itself.
        Assert.Single(Read(new PickleBuilder().Op('}').Op('q', 0).Text("self").Op('h', 0).Op('s').Text("w")
            .Tensor("0", 1, 0, [1], [1]).Op('s').ToArchive(("0", 4))));
        pickle = new PickleBuilder();
        for (int i = 0; i < 100_000; i++)
        {
            pickle.Op(']');
        }

        for (int i = 1; i < 100_000; i++)
        {
            pickle.Op('a');
        }

        Refuse(pickle.ToArchive(), "nested deeper than 64");
        Refuse(
            new PickleBuilder().Op('}').Text("a.b").Tensor("0", 1, 0, [1], [1]).Op('s').Text("a")
                .Dict("b", value => value.Tensor("0", 1, 0, [1], [1])).Op('s').ToArchive(("0", 4)),
            "two tensors 'a.b'");
        Refuse(
            new PickleBuilder().Op('}').Text("a").Tensor("0", 1, 0, [1], [1]).Op('s').Text("a").Tensor("0", 1, 0, [1], [1])
                .Op('s').ToArchive(("0", 4)),
            "two tensors 'a'");
    }

    [Fact]
    public void Long_keys_that_are_shared_cannot_make_longer_names_than_the_file_pays_for()
    {
        PickleBuilder pickle = new PickleBuilder().Text(new string('k', 10_000)).Op('q', 0).Op('0')
            .Tensor("0", 1, 0, [1], [1]).Op('q', 1).Op('0');
        for (int i = 0; i < 50; i++)
        {
            pickle.Op('}').Op('h', 0);
        }

        pickle.Op(']').Op('(');
        for (int i = 0; i < 10_000; i++)
        {
            pickle.Op('h', 1);
        }

        pickle.Op('e');
        for (int i = 0; i < 50; i++)
        {
            pickle.Op('s');
        }

        Refuse(pickle.ToArchive(("0", 4)), "longer than its");
    }

    [Theory]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", 12)]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", 4)]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}", 8)]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 4)}", 8)]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775808,)}", 8)]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", 0)]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (2.0,)}", 8)]
    [InlineData("{'descr': '<f4', 'fortran_order': 0, 'shape': (2,)}", 8)]
    [InlineData("{'descr': '<f4', 'shape': (2,)}", 8)]
    [InlineData("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", 8)]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'x': 1}", 8)]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} and", 8)]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)", 8)]
    [InlineData("{'descr': '<f4, 'fortran_order': False, 'shape': (2,)}", 8)]
    [InlineData("{'descr': '<f3', 'fortran_order': False, 'shape': (2,)}", 8)]
    [InlineData("{'descr': '<U4', 'fortran_order': False, 'shape': (2,)}", 32)]
    [InlineData("{'descr': '<M8[s]', 'fortran_order': False, 'shape': (1,)}", 8)]
    [InlineData("__import__('os').system('true')", 8)]
    [InlineData("[]", 0)]
    [InlineData("", 0)]
    public void A_lying_or_broken_array_is_refused(string header, int values)
    {
        Refuse(Npy(header, values), ".npy");
        Refuse(PickleBuilder.Zip(CompressionLevel.Optimal, ("arr_0.npy", Npy(header, values))), "'arr_0'");
    }

    [Fact]
    public void A_broken_beginning_of_an_array_is_refused()
    {
        byte[] good = Npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", 8);
        Assert.Single(Read(good));
        for (int length = 6; length < good.Length; length++)
        {
            Refuse(good[..length], string.Empty);
        }

        foreach (byte version in (byte[])[0, 4, 255])
        {
            byte[] bytes = [.. good];
            bytes[6] = version;
            Refuse(bytes, $"version {version}");
        }

        Refuse([0x93, .. "NUMPY"u8, 2, 0, 255, 255, 255, 255, .. new byte[100]], "4294967295");
        Refuse(PickleBuilder.Zip(CompressionLevel.NoCompression, ("a.npy", [1, 2, 3])), "'a'");
    }

    [Theory]
    [InlineData(1_000)]
    [InlineData(100_000_000)]
    public void An_archive_that_unpacks_to_much_more_than_its_size_is_refused(int kilobytes)
    {
        // The directory's claim is believed only as far as the file's length pays for it.
        byte[] bytes = PickleBuilder.Zip(
            CompressionLevel.Optimal,
            ("arr_0.npy", Npy("{'descr': '<f4', 'fortran_order': False, 'shape': (500000,)}", 2_000_000)));
        Assert.True(bytes.Length < 10_000);
        Refuse(bytes, "unpacks to");
        Claim(bytes, 24, (uint)Math.Min(uint.MaxValue - 1, kilobytes * 1000L));
        Refuse(bytes, kilobytes > 10_000 ? "unpacks to" : string.Empty);
    }

    [Fact]
    public void Entries_that_share_their_bytes_are_refused_when_they_are_many()
    {
        // A thousand entries of the directory for one of a megabyte.
        byte[] array = Npy("{'descr': '<f4', 'fortran_order': False, 'shape': (250000,)}", 1_000_000);
        byte[] bytes = PickleBuilder.Zip(CompressionLevel.NoCompression, ("a000.npy", array));
        int directory = bytes.AsSpan().LastIndexOf("PK\x01\x02"u8), end = bytes.AsSpan().LastIndexOf("PK\x05\x06"u8);
        byte[] entry = bytes[directory..end];
        List<byte> many = [.. bytes[..directory]];
        for (int i = 0; i < 1000; i++)
        {
            byte[] next = [.. entry];
            Encoding.ASCII.GetBytes($"a{i:000}.npy").CopyTo(next, 46);
            many.AddRange(next);
        }

        byte[] last = bytes[end..];
        BinaryPrimitives.WriteUInt16LittleEndian(last.AsSpan(8), 1000);
        BinaryPrimitives.WriteUInt16LittleEndian(last.AsSpan(10), 1000);
        BinaryPrimitives.WriteInt32LittleEndian(last.AsSpan(12), 1000 * entry.Length);
        many.AddRange(last);
        Refuse([.. many], "unpacks to");
    }

    [Fact]
    public void A_directory_that_lies_is_refused()
    {
        byte[] good = PickleBuilder.Zip(
            CompressionLevel.NoCompression,
            ("arr_0.npy", Npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", 8)));
        Assert.Single(Read(good));
        int end = good.AsSpan().LastIndexOf("PK\x05\x06"u8);
        foreach (uint lie in (uint[])[1, 21, 1000, 65535, 65536, int.MaxValue, uint.MaxValue - 1, uint.MaxValue])
        {
            foreach (int field in (int[])[20, 24, 42])
            {
                byte[] bytes = [.. good];
                Claim(bytes, field, lie);
                Refuse(bytes, string.Empty);
            }

            foreach (int field in (int[])[12, 16])
            {
                byte[] bytes = [.. good];
                BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(end + field), lie);
                Refuse(bytes, string.Empty);
            }
        }

        foreach (ushort lie in (ushort[])[2, 1000, 65535])
        {
            byte[] bytes = [.. good];
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(end + 10), lie);
            Refuse(bytes, string.Empty);
        }

        // Compressed by another method; encrypted; twice the same name.
        byte[] other = [.. good];
        Claim(other, 10, 0x0000_000C);
        Refuse(other, "method 12");
        other = [.. good];
        other[other.AsSpan().LastIndexOf("PK\x01\x02"u8) + 8] |= 1;
        Refuse(other, "encrypted");
        Refuse(Zip64(ulong.MaxValue), string.Empty);
        Refuse(Zip64(1UL << 62), string.Empty);
        Assert.Single(Read(Zip64(null)));
    }

    [Fact]
    public void A_deflated_entry_that_is_damaged_or_shorter_is_refused()
    {
        byte[] array = Npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1000,)}", 4000);
        new Random(5).NextBytes(array.AsSpan(128));
        byte[] good = PickleBuilder.Zip(CompressionLevel.Optimal, ("arr_0.npy", array));
        Assert.Single(Read(good));
        int refused = 0;
        for (int place = 60; place < 3000; place += 50)
        {
            byte[] bytes = [.. good];
            bytes[place] ^= 0x55;
            refused += Outcome(bytes) == "loaded" ? 0 : 1;
        }

        Assert.True(refused > 50, $"{refused} of 59 damaged files were refused.");
    }

    [Fact]
    public void A_state_dict_cannot_ask_for_layers_that_its_tensors_do_not_pay_for()
    {
        foreach ((string Name, int[] Shape)[] tensors in ((string, int[])[][])
        [
            [("m.weight_ih_l9999", [4, 1]), ("m.weight_ih_l0", [4, 1]), ("m.weight_hh_l0", [4, 1])],
            [("m.weight_ih_l2147483647", [4, 1]), ("m.weight_ih_l0", [4, 1])],
            [("m.weight_ih_l99999999999", [4, 1]), ("m.weight_ih_l0", [4, 1])],
            [("m.weight_ih_l0", [1, 20_000]), ("m.weight_hr_l0", [1, 20_000]), ("m.weight_hh_l0", [4, 1])],
            [("m.weight_ih_l0", [20_000, 1]), ("m.weight_hh_l0", [20_000, 1])],
            [("m.weight_ih_l0", [4, 20_000]), ("m.weight_hh_l0", [20_000, 1]), ("m.weight_hr_l0", [20_000, 1])],
            [.. Enumerable.Range(0, 50).SelectMany(i => Linear($"{(char)('a' + (i % 26))}{(i > 25 ? "x" : "y")}"))
                .OrderBy(pair => pair.Name, StringComparer.Ordinal)],
            [($"{new string('9', 50_000)}.weight", [3, 3]), ($"{new string('8', 50_000)}.bias", [3])],
        ])
        {
            TensorFileWriter writer = new();
            foreach ((string name, int[] shape) in tensors.DistinctBy(tensor => tensor.Name))
            {
                writer.Add<float>(name, shape, new float[shape.Aggregate(1, (a, b) => a * b)]);
            }

            MemoryStream stream = new();
            writer.SaveSafetensors(stream);
            byte[] file = stream.ToArray();
            AssertLinear(file, () => Assert.Throws<InvalidDataException>(() => ModelImport.Load<float>(new MemoryStream(file))));
        }

        static (string Name, int[] Shape)[] Linear(string name) => [($"{name}.bias", [3]), ($"{name}.weight", [3, 3])];
    }

    [Theory]
    [InlineData("rows.npy")]
    [InlineData("compressed.npz")]
    [InlineData("cells.pt")]
    [InlineData("views.legacy.pt")]
    [InlineData("safetensors")]
    public void A_file_that_is_cut_off_anywhere_is_refused(string name)
    {
        const int Cuts = 200;
        byte[] good = name == "safetensors" ? Safetensors() : ForeignFixture.Bytes(name);
        for (int cut = 0; cut < Cuts; cut++)
        {
            Refuse(good[..(int)((long)good.Length * cut / Cuts)], string.Empty);
        }

        // Bytes behind the end: a zip archive's end may have a comment, a pickle's storages may have anything behind them.
        byte[] longer = [.. good, 0];
        if (name is "rows.npy" or "safetensors")
        {
            Refuse(longer, string.Empty);
        }
    }

    [Theory]
    [InlineData("npy")]
    [InlineData("npz")]
    [InlineData("pt")]
    [InlineData("legacy")]
    [InlineData("safetensors")]
    public void A_mutated_file_is_refused_or_has_tensors_at_a_cost_that_its_size_pays_for(string format)
    {
        int count = int.TryParse(Environment.GetEnvironmentVariable("LSTM_MUTATIONS"), out int wanted) ? wanted : 1_000;
        byte[][] good = format switch
        {
            "npy" => [ForeignFixture.Bytes("rows.npy"), ForeignFixture.Bytes("fortran.npy")],
            "npz" => [ForeignFixture.Bytes("arrays.npz"), ForeignFixture.Bytes("compressed.npz")],
            "pt" => [ForeignFixture.Bytes("cells.pt"), ForeignFixture.Bytes("views.pt"), ForeignFixture.Bytes("lstm_alone.pt")],
            "legacy" => [ForeignFixture.Bytes("views.legacy.pt"), ForeignFixture.Bytes("pair.f64.legacy.pt")],
            _ => [Safetensors()],
        };
        FileMutator mutator = new(seed: 3);
        Random random = new(4);
        SortedDictionary<string, int> outcomes = new(StringComparer.Ordinal);
        foreach (byte[] file in good)
        {
            Assert.Equal("loaded", Outcome(file));
        }

        for (int i = 0; i < count; i++)
        {
            string outcome = Outcome(mutator.Bytes(good[random.Next(good.Length)]));
            outcomes[outcome] = outcomes.GetValueOrDefault(outcome) + 1;
        }

        Assert.Equal(["InvalidDataException", "loaded"], outcomes.Keys);
    }

    private static byte[] Safetensors()
    {
        MemoryStream stream = new();
        TensorFileWriter writer = new();
        writer.Metadata["format"] = "pt";
        using TensorFile file = TensorFile.Open(ForeignFixture.Open("cells.pt"));
        foreach (FileTensor tensor in file.Tensors)
        {
            writer.Add<float>(tensor.Name, [.. tensor.Shape.Select(size => (int)size)], file.Read<float>(tensor));
        }

        writer.SaveSafetensors(stream);
        return stream.ToArray();
    }

    /// <summary>Reads all tensors, then imports; whatever it comes to, it allocates no more than the file pays for.</summary>
    private static string Outcome(byte[] file)
    {
        string outcome = "loaded";
        AssertLinear(file, () =>
        {
            try
            {
                Read(file);
                try
                {
                    ModelImport.Load<double>(new MemoryStream(file));
                }
                catch (InvalidDataException)
                {
                    // Tensors of any names make no network; what counts is that nothing else is thrown.
                }
            }
            catch (Exception e)
            {
                outcome = e.GetType().Name;
                if (e is not InvalidDataException)
                {
                    File.WriteAllBytes(Path.Combine(Path.GetTempPath(), $"lstm-tensors-{outcome}.bin"), file);
                }
            }
        });
        return outcome;
    }

    private static IReadOnlyList<FileTensor> Read(byte[] file)
    {
        using TensorFile tensors = TensorFile.Open(new MemoryStream(file));
        foreach (FileTensor tensor in tensors.Tensors)
        {
            if (tensor.ElementType is "C64" or "F8_E4M3" or "F8_E5M2" or "F8_E8M0")
            {
                continue;
            }

            Assert.Equal(tensor.Count, tensors.Read<double>(tensor).Length);
        }

        return tensors.Tensors;
    }

    private static void Refuse(byte[] file, string expected) => AssertLinear(
        file, () => Assert.Contains(expected, Assert.Throws<InvalidDataException>(() => Read(file)).Message));

    private static void AssertLinear(byte[] file, Action action)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        action();
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(
            allocated <= (Factor * file.Length) + Constant, $"{allocated} bytes allocated for a file of {file.Length}.");
    }

    private static byte[] Npy(string header, int values)
    {
        byte[] text = Encoding.UTF8.GetBytes(header.PadRight(117) + "\n");
        return [0x93, .. "NUMPY"u8, 1, 0, .. BitConverter.GetBytes((ushort)text.Length), .. text, .. new byte[values]];
    }

    /// <summary>Writes a number into the only entry of an archive's directory.</summary>
    private static void Claim(byte[] archive, int field, uint number)
        => BinaryPrimitives.WriteUInt32LittleEndian(
            archive.AsSpan(archive.AsSpan().LastIndexOf("PK\x01\x02"u8) + field), number);

    /// <summary>An archive whose directory gives the length of its array in zip64's field.</summary>
    private static byte[] Zip64(ulong? lie)
    {
        byte[] array = Npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", 8);
        MemoryStream stream = new();
        BinaryWriter writer = new(stream);
        writer.Write("PK\x03\x04"u8);
        writer.Write(new byte[22]);
        writer.Write((ushort)Names.Length);
        writer.Write((ushort)0);
        writer.Write(Names);
        writer.Write(array);
        int directory = (int)stream.Position;
        writer.Write("PK\x01\x02"u8);
        writer.Write(new byte[12]);
        Crc32 checksum = default;
        checksum.Append(array);
        writer.Write(checksum.Value);
        writer.Write(uint.MaxValue);
        writer.Write(uint.MaxValue);
        writer.Write((ushort)Names.Length);
        writer.Write((ushort)20);
        writer.Write(new byte[14]);
        writer.Write(Names);
        writer.Write((ushort)1);
        writer.Write((ushort)16);
        writer.Write(lie ?? (ulong)array.Length);
        writer.Write(lie ?? (ulong)array.Length);
        int end = (int)stream.Position;
        writer.Write("PK\x05\x06"u8);
        writer.Write(new byte[4]);
        writer.Write((ushort)1);
        writer.Write((ushort)1);
        writer.Write(end - directory);
        writer.Write(directory);
        writer.Write((ushort)0);
        return stream.ToArray();
    }
}
