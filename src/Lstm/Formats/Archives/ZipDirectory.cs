using System.Buffers.Binary;
using System.Text;
using Lstm.Texts;

namespace Lstm.Formats.Archives;

/// <summary>The directory of a zip archive, as NumPy and PyTorch write them: stored or deflated entries, zip64 or not.</summary>
/// <remarks>
/// Everything but the entries' own headers is checked before an entry is opened. The entries together unpack to at most
/// <see cref="MostFactor"/> times the file's length, and <see cref="MostConstant"/> bytes: an archive cannot ask for more memory
/// than its size pays for, neither by deflate nor by entries that share their bytes.
/// </remarks>
internal static class ZipDirectory
{
    /// <summary>Unpacked bytes that each byte of a file pays for.</summary>
    public const long MostFactor = 16;

    /// <summary>Unpacked bytes that need no payment.</summary>
    public const long MostConstant = 1 << 20;

    private const int EndLength = 22, MostComment = ushort.MaxValue, EntryLength = 46, LocatorLength = 20, End64Length = 56;
    private const int EncryptedFlag = 1, Deflated = 8, Zip64Field = 1;

    /// <summary>Reads the directory of the archive that the stream is from a position to its end.</summary>
    /// <param name="stream">The stream, which stays open.</param>
    /// <param name="start">The position.</param>
    /// <exception cref="InvalidDataException">The archive is broken or of a kind that nobody writes tensors in.</exception>
    public static IReadOnlyList<ZipEntry> Read(Stream stream, long start)
    {
        long length = stream.Length - start;
        (long count, long size, long offset) = FindEnd(stream, start, length);
        if (offset > length || size > length - offset || count > size / EntryLength)
        {
            throw Broken($"says that its directory of {count} entries takes {size} bytes from byte {offset} on; the file has "
                + $"{length} bytes, and an entry takes at least {EntryLength}");
        }

        if (size > Array.MaxLength)
        {
            throw Broken($"has a directory of {size} bytes, more than {Array.MaxLength}");
        }

        byte[] directory = ReadAt(stream, start + offset, (int)size);
        List<ZipEntry> entries = new((int)count);
        HashSet<string> names = [];
        Int128 unpacked = 0;
        int place = 0;
        for (long i = 0; i < count; i++)
        {
            ZipEntry entry = ReadEntry(stream, start, offset, directory, ref place);
            unpacked += entry.Length;
            if (!names.Add(entry.Name))
            {
                throw Broken($"has two entries '{Shortened.Text(entry.Name)}'");
            }

            entries.Add(entry);
        }

        Int128 most = ((Int128)MostFactor * length) + MostConstant;
        return unpacked <= most ? entries : throw Broken(
            $"unpacks to {unpacked} bytes; {most} are allowed for a file of {length} bytes. Write it without compression, e.g. "
            + "by numpy.savez");
    }

    private static (long Count, long Size, long Offset) FindEnd(Stream stream, long start, long length)
    {
        int tail = (int)Math.Min(length, EndLength + MostComment);
        byte[] bytes = ReadAt(stream, start + length - tail, tail);
        int place = bytes.AsSpan().LastIndexOf("PK\x05\x06"u8);
        if (place < 0 || place > tail - EndLength)
        {
            throw Broken("has no directory at its end: it is cut off");
        }

        ReadOnlySpan<byte> end = bytes.AsSpan(place);
        long count = BinaryPrimitives.ReadUInt16LittleEndian(end[10..]),
            size = BinaryPrimitives.ReadUInt32LittleEndian(end[12..]),
            offset = BinaryPrimitives.ReadUInt32LittleEndian(end[16..]), endStart = length - tail + place;
        bool isLarge = count == ushort.MaxValue || size == uint.MaxValue || offset == uint.MaxValue;
        if (!isLarge || endStart < LocatorLength)
        {
            return (count, size, offset);
        }

        byte[] locator = ReadAt(stream, start + endStart - LocatorLength, LocatorLength);
        if (!locator.AsSpan().StartsWith("PK\x06\x07"u8))
        {
            return (count, size, offset);
        }

        ulong place64 = BinaryPrimitives.ReadUInt64LittleEndian(locator.AsSpan(8));
        if (length < End64Length || place64 > (ulong)(length - End64Length))
        {
            throw Broken($"says that the end of its directory is at byte {place64}; the file has {length} bytes");
        }

        byte[] end64 = ReadAt(stream, start + (long)place64, End64Length);
        return end64.AsSpan().StartsWith("PK\x06\x06"u8)
            ? (Number(end64.AsSpan(32)), Number(end64.AsSpan(40)), Number(end64.AsSpan(48)))
            : throw Broken($"has no end of its directory at byte {place64}");
    }

