using System.Buffers.Binary;
using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.Collections;

namespace Lstm.Onnx.Files;

/// <summary>
/// Decodes tensors. No number of the file is trusted: a shape has to have as many values as there are bytes for it.
/// </summary>
/// <param name="folder">The folder of external data; null if there can be none.</param>
internal sealed class TensorReader(string? folder)
{
    private const int Float = 1, Byte = 2, SByte = 3, UInt16 = 4, Int16 = 5, Int32 = 6, Int64 = 7, Bool = 9, Half = 10,
        Double = 11;
    private const int UInt32 = 12, UInt64 = 13, BFloat16 = 16;

    // Tensors that share their data are few: a file whose tensors name the same bytes again and again is refused.
    private const int MostReads = 4;
    private readonly Dictionary<string, long> _read = new(StringComparer.Ordinal);

    /// <summary>The bytes of external data that were read.</summary>
    public long ExternalBytes { get; private set; }

    /// <summary>Reads a file of one tensor.</summary>
    public static OnnxTensor ReadFile(Stream stream)
    {
        try
        {
            return new TensorReader(null).Read(TensorProto.Parser.ParseFrom(stream));
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new InvalidDataException($"The file is no ONNX tensor: {e.Message}", e);
        }
    }

    /// <exception cref="InvalidDataException">
    /// The tensor's type is none of numbers, or its data and its shape do not fit each other.
    /// </exception>
    public OnnxTensor Read(TensorProto tensor)
    {
        int[] shape = new int[tensor.Dims.Count];
        long count = 1;
        for (int i = 0; i < shape.Length; i++)
        {
            long size = tensor.Dims[i];
            count = size is >= 0 and <= int.MaxValue && shape.Length <= 16 ? count * size : -1;
            if (count is < 0 or > int.MaxValue)
            {
                throw Broken(tensor, $"has the shape [{string.Join(", ", tensor.Dims.Take(17))}], which no tensor here can have");
            }

            shape[i] = (int)size;
        }

        return new OnnxTensor(tensor.Name, shape, Values(tensor, (int)count));
    }

    private static InvalidDataException Broken(TensorProto tensor, string problem)
        => new($"The tensor '{Shorten.Text(tensor.Name)}' {problem}.");

    private Array Values(TensorProto tensor, int count)
    {
        ReadOnlySpan<byte> raw = tensor.DataLocation == 1 ? External(tensor) : tensor.RawData.Span;
        if (raw.Length > 0 || tensor.DataLocation == 1)
        {
            return Raw(tensor, raw, count);
        }

        return tensor.DataType switch
        {
            Float => Typed(tensor, tensor.FloatData, count, value => value),
            Double => Typed(tensor, tensor.DoubleData, count, value => value),
            Int64 => Typed(tensor, tensor.Int64Data, count, value => value),
            Byte or SByte or UInt16 or Int16 or Int32 or Bool => Typed(tensor, tensor.Int32Data, count, value => (long)value),
            Half => Typed(tensor, tensor.Int32Data, count, value => (float)BitConverter.UInt16BitsToHalf((ushort)value)),
            BFloat16 => Typed(tensor, tensor.Int32Data, count, value => BitConverter.Int32BitsToSingle(value << 16)),
            _ => throw Broken(tensor, $"has the element type {tensor.DataType}, which is no number type that layers have"),
        };
    }

    private static TTo[] Typed<TFrom, TTo>(
        TensorProto tensor, RepeatedField<TFrom> values, int count, Converter<TFrom, TTo> convert)
        => values.Count == count
            ? Array.ConvertAll([.. values], convert)
            : throw Broken(tensor, $"has {values.Count} values; its shape has {count}");

    private static Array Raw(TensorProto tensor, ReadOnlySpan<byte> raw, int count) => tensor.DataType switch
    {
        Float => Raw(tensor, raw, count, 4, BinaryPrimitives.ReadSingleLittleEndian),
        Double => Raw(tensor, raw, count, 8, BinaryPrimitives.ReadDoubleLittleEndian),
        Half => Raw(tensor, raw, count, 2, bytes => (float)BinaryPrimitives.ReadHalfLittleEndian(bytes)),
        BFloat16
            => Raw(tensor, raw, count, 2,
                bytes => BitConverter.Int32BitsToSingle(BinaryPrimitives.ReadUInt16LittleEndian(bytes) << 16)),
        Byte or Bool => Raw(tensor, raw, count, 1, bytes => (long)bytes[0]),
        SByte => Raw(tensor, raw, count, 1, bytes => (long)(sbyte)bytes[0]),
        UInt16 => Raw(tensor, raw, count, 2, bytes => (long)BinaryPrimitives.ReadUInt16LittleEndian(bytes)),
        Int16 => Raw(tensor, raw, count, 2, bytes => (long)BinaryPrimitives.ReadInt16LittleEndian(bytes)),
        Int32 => Raw(tensor, raw, count, 4, bytes => (long)BinaryPrimitives.ReadInt32LittleEndian(bytes)),
        UInt32 => Raw(tensor, raw, count, 4, bytes => (long)BinaryPrimitives.ReadUInt32LittleEndian(bytes)),
        Int64 or UInt64 => Raw(tensor, raw, count, 8, BinaryPrimitives.ReadInt64LittleEndian),
        _ => throw Broken(tensor, $"has the element type {tensor.DataType}, which is no number type that layers have"),
    };

