using System.Runtime.InteropServices;
using System.Text;

namespace Lstm.Tests.Support;

/// <summary>What a test needs of an .onnx model: its nodes and its stored tensors; and tensors of .pb files.</summary>
/// <remarks>Field numbers are those of onnx.proto. Tensors are float or integers.</remarks>
internal sealed class OnnxFile
{
    private const int Float = 1, Int32 = 6, Int64 = 7;

    private OnnxFile(ReadOnlyMemory<byte> bytes)
    {
        ReadOnlyMemory<byte> graph = ProtobufField.Read(bytes).Single(field => field.Number == 7).Bytes;
        foreach (ProtobufField field in ProtobufField.Read(graph))
        {
            switch (field.Number)
            {
                case 1:
                    Nodes.Add(OnnxNode.Parse(field.Bytes));
                    break;
                case 5:
                    (string name, ReferenceTensor tensor) = ParseTensor(field.Bytes);
                    Tensors.Add(name, tensor);
                    break;
            }
        }
    }

    public List<OnnxNode> Nodes { get; } = [];

    public Dictionary<string, ReferenceTensor> Tensors { get; } = [];

    public static OnnxFile Read(string path) => new(File.ReadAllBytes(path));

    /// <summary>A tensor with a file of its own.</summary>
    public static (string Name, ReferenceTensor Tensor) ReadTensor(string path) => ParseTensor(File.ReadAllBytes(path));

    public static (string Name, ReferenceTensor Tensor) ParseTensor(ReadOnlyMemory<byte> message)
    {
        List<int> shape = [];
        List<double> values = [];
        ulong type = 0;
        ReadOnlyMemory<byte> raw = default;
        string name = string.Empty;
        foreach (ProtobufField field in ProtobufField.Read(message))
        {
            switch (field.Number)
            {
                case 1:
                    shape.AddRange(field.Integers().Select(size => (int)size));
                    break;
                case 2:
                    type = field.Value;
                    break;
                case 4:
                    values.AddRange(Numbers(Float, field.Bytes));
                    break;
                case 5 or 7:
                    values.AddRange(field.Integers().Select(value => (double)value));
                    break;
                case 8:
                    name = Encoding.UTF8.GetString(field.Bytes.Span);
                    break;
                case 9:
                    raw = field.Bytes;
                    break;
            }
        }

        return (name, new([.. shape], [.. values, .. Numbers(type, raw)]));
    }

    private static double[] Numbers(ulong type, ReadOnlyMemory<byte> raw) => type switch
    {
        Float => Array.ConvertAll(MemoryMarshal.Cast<byte, float>(raw.Span).ToArray(), value => (double)value),
        Int32 => Array.ConvertAll(MemoryMarshal.Cast<byte, int>(raw.Span).ToArray(), value => (double)value),
        Int64 => Array.ConvertAll(MemoryMarshal.Cast<byte, long>(raw.Span).ToArray(), value => (double)value),
        _ => throw new InvalidDataException($"Tensors of ONNX's type {type} are not read."),
    };
}
