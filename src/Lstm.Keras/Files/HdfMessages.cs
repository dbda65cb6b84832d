using System.Text;

namespace Lstm.Keras.Files;

/// <summary>Checks the messages of an object header, and reads those that say what an object is.</summary>
/// <remarks>
/// PureHDF decodes all messages of an object and allocates by the lengths in them. So each kind that Keras's files have is
/// checked here first, and a kind that they do not have is refused.
/// </remarks>
internal sealed class HdfMessages(HdfBytes file, HdfTexts texts)
{
    /// <summary>Bytes of a name, at most.</summary>
    public const int MostName = 1024;

    private const int MostRanks = 32;

    /// <summary>Reads an object's messages into its node.</summary>
    /// <returns>Where the links of an old group are, and the links of a new one.</returns>
    public HdfLinks Read(HdfNode node, ulong address)
    {
        HdfLinks links = new();
        (int[] Shape, long Count)? space = null;
        (HdfType Type, int Size)? type = null;
        (ulong At, ulong Length)? data = null;
        foreach ((int kind, int at, int length) in HdfHeader.Messages(file, address, node.Path))
        {
            ReadOnlySpan<byte> message = file.All.AsSpan(at, length);
            switch (kind)
            {
                case 0x01:
                    space = Space(message, node.Path);
                    break;
                case 0x03:
                    DataType(message, node.Path, out HdfType what, out int size, out _);
                    type = (what, size);
                    break;
                case 0x08:
                    data = Layout(message, at, node.Path);
                    break;
                case 0x0C:
                    Attribute(message, node);
                    break;
                case 0x11:
                    links.Tree = HdfBytes.Number(message, 0, 8);
                    links.Heap = HdfBytes.Number(message, 8, 8);
                    links.IsGroup = true;
                    break;
                case 0x06:
                    Link(message, links, node.Path);
                    links.IsGroup = true;
                    break;
                case 0x02 or 0x15:
                    Dense(message, kind, node.Path);
                    links.IsGroup |= kind == 0x02;
                    break;
                default:
                    Other(kind, message, node.Path);
                    break;
            }
        }

        if (data is { } place)
        {
            Dataset(node, space, type, place);
        }

        return links;
    }

    // Values of a dataset: as many as its shape says, within the file.
    private void Dataset(
        HdfNode node, (int[] Shape, long Count)? space, (HdfType Type, int Size)? type, (ulong At, ulong Length) data)
    {
        if (space is not { } shape || type is not { } values)
        {
            throw new InvalidDataException($"The HDF5 file is broken: the dataset '{node.Path}' has no shape or no type.");
        }

        Int128 bytes = (Int128)shape.Count * values.Size;
        if (data.At == HdfBytes.Undefined ? bytes != 0 : bytes > (Int128)data.Length)
        {
            throw new InvalidDataException(
                $"The HDF5 file is cut off or broken: the dataset '{node.Path}' [{string.Join(", ", shape.Shape)}] needs " +
                $"{bytes} " +
                $"bytes; the file has {(data.At == HdfBytes.Undefined ? 0 : data.Length)} for it.");
        }

        if (data.At != HdfBytes.Undefined)
        {
            file.At(data.At, data.Length, $"the dataset '{node.Path}'");
        }

        (node.Shape, node.Type, node.Size) = (shape.Shape, values.Type, (long)bytes);
    }

    private (ulong At, ulong Length) Layout(ReadOnlySpan<byte> message, int at, string path)
    {
        int version = HdfBytes.Slice(message, 0, 2)[0], kind = message[1];
        if (version is not (3 or 4) || kind is not (0 or 1))
        {
            throw new InvalidDataException(
                $"The dataset '{path}' of the HDF5 file is stored in chunks or compressed (layout {version}.{kind}), which " +
                $"Keras " +
                $"does not write. Save the model in Keras again.");
        }

        if (kind == 1)
        {
            return (HdfBytes.Number(message, 2, 8), HdfBytes.Number(message, 10, 8));
        }

        int size = (int)HdfBytes.Number(message, 2, 2);
        HdfBytes.Slice(message, 4, size);
        return ((ulong)at + 4, (ulong)size);
    }