    private static T[] Raw<T>(TensorProto tensor, ReadOnlySpan<byte> raw, int count, int size, Reader<T> read)
    {
        if (raw.Length != (long)count * size)
        {
            throw Broken(tensor, $"has {raw.Length} bytes; its shape has {count} values of {size} bytes");
        }

        T[] values = new T[count];
        for (int i = 0; i < count; i++)
        {
            values[i] = read(raw.Slice(i * size, size));
        }

        return values;
    }

    private byte[] External(TensorProto tensor)
    {
        Dictionary<string, string> where = [];
        foreach (StringStringEntryProto entry in tensor.ExternalData)
        {
            where[entry.Key] = entry.Value;
        }

        string location = where.GetValueOrDefault("location", string.Empty);
        long offset = Number("offset", 0);
        if (folder is null)
        {
            throw Broken(
                tensor, $"lies in the file '{Shorten.Text(location)}': load the model by its path, or set " +
                $"OnnxImportOptions.ExternalFolder");
        }

        string path = PathOf(tensor, folder, location);
        using FileStream stream = File.OpenRead(path);
        long length = Number("length", stream.Length - offset);
        if (offset < 0 || length < 0 || length > stream.Length - offset || length > Array.MaxLength)
        {
            throw Broken(
                tensor, $"lies at {offset} … {offset} + {length} of '{Shorten.Text(location)}', which has {stream.Length} bytes");
        }

        long read = _read.GetValueOrDefault(path) + length;
        if (read > MostReads * stream.Length)
        {
            throw Broken(
                tensor, $"lies in '{Shorten.Text(location)}', whose {stream.Length} bytes the tensors of the file name more " +
                $"than {MostReads} times");
        }

        (_read[path], ExternalBytes) = (read, ExternalBytes + length);
        byte[] bytes = new byte[length];
        stream.Position = offset;
        stream.ReadExactly(bytes);
        return bytes;

        long Number(string key, long none) => !where.TryGetValue(key, out string? text) ? none
            : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number
            : throw Broken(tensor, $"has '{Shorten.Text(text)}' as its {key}");
    }

    // A location names a file beside the model or in a folder there: nothing above it is read, by a link neither.
    private static string PathOf(TensorProto tensor, string folder, string location)
    {
        if (location.Length == 0 || location.Contains('\0') || Path.IsPathRooted(location))
        {
            throw Outside();
        }

        string root = Resolved(Path.GetFullPath(folder)), path = Path.GetFullPath(Path.Combine(root, location));
        if (!IsWithin(path) || !File.Exists(path) || !IsWithin(Resolved(path)))
        {
            throw Outside();
        }

        return path;

        InvalidDataException Outside()
            => Broken(tensor, $"lies in '{Shorten.Text(location)}', which is no file in the folder of the model");

        bool IsWithin(string full) => full.StartsWith(
            Path.EndsInDirectorySeparator(root) ? root : root + Path.DirectorySeparatorChar, StringComparison.Ordinal);
    }

    // The path with the targets of its links, those of its folders too.
    private static string Resolved(string path)
    {
        const int mostLinks = 64;
        string resolved = Path.GetPathRoot(path)!;
        Stack<string> rest = new(path[resolved.Length..].Split(Path.DirectorySeparatorChar).Reverse());
        for (int links = 0; rest.TryPop(out string? name);)
        {
            string next = Path.GetFullPath(Path.Combine(resolved, name));
            string? target = new FileInfo(next).LinkTarget;
            if (target is null)
            {
                resolved = next;
                continue;
            }

            if (++links > mostLinks)
            {
                throw new InvalidDataException($"The path '{Shorten.Text(path)}' has more than {mostLinks} links.");
            }

            target = Path.GetFullPath(target, resolved);
            resolved = Path.GetPathRoot(target)!;
            foreach (string part in target[resolved.Length..].Split(Path.DirectorySeparatorChar).Reverse())
            {
                rest.Push(part);
            }
        }

        return resolved;
    }

    private delegate T Reader<T>(ReadOnlySpan<byte> bytes);
}
