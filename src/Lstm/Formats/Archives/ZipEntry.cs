using System.Buffers.Binary;
using System.IO.Compression;
using Lstm.Texts;

namespace Lstm.Formats.Archives;

/// <summary>A file in a zip archive, as the archive's directory describes it.</summary>
/// <param name="Archive">The archive.</param>
/// <param name="ArchiveStart">Where the archive begins in its stream.</param>
/// <param name="DirectoryStart">
/// Where the archive's directory begins, from the archive's beginning: no entry's data ends later.
/// </param>
/// <param name="Name">The name with its folders.</param>
/// <param name="Method">0 for stored, 8 for deflated bytes.</param>
/// <param name="Header">Where the entry's own header is, from the archive's beginning.</param>
/// <param name="Packed">The number of bytes in the archive.</param>
/// <param name="Length">The number of bytes of the file.</param>
/// <param name="Checksum">The CRC-32 of the file.</param>
internal sealed record ZipEntry(
    Stream Archive, long ArchiveStart, long DirectoryStart, string Name, int Method, long Header, long Packed, long Length,
    uint Checksum)
{
    private const int LocalLength = 30;

    /// <summary>Whether the bytes are those of the file: they can be read from any place.</summary>
    public bool IsStored => Method == 0;

    /// <summary>Opens the file's bytes for reading from its beginning to its end.</summary>
    /// <param name="checksum">Whether the checksum is compared at the end.</param>
    /// <exception cref="InvalidDataException">The entry is not where the directory says.</exception>
    public Stream Open(bool checksum)
    {
        SubStream packed = new(Archive, ArchiveStart + DataStart(), Packed);
        return IsStored && !checksum ? packed
            : new ZipEntryStream(IsStored ? packed : new DeflateStream(packed, CompressionMode.Decompress), this, checksum);
    }

    /// <summary>The whole file.</summary>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    public byte[] ReadAll(bool checksum)
    {
        if (Length > Array.MaxLength)
        {
            throw new InvalidDataException($"The archive's entry '{Shortened.Text(Name)}' has {Length} bytes; at most "
                + $"{Array.MaxLength} can be read at once.");
        }

        using Stream stream = Open(checksum);
        byte[] bytes = new byte[Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    private long DataStart()
    {
        Span<byte> local = stackalloc byte[LocalLength];
        if (Header > DirectoryStart - LocalLength)
        {
            throw Misplaced();
        }

        Archive.Position = ArchiveStart + Header;
        Archive.ReadExactly(local);
        long start = Header + LocalLength + BinaryPrimitives.ReadUInt16LittleEndian(local[26..])
            + BinaryPrimitives.ReadUInt16LittleEndian(local[28..]);
        return local.StartsWith("PK\x03\x04"u8) && start <= DirectoryStart && Packed <= DirectoryStart - start
            ? start
            : throw Misplaced();
    }

    private InvalidDataException Misplaced() => new(
        $"The archive's entry '{Shortened.Text(Name)}' of {Packed} bytes is said to be at byte {Header}; it does not lie there "
        + $"before the archive's directory, which begins at byte {DirectoryStart}.");
}
