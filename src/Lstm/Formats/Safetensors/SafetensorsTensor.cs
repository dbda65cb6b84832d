



using Lstm.Texts;

namespace Lstm.Formats.Safetensors;

/// <summary>
/// A tensor of a safetensors file: its name, type and shape, and which bytes of the payload hold it, row by row.
/// </summary>
internal sealed record SafetensorsTensor(string Name, string Type, long[] Shape, long Start, long End)
{
    /// <summary>Number of values.</summary>
    public long Count => (End - Start) / SizeOf(Type);

    /// <summary>The format's types, so that a header of many tensors does not make as many texts.</summary>
    public static IReadOnlyList<string> Types { get; } =
        ["F64", "F32", "F16", "BF16", "I64", "I32", "I16", "I8", "U64", "U32", "U16", "U8", "BOOL", "C64", "F8_E4M3", "F8_E5M2",
        "F8_E8M0"];

    public override string ToString() => $"'{Shortened.Text(Name)}' {Type} [{string.Join(", ", Shape)}]";

    /// <summary>Bytes of a value; 0 for an unknown type.</summary>
    public static int SizeOf(string type) => type switch
    {
        "F64" or "I64" or "U64" or "C64" => 8,
        "F32" or "I32" or "U32" => 4,
        "F16" or "BF16" or "I16" or "U16" => 2,
        "BOOL" or "I8" or "U8" or "F8_E4M3" or "F8_E5M2" or "F8_E8M0" => 1,
        _ => 0,
    };

    /// <summary>The format's name of a C# type.</summary>
    public static string TypeOf<T>()
        where T : unmanaged
        => typeof(T) == typeof(float) ? "F32"
        : typeof(T) == typeof(double) ? "F64"
        : typeof(T) == typeof(int) ? "I32"
        : typeof(T) == typeof(long) ? "I64"
        : throw new NotSupportedException($"Tensors are read and written as float, double, int or long, not as {typeof(T)}.");

    /// <summary>Bytes that <paramref name="shape"/> takes; false if the type is unknown or a long cannot hold them.</summary>
    public static bool TryGetBytes(string type, ReadOnlySpan<long> shape, out long bytes)
    {
        bytes = SizeOf(type);
        bool holds = bytes > 0;
        bool empty = shape.Contains(0);
        foreach (long size in empty ? [] : shape)
        {
            holds &= bytes <= long.MaxValue / size;
            bytes = holds ? bytes * size : 0;
        }

        bytes = empty ? 0 : bytes;
        return holds;
    }
}