    private static (int[] Shape, long Count) Space(ReadOnlySpan<byte> message, string path)
    {
        int version = HdfBytes.Slice(message, 0, 4)[0], rank = message[1], first = version == 1 ? 8 : 4;
        if (version is not (1 or 2) || rank > MostRanks || (message[2] & 2) != 0)
        {
            throw new InvalidDataException(
                $"The HDF5 file is broken: '{path}' has a shape of version {version} with {rank} axes.");
        }

        HdfBytes.Slice(message, first, rank * 8 * ((message[2] & 1) != 0 ? 2 : 1));
        int[] shape = new int[rank];
        UInt128 count = version == 2 && message[3] == 2 ? 0u : 1u;
        for (int axis = 0; axis < rank; axis++)
        {
            ulong size = HdfBytes.Number(message, first + (8 * axis), 8);
            count *= size;
            if (size > int.MaxValue || count > int.MaxValue)
            {
                throw new InvalidDataException(
                    $"The HDF5 file is broken: axis {axis} of '{path}' has {size} values, or all of them more than 2^31.");
            }

            shape[axis] = (int)size;
        }

        return (shape, (long)count);
    }

    // isText: 1 for a text of fixed length, 2 for texts in the global heap, 0 for anything else.
    private static int DataType(ReadOnlySpan<byte> message, string path, out HdfType type, out int size, out int isText)
    {
        int kind = HdfBytes.Slice(message, 0, 8)[0] & 15, version = message[0] >> 4;
        ulong bytes = HdfBytes.Number(message, 4, 4);
        (type, isText) = (HdfType.Other, kind == 3 ? 1 : 0);
        size = (int)Math.Min(bytes, int.MaxValue);
        int length = kind switch { 0 => 12, 1 => 20, 3 => 8, 9 => 8, _ => 0 };
        if (length == 0 || version is < 1 or > 3 || bytes is 0 or > int.MaxValue)
        {
            throw new InvalidDataException(
                $"'{path}' of the HDF5 file has values of class {kind}, version {version} and {bytes} bytes, which Keras does " +
                $"not write.");
        }

        HdfBytes.Slice(message, 0, length);
        if (kind == 1)
        {
            type = Floats(message, size);
        }
        else if (kind == 9)
        {
            // Of variable length: what it is made of follows.
            ReadOnlySpan<byte> of = message[8..];
            int inner = HdfBytes.Slice(of, 0, 8)[0] & 15;
            bool isString = (message[1] & 15) == 1;
            if (inner is not (0 or 3) || !isString || size != 16)
            {
                throw new InvalidDataException(
                    $"'{path}' of the HDF5 file has lists of variable length, which Keras does not write.");
            }

            isText = 2;
            length = 8 + DataType(of, path, out _, out _, out _);
        }

        return length;
    }

    // Little-endian IEEE 754: order, places of the sign, exponent and mantissa, and the exponent's bias.
    private static HdfType Floats(ReadOnlySpan<byte> message, int size)
    {
        (HdfType type, int sign, byte[] places, uint bias) = size switch
        {
            2 => (HdfType.Half, 15, (byte[])[10, 5, 0, 10], 15u),
            4 => (HdfType.Single, 31, [23, 8, 0, 23], 127u),
            8 => (HdfType.Double, 63, [52, 11, 0, 52], 1023u),
            _ => (HdfType.Other, 0, [], 0u),
        };
        bool isStandard = type != HdfType.Other && (message[1] & 0x41) == 0 && (message[1] & 0x30) == 0x20 && message[2] == sign
            && HdfBytes.Number(message, 8, 2) == 0 && HdfBytes.Number(message, 10, 2) == (ulong)(8 * size)
            && message.Slice(12, 4).SequenceEqual(places) && HdfBytes.Number(message, 16, 4) == bias;
        return isStandard ? type : HdfType.Other;
    }

