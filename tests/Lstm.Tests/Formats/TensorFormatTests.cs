using System.IO.Compression;
using System.Text;
using Lstm.Formats;
using TensorFile = Lstm.Formats.TensorFile;

namespace Lstm.Tests.Formats;

/// <summary>Named tensors of safetensors, NumPy and PyTorch files: names, types, shapes and values.</summary>
public class TensorFormatTests
{
    private static readonly float[] Counted = [.. Enumerable.Range(0, 12).Select(i => (float)i)];

    [Theory]
    [InlineData("views.pt", "zip")]
    [InlineData("views.legacy.pt", "pickles")]
    public void Views_of_a_PyTorch_file_have_their_own_values(string name, string format)
    {
        using TensorFile file = TensorFile.Open(ForeignFixture.PathOf(name));
        Assert.Contains(format, file.Format);
        Check("rows", "F32", [3, 4], Counted);
        Check("transposed", "F32", [4, 3], [.. Enumerable.Range(0, 12).Select(i => Counted[(i % 3 * 4) + (i / 3)])]);
        Check("slice", "F32", [2, 2], [4, 6, 8, 10]);
        Check("column", "F32", [3], [1, 5, 9]);
        Check("flipped", "F32", [3, 2], [1, 2, 5, 6, 9, 10]);
        Check("f64", "F64", [3, 4], [.. Counted.Select(value => (float)(value / 3.0))]);
        Check("f16", "F16", [3, 4], [.. Counted.Select(value => value / 8)]);
        Check("bf16", "BF16", [3, 4], [.. Counted.Select(value => value / 8)]);
        Check("i64", "I64", [3, 4], [.. Counted.Select(value => value * -1000)]);
        Check("i8", "I8", [3, 4], [.. Counted.Select(value => value - 6)]);
        Check("u8", "U8", [3, 4], Counted);
        Check("bool", "BOOL", [3, 4], [.. Counted.Select(value => value > 4 ? 1f : 0)]);
        Check("scalar", "F32", [], [2.5f]);
        Check("empty", "F32", [0, 3], []);
        Check("parameter", "F32", [4], [8, 9, 10, 11]);
        Check("nested.0", "F32", [2], [1, 1]);
        Check("nested.1.deep.0", "F32", [1], [0]);
        Check("7", "F32", [1], [7]);
        Assert.Equal(18, file.Tensors.Count);
        Assert.Equal(1.0 / 3, file.Read<double>("f64")[1]);
        Assert.Equal([0L, -1000], file.Read<long>("i64")[..2]);
        Assert.Equal("größer", file.Metadata["note"]);
        Assert.Equal("True", file.Metadata["flag"]);
        Assert.Contains("I64", Assert.Throws<InvalidDataException>(() => file.Read<long>("rows")).Message);
        Assert.Contains("'nothing'", Assert.Throws<ArgumentException>(() => file.Read<float>("nothing")).Message);
        Assert.Contains(
            "12", Assert.Throws<ArgumentException>(() => file.Read<float>(file.Find("rows")!, new float[11])).Message);

        void Check(string tensor, string type, long[] shape, float[] values)
        {
            FileTensor found = file.Find(tensor)!;
            Assert.Equal((type, values.Length), (found.ElementType, (int)found.Count));
            Assert.Equal(shape, found.Shape);
            Assert.Equal(values, file.Read<float>(tensor));
        }
    }

    [Theory]
    [InlineData("rows.npy", "arr_0")]
    [InlineData("version2.npy", "arr_0")]
    [InlineData("version3.npy", "arr_0")]
    [InlineData("arrays.npz", "rows")]
    [InlineData("arrays.npz", "fortran")]
    [InlineData("arrays.npz", "u32")]
    [InlineData("compressed.npz", "rows")]
    [InlineData("compressed.npz", "fortran")]
    [InlineData("tensor.pt", "tensor")]
    public void Twelve_numbers_are_read_row_by_row(string name, string tensor)
    {
        using TensorFile file = TensorFile.Open(new Unseekable(ForeignFixture.Bytes(name)));
        Assert.Equal([3, 4], file.Find(tensor)!.Shape);
        Assert.Equal(Counted, file.Read<float>(tensor));
        Assert.Equal(Array.ConvertAll(Counted, value => (double)value), file.Read<double>(tensor));
    }

