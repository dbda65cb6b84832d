using System.Text;
using Lstm.Formats.Safetensors;
using Lstm.Tests.Support;

namespace Lstm.Tests.Formats;

/// <summary>The safetensors reader and writer: what they keep, and every lie that a header can tell.</summary>
public class SafetensorsTests
{
    [Fact]
    public void Read_of_written_tensors_has_the_same_values_and_an_independent_reader_agrees()
    {
        byte[] bytes = Written(
            writer =>
            {
                writer.Metadata["Größe \"x\""] = "a\nb\\ 😀";
                writer.Add<float>("f", [2, 3], () => new float[] { 1, -0f, float.NaN, float.Epsilon, float.MaxValue, 0.1f });
                writer.Add<double>("d 🧠", [], () => new double[] { Math.PI });
                writer.Add<int>("i", [2], () => new[] { int.MinValue, 7 });
                writer.Add<float>("empty", [3, 0], () => default);
                writer.Add<long>("l", [1, 1, 2], () => new[] { long.MaxValue, -1 });
            });
        SafetensorsReader reader = new(new MemoryStream(bytes));
        TensorFile oracle = TensorFile.Parse(bytes);

        Assert.Equal(0, (8 + BitConverter.ToInt64(bytes)) % 64);
        Assert.Equal("a\nb\\ 😀", reader.Metadata["Größe \"x\""]);
        Assert.Equal(oracle.Metadata, reader.Metadata);
        Assert.Equal(["f", "d 🧠", "i", "empty", "l"], reader.Tensors.Select(tensor => tensor.Name).OrderBy(Place));
        Close.SameBits<float>((float[])[1, -0f, float.NaN, float.Epsilon, float.MaxValue, 0.1f], Values<float>(reader, "f"), "f");
        Assert.Equal(oracle.Floats("f"), Values<float>(reader, "f"));
        Assert.Equal([Math.PI], Values<double>(reader, "d 🧠"));
        Assert.Equal([int.MinValue, 7L], Values<long>(reader, "i"));
        Assert.Equal([long.MaxValue, -1], Values<long>(reader, "l"));
        Assert.Equal(oracle.Longs("l"), Values<long>(reader, "l"));
        Assert.Empty(Values<float>(reader, "empty"));

        int Place(string name) => Array.IndexOf(["f", "d 🧠", "i", "empty", "l"], name);
    }

    [Fact]
    public void Read_of_tensors_larger_than_a_chunk_has_the_same_values()
    {
        float[] values = [.. Enumerable.Range(0, 100_003).Select(i => i * 0.5f)];
        SafetensorsReader reader =
            new(new MemoryStream(Written(writer => writer.Add<float>("f", [values.Length], () => values))));
        Assert.Equal(values, Values<float>(reader, "f"));
        Assert.Equal(Array.ConvertAll(values, value => (double)value), Values<double>(reader, "f"));
    }

    [Fact]
    public void Read_of_every_float16_and_bfloat16_is_exact()
    {
        byte[] bits = [.. Enumerable.Range(0, 1 << 16).SelectMany(i => BitConverter.GetBytes((ushort)i))];
        SafetensorsReader half = File("""{"x":{"dtype":"F16","shape":[256,256],"data_offsets":[0,131072]}}""", bits);
        SafetensorsReader brain = File("""{"x":{"dtype":"BF16","shape":[65536],"data_offsets":[0,131072]}}""", bits);
        float[] halves = Values<float>(half, "x"), brains = Values<float>(brain, "x");
        double[] wide = Values<double>(brain, "x");
        for (int i = 0; i < 1 << 16; i++)
        {
            Assert.Equal((float)BitConverter.UInt16BitsToHalf((ushort)i), halves[i]);
            Assert.Equal(BitConverter.Int32BitsToSingle(i << 16), brains[i]);
            Assert.Equal(brains[i], wide[i]);
        }
    }

    [Theory]
    [InlineData("U8", 1)]
    [InlineData("BOOL", 1)]
    [InlineData("I16", 2)]
    [InlineData("I32", 4)]
    [InlineData("U64", 8)]
    public void Read_of_other_types_as_float_throws_and_names_the_tensor(string type, int size)
    {
        SafetensorsReader file =
            File("{\"mask\":{\"dtype\":\"" + type + "\",\"shape\":[1],\"data_offsets\":[0," + size + "]}}", new byte[size]);
        Assert.Contains("'mask'", Assert.Throws<InvalidDataException>(() => Values<float>(file, "mask")).Message);
    }

    [Fact]
    public void Read_accepts_an_empty_file_and_white_space_after_the_header()
    {
        Assert.Empty(File("{}   \n", []).Tensors);
        Assert.Empty(File("""{"__metadata__":{}}""", []).Metadata);
    }

