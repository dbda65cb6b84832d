using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Lstm.Texts;

namespace Lstm.Formats.Tensors;

/// <summary>The header of a NumPy array: type, order and shape as the text of a Python dict.</summary>
/// <param name="Type">The type by its name in the safetensors format.</param>
/// <param name="IsFortran">Whether the first dimension changes fastest.</param>
/// <param name="Shape">The sizes.</param>
/// <param name="Length">The number of bytes of the header, with the bytes before its text.</param>
internal sealed record NpyHeader(string Type, bool IsFortran, long[] Shape, int Length)
{
    private const int Magic = 8, Alignment = 64, MaxDimensions = 64;

    // As NumPy: a longer header is no array of numbers.
    private const int MaxText = ushort.MaxValue;

    private static readonly (string Numpy, string Type)[] Types =
    [
        ("<f8", "F64"), ("<f4", "F32"), ("<f2", "F16"), ("<i8", "I64"), ("<i4", "I32"), ("<i2", "I16"), ("|i1", "I8"),
        ("<u8", "U64"), ("<u4", "U32"), ("<u2", "U16"), ("|u1", "U8"), ("|b1", "BOOL"), ("<c8", "C64"), ("<i1", "I8"),
        ("<u1", "U8"), ("<b1", "BOOL"),
    ];

    /// <summary>The first bytes of each array.</summary>
    public static ReadOnlySpan<byte> Start => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    /// <summary>Reads a header; the values follow at the stream's position.</summary>
    /// <param name="stream">The array.</param>
    /// <param name="length">The number of bytes of the array, with its header.</param>
    /// <exception cref="InvalidDataException">It is broken, or the values are no plain little-endian numbers.</exception>
    public static NpyHeader Read(Stream stream, long length)
    {
        Span<byte> first = stackalloc byte[Magic + sizeof(uint)];
        int known = (int)Math.Min(first.Length, length);
        stream.ReadExactly(first[..Math.Min(known, Magic + sizeof(ushort))]);
        if (known < first.Length || !first.StartsWith(Start))
        {
            throw new InvalidDataException($"The array of {length} bytes does not begin with the bytes of a .npy file.");
        }

        int major = first[Start.Length], prefix = Magic + (major == 1 ? sizeof(ushort) : sizeof(uint));
        if (major is < 1 or > 3)
        {
            throw new InvalidDataException($"The array is of version {major} of the .npy format; versions 1 to 3 are known.");
        }

        stream.ReadExactly(first[(Magic + sizeof(ushort))..prefix]);
        long text = major == 1 ? BinaryPrimitives.ReadUInt16LittleEndian(first[Magic..])
            : BinaryPrimitives.ReadUInt32LittleEndian(first[Magic..]);
        if (text > MaxText || text > length - prefix)
        {
            throw new InvalidDataException(
                $"The array's header is said to take {text} bytes; {length - prefix} follow, and at most {MaxText} are allowed.");
        }

        byte[] bytes = new byte[text];
        stream.ReadExactly(bytes);
        NpyHeader header = Parse(Encoding.UTF8.GetString(bytes)) with { Length = prefix + bytes.Length };
        long values = length - header.Length;
        return Safetensors.SafetensorsTensor.TryGetBytes(header.Type, header.Shape, out long taken) && taken == values
            ? header
            : throw new InvalidDataException(
                $"The array {header.Type} [{string.Join(", ", header.Shape)}] has {values} bytes after its header, which is not "
                + "what its shape takes.");
    }

    /// <summary>The bytes in front of an array's values, row by row.</summary>
    public static byte[] Write(string type, ReadOnlySpan<int> shape)
    {
        string numpy = Types.First(pair => pair.Type == type).Numpy;
        StringBuilder text = new($"{{'descr': '{numpy}', 'fortran_order': False, 'shape': (");
        foreach (int size in shape)
        {
            text.Append(CultureInfo.InvariantCulture, $"{size},{(shape.Length == 1 ? string.Empty : " ")}");
        }

        if (shape.Length > 1)
        {
            text.Length -= 2;
        }

        text.Append("), }");
        int length = Magic + sizeof(ushort) + text.Length + 1;
        text.Append(' ', -length & (Alignment - 1)).Append('\n');
        byte[] bytes = new byte[Magic + sizeof(ushort) + text.Length];
        Start.CopyTo(bytes);
        bytes[Start.Length] = 1;
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(Magic), (ushort)text.Length);
        Encoding.ASCII.GetBytes(text.ToString(), bytes.AsSpan(Magic + sizeof(ushort)));
        return bytes;
    }

    private static NpyHeader Parse(string text)
    {
        NpyHeaderText reader = new(text);
        string? type = null;
        bool? isFortran = null;
        long[]? shape = null;
        reader.Expect('{');
        while (!reader.TryTake('}'))
        {
            string key = reader.Text();
            reader.Expect(':');
            switch (key)
            {
                case "descr" when type is null:
                    type = TypeOf(reader.Description());
                    break;
                case "fortran_order" when isFortran is null:
                    isFortran = reader.Boolean();
                    break;
                case "shape" when shape is null:
                    shape = reader.Shape(MaxDimensions);
                    break;
                default:
                    throw reader.Broken($"has '{Shortened.Text(key)}' twice or as an unknown key");
            }

            if (!reader.TryTake(','))
            {
                reader.Expect('}');
                break;
            }
        }

        reader.End();
        return type is not null && isFortran is not null && shape is not null
            ? new NpyHeader(type, isFortran.Value, shape, 0)
            : throw reader.Broken("lacks descr, fortran_order or shape");
    }

    private static string TypeOf(string numpy)
    {
        foreach ((string known, string type) in Types)
        {
            if (known == numpy)
            {
                return type;
            }
        }

        string reason = numpy.StartsWith('>') ? "is big-endian; write it by array.astype(array.dtype.newbyteorder('<'))"
            : numpy.Contains('O') ? "holds Python objects, which are not read; write arrays of numbers"
            : numpy.StartsWith('[') ? "is a structured array; write its fields as arrays of numbers"
            : "is no array of numbers that can be read; write it by array.astype('float32')";
        throw new InvalidDataException($"The array of the type '{Shortened.Text(numpy)}' {reason}.");
    }
}
