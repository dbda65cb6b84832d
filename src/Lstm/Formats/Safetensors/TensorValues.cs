using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Lstm.Formats.Safetensors;

/// <summary>The values of tensors from their bytes, which are little-endian.</summary>
internal static class TensorValues
{
    /// <summary>
    /// Whether a tensor of a type becomes values of <typeparamref name="T"/>: floating-point types become each other.
    /// </summary>
    /// <param name="type">The tensor's type.</param>
    /// <param name="allowIntegers">Whether integers become floating-point numbers, rounded to nearest.</param>
    public static bool Converts<T>(string type, bool allowIntegers)
        where T : unmanaged
        => SafetensorsTensor.TypeOf<T>() is "F64" or "F32"
            ? IsFloatingPoint(type) || (allowIntegers && IsInteger(type))
            : allowIntegers ? IsInteger(type) : type is "I64" or "I32";

    /// <summary>Whether a type is F64, F32, F16 or BF16.</summary>
    public static bool IsFloatingPoint(string type) => type is "F64" or "F32" or "F16" or "BF16";

    /// <summary>Converts values of a type for which <see cref="Converts{T}"/> says so.</summary>
    /// <exception cref="OverflowException">An integer does not fit.</exception>
    public static void Convert<T>(string type, ReadOnlySpan<byte> bytes, Span<T> values)
        where T : unmanaged, INumberBase<T>
    {
        if (type == SafetensorsTensor.TypeOf<T>() && BitConverter.IsLittleEndian)
        {
            bytes.CopyTo(MemoryMarshal.AsBytes(values));
            return;
        }

        int size = SafetensorsTensor.SizeOf(type);
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = One<T>(type, bytes.Slice(i * size, size));
        }
    }

    private static T One<T>(string type, ReadOnlySpan<byte> value)
        where T : unmanaged, INumberBase<T> => type switch
        {
            "F64" => T.CreateTruncating(BinaryPrimitives.ReadDoubleLittleEndian(value)),
            "F32" => T.CreateTruncating(BinaryPrimitives.ReadSingleLittleEndian(value)),
            "F16" => T.CreateTruncating(BinaryPrimitives.ReadHalfLittleEndian(value)),
            "BF16" => T.CreateTruncating(
                BitConverter.UInt32BitsToSingle((uint)BinaryPrimitives.ReadUInt16LittleEndian(value) << 16)),
            "I64" => T.CreateChecked(BinaryPrimitives.ReadInt64LittleEndian(value)),
            "I32" => T.CreateChecked(BinaryPrimitives.ReadInt32LittleEndian(value)),
            "I16" => T.CreateChecked(BinaryPrimitives.ReadInt16LittleEndian(value)),
            "I8" => T.CreateChecked((sbyte)value[0]),
            "U64" => T.CreateChecked(BinaryPrimitives.ReadUInt64LittleEndian(value)),
            "U32" => T.CreateChecked(BinaryPrimitives.ReadUInt32LittleEndian(value)),
            "U16" => T.CreateChecked(BinaryPrimitives.ReadUInt16LittleEndian(value)),
            _ => T.CreateChecked(value[0]),
        };

    private static bool IsInteger(string type)
        => type is "I64" or "I32" or "I16" or "I8" or "U64" or "U32" or "U16" or "U8" or "BOOL";
}
