using System.Buffers.Binary;

namespace Lstm.Tests.Support;

/// <summary>One field of a protobuf message: a number, or bytes that are a text, a message or packed numbers.</summary>
/// <remarks>Trusts its message. See protobuf.dev/programming-guides/encoding.</remarks>
internal readonly record struct ProtobufField(int Number, ulong Value, ReadOnlyMemory<byte> Bytes)
{
    /// <summary>The fields of a message in their order.</summary>
    public static IEnumerable<ProtobufField> Read(ReadOnlyMemory<byte> message)
    {
        while (message.Length > 0)
        {
            ulong key = ReadVarint(ref message), value = 0;
            ReadOnlyMemory<byte> bytes = default;
            switch (key & 7)
            {
                case 0:
                    value = ReadVarint(ref message);
                    break;
                case 1:
                    value = BinaryPrimitives.ReadUInt64LittleEndian(Take(ref message, 8).Span);
                    break;
                case 2:
                    int length = checked((int)ReadVarint(ref message));
                    bytes = Take(ref message, length);
                    break;
                case 5:
                    value = BinaryPrimitives.ReadUInt32LittleEndian(Take(ref message, 4).Span);
                    break;
                default:
                    throw new InvalidDataException($"Wire type {key & 7} is not known.");
            }

            yield return new((int)(key >> 3), value, bytes);
        }
    }

    /// <summary>Integers: one, or several that are packed.</summary>
    public IEnumerable<long> Integers()
    {
        if (Bytes.IsEmpty)
        {
            yield return (long)Value;
        }

        for (ReadOnlyMemory<byte> rest = Bytes; rest.Length > 0;)
        {
            yield return (long)ReadVarint(ref rest);
        }
    }

    private static ulong ReadVarint(ref ReadOnlyMemory<byte> rest)
    {
        ulong value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte next = Take(ref rest, 1).Span[0];
            value |= (ulong)(next & 127) << shift;
            if (next < 128)
            {
                return value;
            }
        }
    }

    private static ReadOnlyMemory<byte> Take(ref ReadOnlyMemory<byte> rest, int count)
    {
        ReadOnlyMemory<byte> taken = rest[..count];
        rest = rest[count..];
        return taken;
    }
}