    [Fact]
    public void Forms_of_newer_and_older_versions_of_PyTorch_are_read()
    {
        // Version 2: bytes of an untyped storage as a type that has no storage of its own; more entries in the archive.
        PickleBuilder pickle = new PickleBuilder().Op('}').Text("newer").Global("torch._utils", "_rebuild_tensor_v3").Op('(')
            .Op('(').Text("storage").Global("torch.storage", "UntypedStorage").Text("0").Text("cpu").Int(8).Op('t').Op('Q')
            .Int(1).Ints(2).Ints(1).Op(0x89).Global("collections", "OrderedDict").Op(')').Op('R').Global("torch", "uint16")
            .Op('t').Op('R').Op('s');

        // A parameter with attributes, and an OrderedDict of pairs, as Python 2 pickled it.
        pickle.Text("parameter").Global("torch._utils", "_rebuild_parameter_with_state").Op('(').Tensor("1", 2, 0, [2], [1])
            .Op(0x88).Op('N').Op('}').Op('t').Op('R').Op('s');
        pickle.Text("older").Global("collections", "OrderedDict").Op(']').Op(']').Text("w").Op('a')
            .Tensor("1", 2, 1, [1], [1], function: "_rebuild_tensor").Op('a').Op('a').Op(0x85).Op('R').Op('s');
        byte[] little = Archive("little"), big = Archive("big");
        using TensorFile file = TensorFile.Open(new MemoryStream(little));
        Assert.Equal(
            ["'newer' U16 [2]", "'parameter' F32 [2]", "'older.w' F32 [1]"], file.Tensors.Select(tensor => tensor.ToString()));
        Assert.Equal([0x0403, 0x0605], file.Read<int>("newer"));
        Assert.Equal([1f, 2f], file.Read<float>("parameter"));
        Assert.Equal([2f], file.Read<float>("older.w"));
        Assert.Contains(
            "big-endian", Assert.Throws<InvalidDataException>(() => TensorFile.Open(new MemoryStream(big))).Message);

        byte[] Archive(string order) => PickleBuilder.Zip(
            CompressionLevel.Optimal, ("a/data.pkl", pickle.ToBytes()), ("a/.format_version", [(byte)'1']),
            ("a/.storage_alignment", [(byte)'6', (byte)'4']), ("a/byteorder", [.. Encoding.ASCII.GetBytes(order)]),
            ("a/data/0", [1, 2, 3, 4, 5, 6, 7, 8]), ("a/data/1", [0, 0, 0x80, 0x3F, 0, 0, 0, 0x40]), ("a/version", [(byte)'3']),
            ("a/.data/serialization_id", [(byte)'0']));
    }

    [Fact]
    public void NumPys_arrays_have_their_order_and_types()
    {
        using TensorFile fortran = TensorFile.Open(ForeignFixture.PathOf("fortran.npy"));
        Assert.Equal([2, 3, 4], fortran.Tensors[0].Shape);
        Assert.Equal([.. Enumerable.Range(0, 24).Select(i => (double)i)], fortran.Read<double>("arr_0"));
        using TensorFile scalar = TensorFile.Open(ForeignFixture.PathOf("scalar.npy"));
        Assert.Empty(scalar.Tensors[0].Shape);
        Assert.Equal([2.5f], scalar.Read<float>("arr_0"));
        using TensorFile arrays = TensorFile.Open(ForeignFixture.PathOf("compressed.npz"));
        Assert.Equal(
            ["rows F32", "fortran F32", "f16 F16", "i16 I16", "u32 U32", "flags BOOL", "empty F32"],
            arrays.Tensors.Select(tensor => $"{tensor.Name} {tensor.ElementType}"));
        Assert.Equal([.. Counted.Select(value => (int)value - 5)], arrays.Read<int>("i16"));
        Assert.Equal([0, 2], arrays.Find("empty")!.Shape);
    }

    [Theory]
    [InlineData("big_endian.npy", "'>f4'", "big-endian", "newbyteorder")]
    [InlineData("objects.npy", "'|O'", "Python objects")]
    [InlineData("structured.npy", "structured")]
    [InlineData("expanded.pt", "[2, 3, 4]", "12 values", "clone")]
    [InlineData("whole_module.pt", "'torch.nn.modules.rnn.LSTM'", "whole module", "state_dict()")]
    [InlineData("script.pt", "TorchScript", "torch.jit.load(path).state_dict()")]
    public void Open_refuses_with_the_name_and_the_remedy(string name, params string[] expected)
    {
        foreach (Action open in (Action[])
            [() => TensorFile.Open(ForeignFixture.PathOf(name)), () => Network.Load(ForeignFixture.PathOf(name)),
                () => ModelImport.Load<float>(ForeignFixture.PathOf(name)),
                () => Network.Create(1, new DenseSpec(1)).LoadStateDict(ForeignFixture.PathOf(name))])
        {
            string message = Assert.Throws<InvalidDataException>(open).Message;
            Assert.All(expected, part => Assert.Contains(part, message));
        }
    }

