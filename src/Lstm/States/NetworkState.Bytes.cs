using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Lstm.Formats.Safetensors;
using Lstm.Layers;
using Lstm.Runtime;
using Lstm.Specs;

namespace Lstm;

public sealed partial class NetworkState<T>
{
    /// <summary>
    /// Saves the state as bytes, which <see cref="NetworkState.FromBytes{T}"/> reads. Every bit is kept, including those of NaN.
    /// </summary>
    /// <remarks>
    /// The format is little-endian: <c>LSTMSTAT</c>; as 32-bit integers the version 3, the number of bytes per value,
    /// <see cref="Count"/>, the number of entries, the sizes of h and c of each entry, and <see cref="Steps"/>; the values, for
    /// each entry h and then c; and the SHA-256 hash of all preceding bytes.
    /// </remarks>
    /// <exception cref="InvalidOperationException">
    /// A pass or a stream uses the state, or the state needs more bytes than an array can hold.
    /// </exception>
    public byte[] ToBytes()
    {
        using Use.Reading reading = Read(this);
        long length = NetworkState.Magic.Length + ((NetworkState.Fields + (2L * Sizes.Count) + Count) * sizeof(int))
            + SHA256.HashSizeInBytes;
        length += Count * Sizes.Sum(size => (long)size.Hidden + size.Cell) * NetworkState.SizeOf<T>();
        if (length > Array.MaxLength)
        {
            throw new InvalidOperationException(
                $"The state needs {length} bytes; an array holds at most {Array.MaxLength}. Store h and c of each entry " +
                $"separately (Hidden, Cell).");
        }

        int header = NetworkState.HeaderLength(Sizes.Count, Count);
        byte[] bytes = new byte[length];
        NetworkState.Magic.CopyTo(bytes);
        foreach (
            (int i, int field) in new[] { NetworkState.Version, NetworkState.SizeOf<T>(), Count, Sizes.Count }.Concat(
            Sizes.SelectMany(size => new[] { size.Hidden, size.Cell })).Concat(_steps).Index())
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(NetworkState.Magic.Length + (i * sizeof(int))), field);
        }

        Span<byte> rest = bytes.AsSpan(header);
        for (int block = 0; block < 2 * Sizes.Count; block++)
        {
            Span<byte> values = Block(block);
            NetworkState.CopyLittleEndian<T>(values, rest);
            rest = rest[values.Length..];
        }

        SHA256.HashData(
            bytes.AsSpan(0, bytes.Length - SHA256.HashSizeInBytes), bytes.AsSpan(bytes.Length - SHA256.HashSizeInBytes));
        return bytes;
    }

    /// <summary>Overwrites steps and values with those of <see cref="ToBytes"/>.</summary>
    internal void SetValues(ReadOnlySpan<byte> bytes)
    {
        for (int b = 0; b < Count; b++)
        {
            _steps[b] = BinaryPrimitives.ReadInt32LittleEndian(bytes[(b * sizeof(int))..]);
        }

        bytes = bytes[(Count * sizeof(int))..];
        for (int block = 0; block < 2 * Sizes.Count; block++)
        {
            Span<byte> values = Block(block);
            NetworkState.CopyLittleEndian<T>(bytes[..values.Length], values);
            bytes = bytes[values.Length..];
        }
    }

    // h of the first entry, c of the first entry, h of the second, …
    private Span<byte> Block(int index) => MemoryMarshal.AsBytes(index % 2 == 0 ? Hidden(index / 2) : Cell(index / 2));
}

/// <summary>Creates states from bytes.</summary>
public static class NetworkState
{
    internal const int Version = 3;
    internal const int Fields = 4;

    // Two directions of as many layers as a network can have.
    private const int MaxEntries = 2 * SpecCheck.MaxLayers;

    internal static ReadOnlySpan<byte> Magic => "LSTMSTAT"u8;

    /// <summary>Creates a state from the bytes that <see cref="NetworkState{T}.ToBytes"/> returned.</summary>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>, the type of the saved state.</typeparam>
    /// <param name="bytes">All bytes of the saved state.</param>
    /// <exception cref="InvalidDataException">
    /// The bytes are damaged, are not a state, or are a state of another precision. The message names the problem.
    /// </exception>
    public static NetworkState<T> FromBytes<T>(ReadOnlySpan<byte> bytes)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (!bytes.StartsWith(Magic))
        {
            throw new InvalidDataException(WhyNoState(bytes));
        }