    private static ZipEntry ReadEntry(Stream stream, long start, long offset, byte[] directory, ref int place)
    {
        ReadOnlySpan<byte> entry = directory.AsSpan(place);
        if (entry.Length < EntryLength || !entry.StartsWith("PK\x01\x02"u8))
        {
            throw Broken($"has no entry at byte {offset + place}, where its directory has one");
        }

        int nameLength = BinaryPrimitives.ReadUInt16LittleEndian(entry[28..]),
            extraLength = BinaryPrimitives.ReadUInt16LittleEndian(entry[30..]),
            comment = BinaryPrimitives.ReadUInt16LittleEndian(entry[32..]);
        if (nameLength + extraLength + comment > entry.Length - EntryLength)
        {
            throw Broken($"has an entry at byte {offset + place} that is longer than its directory");
        }

        string name = Encoding.UTF8.GetString(entry.Slice(EntryLength, nameLength));
        long packed = BinaryPrimitives.ReadUInt32LittleEndian(entry[20..]),
            unpacked = BinaryPrimitives.ReadUInt32LittleEndian(entry[24..]),
            header = BinaryPrimitives.ReadUInt32LittleEndian(entry[42..]);
        ReadZip64(entry.Slice(EntryLength + nameLength, extraLength), ref unpacked, ref packed, ref header);
        int flags = BinaryPrimitives.ReadUInt16LittleEndian(entry[8..]),
            method = BinaryPrimitives.ReadUInt16LittleEndian(entry[10..]);
        if ((flags & EncryptedFlag) != 0 || method is not (0 or Deflated))
        {
            throw Broken($"has the entry '{Shortened.Text(name)}', which is encrypted or compressed by method {method}; "
                + "stored and deflated entries can be read");
        }

        if (packed > offset || (method == 0 && packed != unpacked))
        {
            throw Broken($"has the entry '{Shortened.Text(name)}' of {packed} bytes, {unpacked} unpacked, which does not fit "
                + $"into the {offset} bytes before the directory");
        }

        place += EntryLength + nameLength + extraLength + comment;
        return new ZipEntry(
            stream, start, offset, name, method, header, packed, unpacked, BinaryPrimitives.ReadUInt32LittleEndian(entry[16..]));
    }

    // Sizes that 32 bits do not hold stand in a field of their own, in this order.
    private static void ReadZip64(ReadOnlySpan<byte> extra, ref long unpacked, ref long packed, ref long header)
    {
        while (extra.Length >= 4)
        {
            int length = BinaryPrimitives.ReadUInt16LittleEndian(extra[2..]);
            if (length > extra.Length - 4)
            {
                return;
            }

            if (BinaryPrimitives.ReadUInt16LittleEndian(extra) == Zip64Field)
            {
                ReadOnlySpan<byte> field = extra.Slice(4, length);
                Take(ref unpacked, ref field);
                Take(ref packed, ref field);
                Take(ref header, ref field);
                return;
            }

            extra = extra[(4 + length)..];
        }

        static void Take(ref long value, ref ReadOnlySpan<byte> field)
        {
            if (value == uint.MaxValue && field.Length >= sizeof(long))
            {
                value = Number(field);
                field = field[sizeof(long)..];
            }
        }
    }

    private static long Number(ReadOnlySpan<byte> bytes)
        => BinaryPrimitives.ReadInt64LittleEndian(bytes) is >= 0 and long number
            ? number
            : throw Broken($"has the size or place {BinaryPrimitives.ReadUInt64LittleEndian(bytes)}, which is beyond any file");

    private static byte[] ReadAt(Stream stream, long position, int count)
    {
        byte[] bytes = new byte[count];
        stream.Position = position;
        stream.ReadExactly(bytes);
        return bytes;
    }

    private static InvalidDataException Broken(string what) => new($"The zip archive {what}.");
}