    [Fact]
    public void Opened_by_its_path_a_file_is_closed_by_Dispose()
    {
        using TemporaryFolder folder = new();
        File.WriteAllBytes(folder["a.npy"], ForeignFixture.Bytes("rows.npy"));
        TensorFile file = TensorFile.Open(folder["a.npy"]);
        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => file.Read<float>("arr_0"));
        using FileStream exclusive = new(folder["a.npy"], FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        Assert.Throws<InvalidDataException>(() => TensorFile.Open(new MemoryStream([1, 2, 3])));
    }

    [Fact]
    public void A_writers_files_have_the_same_tensors_in_each_format()
    {
        TensorFileWriter writer = new();
        writer.Metadata["a"] = "größer";
        writer.Add<float>("floats", [2, 2], (float[])[1.5f, -0f, float.NaN, float.PositiveInfinity]);
        writer.Add<double>("doubles", [3], (double[])[1.0 / 3, double.Epsilon, -1e300]);
        writer.Add<int>("ints", [], (int[])[int.MinValue]);
        writer.Add<long>("longs", [1, 2, 0], Array.Empty<long>());
        using TemporaryFolder folder = new();
        writer.SaveNpz(folder["a.npz"]);
        writer.SaveSafetensors(folder["a.safetensors"]);
        MemoryStream npz = new(), safetensors = new();
        writer.SaveNpz(npz);
        writer.SaveSafetensors(safetensors);
        Assert.Equal(File.ReadAllBytes(folder["a.npz"]), npz.ToArray());
        Assert.Equal(File.ReadAllBytes(folder["a.safetensors"]), safetensors.ToArray());
        foreach (string name in folder.Files)
        {
            using TensorFile file = TensorFile.Open(folder[name]);
            Assert.Equal(
                ["'doubles' F64 [3]", "'floats' F32 [2, 2]", "'ints' I32 []", "'longs' I64 [1, 2, 0]"],
                file.Tensors.Select(tensor => tensor.ToString()).Order(StringComparer.Ordinal));
            Assert.Equal(
                [1.5f, -0f, float.NaN, float.PositiveInfinity], file.Read<float>("floats"));
            Assert.True(float.IsNegative(file.Read<float>("floats")[1]));
            Assert.Equal([1.0 / 3, double.Epsilon, -1e300], file.Read<double>("doubles"));
            Assert.Equal([int.MinValue], file.Read<int>("ints"));
            Assert.Empty(file.Read<long>("longs"));
        }

        using TensorFile metadata = TensorFile.Open(folder["a.safetensors"]);
        Assert.Equal("größer", metadata.Metadata["a"]);
    }

    [Fact]
    public void A_written_npy_has_NumPys_own_bytes()
    {
        MemoryStream stream = new();
        TensorFileWriter.SaveNpy<float>(stream, [3, 4], Counted);
        Assert.Equal(ForeignFixture.Bytes("rows.npy"), stream.ToArray());
        using TemporaryFolder folder = new();
        TensorFileWriter.SaveNpy<double>(folder["a.npy"], [], (double[])[2.5]);
        Assert.Equal(ForeignFixture.Bytes("scalar.npy"), File.ReadAllBytes(folder["a.npy"]));
        using TensorFile file = TensorFile.Open(folder["a.npy"]);
        Assert.Equal([2.5], file.Read<double>("arr_0"));
    }

    [Fact]
    public void A_writer_refuses_shapes_and_names_that_do_not_fit()
    {
        TensorFileWriter writer = new();
        writer.Add<float>("a", [1], (float[])[1]);
        Assert.Contains("'a'", Assert.Throws<ArgumentException>(() => writer.Add<float>("a", [1], (float[])[1])).Message);
        Assert.Contains(
            "[2, 3] has 6", Assert.Throws<ArgumentException>(() => writer.Add<float>("b", [2, 3], new float[5])).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.Add<float>("b", [-1, -1], new float[1]));
        Assert.Throws<NotSupportedException>(() => writer.Add<short>("b", [1], new short[1]));
        Assert.Equal("'a' F32 [1]", writer.ToString());
    }

    [Fact]
    public void A_damaged_npz_is_told_by_its_checksum()
    {
        byte[] bytes = ForeignFixture.Bytes("arrays.npz");
        int place = bytes.AsSpan().IndexOf("rows.npy"u8) + 8 + 20 + 128;
        bytes[place] ^= 1;
        using TensorFile file = TensorFile.Open(new MemoryStream(bytes));
        Assert.Contains("checksum", Assert.Throws<InvalidDataException>(() => file.Read<float>("rows")).Message);
    }

    private sealed class Unseekable(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override long Length => throw new NotSupportedException();
    }
}