        if (bytes.Length < HeaderLength(0, 0) + SHA256.HashSizeInBytes)
        {
            throw new InvalidDataException($"The state is truncated: {bytes.Length} bytes are too few for a state.");
        }

        ReadOnlySpan<byte> content = bytes[..^SHA256.HashSizeInBytes];
        (int version, int size, int count) = (Field(content, 0), Field(content, 1), Field(content, 2));
        if (version != Version || size != SizeOf<T>())
        {
            throw new InvalidDataException(
                $"The state is of version {version} with {size} bytes per value; expected are version {Version} and " +
                $"{SizeOf<T>()} bytes ({(SizeOf<T>() == sizeof(float) ? "float" : "double")}).");
        }

        if (!SHA256.HashData(content).AsSpan().SequenceEqual(bytes[content.Length..]))
        {
            throw new InvalidDataException("The state is damaged: its bytes do not have the hash at their end.");
        }

        StateSize[] sizes = ReadSizes(content, count, Field(content, 3), size);
        for (int b = 0; b < count; b++)
        {
            if (Field(content, Fields + (2 * sizes.Length) + b) < 0)
            {
                throw new InvalidDataException($"The state is damaged: sequence {b} has made a negative number of steps.");
            }
        }

        NetworkState<T> state = new(sizes, count) { IsOfBytes = true };
        state.SetValues(content[HeaderLength(sizes.Length, 0)..]);
        return state;
    }

    internal static int HeaderLength(int entries, int sequences)
        => checked(Magic.Length + ((Fields + (2 * entries) + sequences) * sizeof(int)));

    // SAFETY: only the size of an unmanaged type is taken.
    internal static unsafe int SizeOf<T>()
        where T : unmanaged
        => sizeof(T);

    internal static void CopyLittleEndian<T>(ReadOnlySpan<byte> source, Span<byte> destination)
        where T : unmanaged
    {
        source.CopyTo(destination);
        for (int i = 0; !BitConverter.IsLittleEndian && i < source.Length; i += SizeOf<T>())
        {
            destination.Slice(i, SizeOf<T>()).Reverse();
        }
    }

    /// <summary>The entries' sizes, once the length says that they and their values are all there.</summary>
    private static StateSize[] ReadSizes(ReadOnlySpan<byte> content, int count, int entries, int size)
    {
        Int128 length = Magic.Length + (((Int128)Fields + ((Int128)2 * entries) + count) * sizeof(int));
        if (count >= 1 && entries is >= 0 and <= MaxEntries && length <= content.Length)
        {
            StateSize[] sizes = new StateSize[entries];
            for (int i = 0; i < entries; i++)
            {
                sizes[i] = new(Field(content, Fields + (2 * i)), Field(content, Fields + (2 * i) + 1));
                length += (Int128)size * count * ((Int128)sizes[i].Hidden + sizes[i].Cell);
            }

            if (length == content.Length && sizes.All(units => units is { Hidden: >= 1, Cell: >= 1 }))
            {
                return sizes;
            }
        }

        throw new InvalidDataException(
            $"The state is damaged: {count} sequences and {entries} entries of the given sizes do not give {content.Length} " +
            $"bytes.");
    }

    private static string WhyNoState(ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<byte> start = bytes[..Math.Min(bytes.Length, ForeignFile.PeekLength)],
            end = bytes[Math.Max(0, bytes.Length - ForeignFile.PeekLength)..];
        return ForeignFile.IsSafetensors(start)
            ? "The bytes are a safetensors file, not a state: Network.Load reads a model, LoadStateDict a state_dict, " +
                "Trainer.LoadCheckpoint a checkpoint."
            : ForeignFile.Recognise(start, end) is { } foreign
                ? $"The bytes are {foreign.What}, not a state: FromBytes reads the bytes that ToBytes returned."
                : $"The {bytes.Length} bytes are not a state: they do not begin with 'LSTMSTAT'. FromBytes reads the bytes " +
                    $"that ToBytes returned.";
    }

    private static int Field(ReadOnlySpan<byte> content, int index)
        => BinaryPrimitives.ReadInt32LittleEndian(content[(Magic.Length + (index * sizeof(int)))..]);
}