    private void Attribute(ReadOnlySpan<byte> message, HdfNode node)
    {
        int version = HdfBytes.Slice(message, 0, 8)[0], at = version == 3 ? 9 : 8;
        if (version is < 1 or > 3 || (version > 1 && message[1] != 0))
        {
            throw new InvalidDataException(
                $"An attribute of '{node.Path}' of the HDF5 file has version {version} and flags {message[1]}; Keras writes 1 " +
                $"to 3 " +
                $"without flags.");
        }

        ReadOnlySpan<byte> name = Take(message, 2), type = Take(message, 4), space = Take(message, 6);
        int end = name.IndexOf((byte)0);
        string text = Text(name[..(end < 0 ? name.Length : end)], node.Path), path = $"{node.Path}@{text}";
        DataType(type, path, out _, out int size, out int isText);
        (_, long count) = Space(space, path);
        long bytes = count * size;
        ReadOnlySpan<byte> data = HdfBytes.Slice(message, at, (int)Math.Min(bytes, int.MaxValue));
        string[]? values = isText == 0 ? null : isText == 1 ? texts.Fixed(data, size) : texts.Variable(data, path);
        if (!node.Attributes.TryAdd(text, values))
        {
            throw new InvalidDataException($"The HDF5 file is broken: there are two attributes '{path}'.");
        }

        ReadOnlySpan<byte> Take(ReadOnlySpan<byte> from, int field)
        {
            int length = (int)HdfBytes.Number(from, field, 2);
            ReadOnlySpan<byte> part = HdfBytes.Slice(from, at, length);
            at += version == 1 ? (length + 7) / 8 * 8 : length;
            return part;
        }
    }

    private static void Link(ReadOnlySpan<byte> message, HdfLinks links, string path)
    {
        int flags = HdfBytes.Slice(message, 0, 2)[1], at = 2;
        if (message[0] != 1 || ((flags & 8) != 0 && HdfBytes.Number(message, at++, 1) != 0))
        {
            throw new InvalidDataException(
                $"'{path}' of the HDF5 file has a link that is not a hard link; Keras writes hard links alone.");
        }

        at += ((flags & 4) != 0 ? 8 : 0) + ((flags & 16) != 0 ? 1 : 0);
        ulong length = HdfBytes.Number(message, at, 1 << (flags & 3));
        at += 1 << (flags & 3);
        ReadOnlySpan<byte> name = HdfBytes.Slice(message, at, (int)Math.Min(length, int.MaxValue));
        links.Add(Text(name, path), HdfBytes.Number(message, at + name.Length, 8));
    }

    // Many links or attributes in a heap of their own: where that is has to be undefined.
    private static void Dense(ReadOnlySpan<byte> message, int kind, string path)
    {
        int flags = HdfBytes.Slice(message, 0, 2)[1];
        int at = 2 + ((flags & 1) == 0 ? 0 : kind == 0x02 ? 8 : 2);
        if (HdfBytes.Number(message, at, 8) != HdfBytes.Undefined)
        {
            throw new InvalidDataException(
                $"'{path}' of the HDF5 file has its {(kind == 0x02 ? "links" : "attributes")} in a fractal heap, as " +
                $"libver='latest' " +
                $"writes them. Save the model by Keras itself, whose files have h5py's default format.");
        }
    }

    // Messages without effect here; those with lengths inside are checked.
    private static void Other(int kind, ReadOnlySpan<byte> message, string path)
    {
        int size = kind switch
        {
            0x04 => 4 + (int)HdfBytes.Number(message, 0, 4),
            0x05 => Fill(message),
            0x00 or 0x0A or 0x0E or 0x10 or 0x12 or 0x13 or 0x16 => 0,
            _ => throw new InvalidDataException(
                $"'{path}' of the HDF5 file has a message of type {kind}, e.g. compression or external data, which Keras does " +
                $"not " +
                $"write."),
        };
        if (size < 0 || size > message.Length)
        {
            throw new InvalidDataException(
                $"The HDF5 file is broken: a message of type {kind} of '{path}' says {size} bytes and has {message.Length}.");
        }
    }

    private static int Fill(ReadOnlySpan<byte> message)
    {
        int version = HdfBytes.Slice(message, 0, 2)[0];
        if (version is < 1 or > 3)
        {
            throw new InvalidDataException($"The HDF5 file is broken: a fill value has version {version}; 1 to 3 exist.");
        }

        bool has = version == 1 || (version == 2 ? HdfBytes.Slice(message, 0, 4)[3] != 0 : (message[1] & 0x20) != 0);
        int first = version == 3 ? 2 : 4;
        return has ? (int)Math.Min((ulong)first + 4 + HdfBytes.Number(message, first, 4), int.MaxValue) : first;
    }

    /// <summary>A name in the file.</summary>
    /// <exception cref="InvalidDataException">It is empty, too long, or no UTF-8.</exception>
    public static string Text(ReadOnlySpan<byte> bytes, string path)
    {
        if (bytes.Length is 0 or > MostName)
        {
            throw new InvalidDataException(
                $"A name in '{path}' of the HDF5 file has {bytes.Length} bytes; 1 to {MostName} can be read.");
        }

        return Encoding.UTF8.GetString(bytes);
    }
}
