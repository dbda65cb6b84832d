using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Lstm.Formats.Safetensors;

/// <summary>Writes a safetensors file: collects the tensors, then writes all. The same contents give the same bytes.</summary>
internal sealed class SafetensorsWriter
{
    private readonly SafetensorsHeader _header = new();
    private readonly Dictionary<string, Action<Action<ReadOnlySpan<byte>>>> _contents = [];

    /// <summary>Text that goes into the header.</summary>
    public IDictionary<string, string> Metadata => _header.Metadata;

    /// <summary>Adds a tensor.</summary>
    /// <param name="name">Unique among the file's tensors.</param>
    /// <param name="shape">Its sizes.</param>
    /// <param name="values">Called once or twice while the file is written; returns as many values as the shape has.</param>
    public void Add<T>(string name, IEnumerable<int> shape, Func<ReadOnlyMemory<T>> values)
        where T : unmanaged, INumberBase<T>
    {
        string type = SafetensorsTensor.TypeOf<T>();
        long[] sizes = [.. shape.Select(size => (long)size)];
        if (!SafetensorsTensor.TryGetBytes(type, sizes, out long bytes))
        {
            throw new ArgumentException(
                $"Tensor '{name}' [{string.Join(", ", sizes)}] is too large for any file.", nameof(shape));
        }

        long start = _header.Tensors.Count == 0 ? 0 : _header.Tensors[^1].End;
        _contents.Add(name, write => Write(values().Span, write));
        _header.Tensors.Add(new SafetensorsTensor(name, type, sizes, start, checked(start + bytes)));
    }

    /// <summary>Hashes all of it so far into the metadata, as <see cref="SafetensorsHash.Key"/>.</summary>
    public void Seal()
    {
        using IncrementalHash hash = SafetensorsHash.Begin(_header.Metadata);
        foreach (SafetensorsTensor tensor in SafetensorsHash.Order(_header.Tensors))
        {
            hash.Append(tensor);
            _contents[tensor.Name](hash.AppendData);
        }

        _header.Metadata[SafetensorsHash.Key] = hash.End();
    }

    /// <summary>Writes the file at the stream's position.</summary>
    /// <exception cref="ArgumentException">A name or a text is no valid Unicode; nothing has been written.</exception>
    public void WriteTo(Stream stream)
    {
        stream.Write(_header.ToBytes());
        foreach (SafetensorsTensor tensor in _header.Tensors)
        {
            _contents[tensor.Name](stream.Write);
        }
    }

    /// <summary>The bytes of values, little-endian, in pieces.</summary>
    public static void Write<T>(ReadOnlySpan<T> values, Action<ReadOnlySpan<byte>> write)
        where T : unmanaged
    {
        const int Chunk = 1 << 16;
        byte[] swapped = BitConverter.IsLittleEndian ? [] : new byte[Chunk * Marshal.SizeOf<T>()];
        while (!values.IsEmpty)
        {
            ReadOnlySpan<T> next = values[..Math.Min(Chunk, values.Length)];
            ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(next);
            write(BitConverter.IsLittleEndian ? bytes : Swap(bytes, bytes.Length / next.Length, swapped));
            values = values[next.Length..];
        }
    }

    private static ReadOnlySpan<byte> Swap(ReadOnlySpan<byte> bytes, int size, byte[] swapped)
    {
        Span<byte> result = swapped.AsSpan(0, bytes.Length);
        if (size == sizeof(long))
        {
            BinaryPrimitives.ReverseEndianness(MemoryMarshal.Cast<byte, long>(bytes), MemoryMarshal.Cast<byte, long>(result));
        }
        else
        {
            BinaryPrimitives.ReverseEndianness(MemoryMarshal.Cast<byte, int>(bytes), MemoryMarshal.Cast<byte, int>(result));
        }

        return result;
    }
}
