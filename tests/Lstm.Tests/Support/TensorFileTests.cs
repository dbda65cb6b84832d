using System.Buffers.Binary;
using System.Text;

namespace Lstm.Tests.Support;

public class TensorFileTests
{
    [Fact]
    public void Parse_handwritten_file_reads_every_type()
    {
        const string Header = """
            {"__metadata__":{"case":"by hand"},"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},
            "b":{"dtype":"F64","shape":[],"data_offsets":[8,16]},"c":{"dtype":"I64","shape":[1],"data_offsets":[16,24]},
            "d":{"dtype":"I32","shape":[2],"data_offsets":[24,32]},"e":{"dtype":"F32","shape":[0,3],"data_offsets":[32,32]},
            "f":{"dtype":"U8","shape":[2],"data_offsets":[32,34]}}
            """;
        var bytes = new byte[8 + Header.Length + 34];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, Header.Length);
        Encoding.ASCII.GetBytes(Header, bytes.AsSpan(8));
        Span<byte> data = bytes.AsSpan(8 + Header.Length);
        BinaryPrimitives.WriteSingleLittleEndian(data, 1.5f);
        BinaryPrimitives.WriteSingleLittleEndian(data[4..], -2f);
        BinaryPrimitives.WriteDoubleLittleEndian(data[8..], 0.1);
        BinaryPrimitives.WriteInt64LittleEndian(data[16..], -5);
        BinaryPrimitives.WriteInt32LittleEndian(data[24..], 7);
        BinaryPrimitives.WriteInt32LittleEndian(data[28..], -8);
        data[33] = 200;

        TensorFile file = TensorFile.Parse(bytes);
        Assert.Equal(["a", "b", "c", "d", "e", "f"], file.Names.Order());
        Assert.Equal("by hand", file.Metadata["case"]);
        Assert.Equal([2, 1], file.Shape("a"));
        Assert.Equal([1.5f, -2f], file.Floats("a"));
        Assert.Equal([1.5, -2], file.Doubles("a"));
        Assert.Empty(file.Shape("b"));
        Assert.Equal([0.1], file.Doubles("b"));
        Assert.Equal([0.1f], file.Floats("b"));
        Assert.Equal([-5L], file.Longs("c"));
        Assert.Equal([7L, -8L], file.Longs("d"));
        Assert.Equal([7.0, -8.0], file.Doubles("d"));
        Assert.Empty(file.Doubles("e"));
        Assert.Equal([0L, 200L], file.Longs("f"));
        Assert.Throws<InvalidDataException>(() => file.Longs("a"));
    }

    [Fact]
    public void Read_every_reference_file_has_as_many_values_as_its_shape()
    {
        foreach (
            string path in Directory.EnumerateFiles(Shared.RequireConformance(), "*.safetensors", SearchOption.AllDirectories))
        {
            TensorFile file = TensorFile.Read(path);
            foreach (string name in file.Names.Where(name => file.Type(name) is "F64" or "F32" or "I64" or "I32" or "U8"))
            {
                int count = file.Shape(name).Aggregate(1, (a, b) => a * b);
                Assert.True(count == file.Doubles(name).Length, $"{path}: {name}");
            }
        }
    }
}