    [Theory]
    // Offsets.
    [InlineData(
        """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""",
        "'b'")]
    [InlineData(
        """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}""",
        "'b'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "'a'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", "8")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}""", "12")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", "'a'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}""", "'a'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}}""", "'a'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}}""", "'a'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,99999999999999999999]}}""", "'a'")]
    [InlineData(
        """{"a":{"dtype":"F32","shape":[2305843009213693951],"data_offsets":[0,9223372036854775804]}}""",
        "9223372036854775804")]
    // Shapes.
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", "'a'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4611686018427387906],"data_offsets":[0,8]}}""", "'a'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4294967296,4294967296,2],"data_offsets":[0,8]}}""", "'a'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-1,-2],"data_offsets":[0,8]}}""", "'a'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}}""", "'a'")]
    [InlineData("""{"a":{"dtype":"F32","shape":["2"],"data_offsets":[0,8]}}""", "'a'")]
    [InlineData("""{"a":{"dtype":"F32","shape":2,"data_offsets":[0,8]}}""", "StartArray")]
    // Types.
    [InlineData("""{"a":{"dtype":"F33","shape":[2],"data_offsets":[0,8]}}""", "'F33'")]
    [InlineData("""{"a":{"dtype":32,"shape":[2],"data_offsets":[0,8]}}""", "String")]
    // Names.
    [InlineData(
        """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""",
        "'a' twice")]
    [InlineData(
        """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\u0061":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""",
        "'a' twice")]
    [InlineData("""{"__metadata__":{"k":"1","k":"2"},"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}""", "'k' twice")]
    [InlineData(
        """{"__metadata__":{},"__metadata__":{},"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}""",
        "'__metadata__' twice")]
    [InlineData("""{"a":{"dtype":"F64","dtype":"F64","shape":[1],"data_offsets":[0,8]}}""", "'dtype'")]
    [InlineData("""{"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8],"more":1}}""", "'more'")]
    [InlineData("""{"a":{"dtype":"F64","shape":[1]}}""", "'a'")]
    [InlineData("""{"a":{}}""", "'a'")]
    [InlineData("""{"__metadata__":{"k":1},"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}""", "Number")]
    [InlineData("""{"__metadata__":[],"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}""", "StartArray")]
    // JSON.
    [InlineData("", "start with '{'")]
    [InlineData("[]", "start with '{'")]
    [InlineData(" {}", "start with '{'")]
    [InlineData("{", "JSON")]
    [InlineData("{}{}", "JSON")]
    [InlineData("{} x", "JSON")]
    [InlineData("{\"a\":}", "JSON")]
    [InlineData("{\"a\":null}", "StartObject")]
    [InlineData("{\"a\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,8],}}", "JSON")]
    [InlineData("{\"\\ud800\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,8]}}", "JSON")]
    [InlineData("{\"a\":{\"dtype\":\"F64\",\"shape\":[[[[[[1]]]]]],\"data_offsets\":[0,8]}}", "'a'")]
    public void Read_of_a_lying_header_throws_and_says_where(string header, string expected)
    {
        Assert.Contains(expected, Assert.Throws<InvalidDataException>(() => File(header, new byte[8])).Message);
    }

    [Fact]
    public void Read_of_a_header_that_is_not_UTF8_throws()
    {
        byte[] bytes = Bytes("""{"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}""", new byte[8]);
        bytes[10] = 0xFF;
        Assert.Contains(
            "UTF-8", Assert.Throws<InvalidDataException>(() => new SafetensorsReader(new MemoryStream(bytes))).Message);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(100_000_001)]
    [InlineData(100_000_000)]
    [InlineData(int.MaxValue)]
    [InlineData(long.MaxValue)]
    [InlineData(-1)]
    [InlineData(long.MinValue)]
    public void Read_of_a_header_length_beyond_the_file_throws_without_asking_for_memory(long length)
    {
        byte[] bytes = [.. BitConverter.GetBytes(length), (byte)'{', (byte)'}'];
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<InvalidDataException>(() => new SafetensorsReader(new MemoryStream(bytes)));
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20);
    }

    [Fact]
    public void Hash_changes_with_every_part()
    {
        string[] hashes =
        [
            Hash("n", [2, 3], 0, ("k", "v")), Hash("m", [2, 3], 0, ("k", "v")), Hash("n", [3, 2], 0, ("k", "v")),
            Hash("n", [6], 0, ("k", "v")),
            Hash("n", [2, 3], 1, ("k", "v")), Hash("n", [2, 3], 0, ("k", "w")), Hash("n", [2, 3], 0, ("l", "v")),
                Hash("n", [2, 3], 0),
            Hash("n", [2, 3], 0, ("k", "v"), ("", "")), Hash("n", [2, 3], 0, ("kv", "")),
        ];
        Assert.Equal(hashes.Length, hashes.Distinct().Count());
        Assert.All(hashes, hash => Assert.Matches("^[0-9a-f]{64}$", hash));

        static string Hash(string name, int[] shape, float value, params (string Key, string Value)[] metadata)
        {
            SafetensorsWriter writer = new();
            writer.Add<float>(name, shape, () => new float[] { 0, 0, 0, 0, 0, value });
            foreach ((string key, string text) in metadata)
            {
                writer.Metadata[key] = text;
            }

            writer.Seal();
            return writer.Metadata[SafetensorsHash.Key];
        }
    }

    private static byte[] Written(Action<SafetensorsWriter> fill)
    {
        SafetensorsWriter writer = new();
        fill(writer);
        MemoryStream memory = new();
        writer.WriteTo(memory);
        return memory.ToArray();
    }

    private static byte[] Bytes(string header, byte[] payload)
    {
        byte[] json = Encoding.UTF8.GetBytes(header);
        return [.. BitConverter.GetBytes((long)json.Length), .. json, .. payload];
    }

    private static SafetensorsReader File(string header, byte[] payload) => new(new MemoryStream(Bytes(header, payload)));

    private static T[] Values<T>(SafetensorsReader reader, string name)
        where T : unmanaged, System.Numerics.INumberBase<T>
    {
        SafetensorsTensor tensor = reader.Find(name)!;
        T[] values = new T[tensor.Count];
        reader.Read<T>(tensor, values);
        return values;
    }
}
