using System.Buffers.Binary;

namespace Lstm.Keras.Files;

/// <summary>The bytes of an HDF5 file; a place outside of them is an <see cref="InvalidDataException"/>.</summary>
internal sealed class HdfBytes(byte[] bytes)
{
    /// <summary>The address that stands for none.</summary>
    public const ulong Undefined = ulong.MaxValue;

    private ulong _left = 4 * (ulong)bytes.Length;

    public int Length => bytes.Length;

    public byte[] All => bytes;

    /// <summary>
    /// Counts bytes that are about to be read. In a file without overlapping parts each byte is read a few times at most; more
    /// would make time and memory grow faster than the file.
    /// </summary>
    /// <exception cref="InvalidDataException">The parts of the file overlap.</exception>
    public void Spend(ulong length, string what)
    {
        if (length > _left)
        {
            throw new InvalidDataException(
                $"The HDF5 file is broken: its parts overlap; {what} takes {length} bytes more than the file has.");
        }

        _left -= length;
    }

    /// <summary>A part of the file.</summary>
    /// <param name="address">Its first byte.</param>
    /// <param name="length">Its length.</param>
    /// <param name="what">What lies there, for the message.</param>
    /// <exception cref="InvalidDataException">The part is not within the file.</exception>
    public ReadOnlySpan<byte> At(ulong address, ulong length, string what)
        => address <= (ulong)bytes.Length && length <= (ulong)bytes.Length - address
            ? bytes.AsSpan((int)address, (int)length)
            : throw new InvalidDataException(
                $"The HDF5 file is cut off or broken: {what} takes bytes {address} to {Sum(address, length)}; the file has " +
                $"{bytes.Length}.");

    /// <summary>A part of the file that starts with a signature.</summary>
    public ReadOnlySpan<byte> Signed(ulong address, ulong length, ReadOnlySpan<byte> signature, string what)
    {
        ReadOnlySpan<byte> part = At(address, length, what);
        return part.StartsWith(signature) ? part
            : throw new InvalidDataException($"The HDF5 file is broken: there is no {what} at byte {address}.");
    }

    public static ulong Number(ReadOnlySpan<byte> part, int at, int size) => size switch
    {
        1 => Slice(part, at, 1)[0],
        2 => BinaryPrimitives.ReadUInt16LittleEndian(Slice(part, at, 2)),
        4 => BinaryPrimitives.ReadUInt32LittleEndian(Slice(part, at, 4)),
        _ => BinaryPrimitives.ReadUInt64LittleEndian(Slice(part, at, 8)),
    };

    /// <exception cref="InvalidDataException">The part is not within the message.</exception>
    public static ReadOnlySpan<byte> Slice(ReadOnlySpan<byte> part, int at, int length)
        => at >= 0 && length >= 0 && at <= part.Length && length <= part.Length - at ? part.Slice(at, length)
            : throw new InvalidDataException(
                $"The HDF5 file is broken: a message of {part.Length} bytes has to be at least {(long)at + length} long.");

    private static string Sum(ulong address, ulong length)
        => ((UInt128)address + length).ToString(System.Globalization.CultureInfo.InvariantCulture);
}
