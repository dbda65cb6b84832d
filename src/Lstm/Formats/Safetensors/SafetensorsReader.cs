using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;

namespace Lstm.Formats.Safetensors;

/// <summary>Reads a safetensors file: the header at once, the tensors when asked for.</summary>
internal sealed class SafetensorsReader
{
    private const int ChunkBytes = 1 << 16;
    private readonly SafetensorsHeader _header;
    private readonly Dictionary<string, SafetensorsTensor> _byName = [];
    private readonly byte[] _chunk = new byte[ChunkBytes];

    /// <summary>Reads the header. The file is the stream from its position to its end.</summary>
    /// <param name="stream">Stays open; one that cannot seek is read into memory first.</param>
    /// <exception cref="InvalidDataException">The file is broken.</exception>
    public SafetensorsReader(Stream stream)
    {
        Stream = stream.CanSeek ? stream : InMemory(stream);
        long start = Stream.Position;
        long length = Math.Max(0, Stream.Length - start);
        ulong header = ReadPrefix(start, length);
        byte[] json = new byte[header];
        Stream.ReadExactly(json);
        Payload = start + SafetensorsHeader.Prefix + json.Length;
        _header = SafetensorsHeader.Parse(json, length - SafetensorsHeader.Prefix - json.Length);
        foreach (SafetensorsTensor tensor in _header.Tensors)
        {
            _byName.Add(tensor.Name, tensor);
        }
    }

    /// <summary>The file, for those who read tensors by themselves.</summary>
    public Stream Stream { get; }

    /// <summary>Where the tensors' bytes begin in <see cref="Stream"/>.</summary>
    public long Payload { get; }

    public IReadOnlyDictionary<string, string> Metadata => _header.Metadata;

    /// <summary>In the order of the payload.</summary>
    public IReadOnlyList<SafetensorsTensor> Tensors => _header.Tensors;

    /// <summary>The rest of a stream that cannot seek, read into memory.</summary>
    public static MemoryStream InMemory(Stream stream)
    {
        MemoryStream copy = new();
        stream.CopyTo(copy);
        copy.Position = 0;
        return copy;
    }

    public SafetensorsTensor? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>
    /// Reads a tensor. Floating-point types become each other, rounded to nearest where they are narrower; so do integer
    /// types, which have to fit.
    /// </summary>
    /// <param name="tensor">One of <see cref="Tensors"/>.</param>
    /// <param name="destination">As many values as the tensor has.</param>
    /// <exception cref="InvalidDataException">The tensor is of a type that <typeparamref name="T"/> cannot take.</exception>
    public void Read<T>(SafetensorsTensor tensor, Span<T> destination)
        where T : unmanaged, INumberBase<T>
    {
        int size = SafetensorsTensor.SizeOf(tensor.Type);
        Stream.Position = Payload + tensor.Start;
        while (!destination.IsEmpty)
        {
            Span<T> values = destination[..Math.Min(ChunkBytes / size, destination.Length)];
            Span<byte> bytes = _chunk.AsSpan(0, values.Length * size);
            Stream.ReadExactly(bytes);
            Convert(tensor, bytes, values);
            destination = destination[values.Length..];
        }
    }

    /// <summary>Whether the file was sealed with a hash.</summary>
    public bool HasHash => Metadata.ContainsKey(SafetensorsHash.Key);

    /// <summary>Reads the whole file and compares it with the hash that it was sealed with.</summary>
    /// <exception cref="InvalidDataException">It has no hash, or another one.</exception>
    public void CheckHash()
    {
        using IncrementalHash hash = SafetensorsHash.Begin(Metadata);
        foreach (SafetensorsTensor tensor in SafetensorsHash.Order(Tensors))
        {
            hash.Append(tensor);
            Stream.Position = Payload + tensor.Start;
            for (long left = tensor.End - tensor.Start; left > 0;)
            {
                Span<byte> bytes = _chunk.AsSpan(0, (int)Math.Min(left, _chunk.Length));
                Stream.ReadExactly(bytes);
                hash.AppendData(bytes);
                left -= bytes.Length;
            }
        }

        if (hash.End() != (Metadata.GetValueOrDefault(SafetensorsHash.Key)
            ?? throw new InvalidDataException($"The file lacks the metadata '{SafetensorsHash.Key}', the hash of its contents.")))
        {
            throw new InvalidDataException(
                $"The file is damaged: its contents do not have the hash that it was saved with, '{SafetensorsHash.Key}' of " +
                $"its metadata.");
        }
    }

    private static void Convert<T>(SafetensorsTensor tensor, ReadOnlySpan<byte> bytes, Span<T> values)
        where T : unmanaged, INumberBase<T>
    {
        if (!TensorValues.Converts<T>(tensor.Type, allowIntegers: false))
        {
            throw new InvalidDataException($"Tensor {tensor} cannot be read as {SafetensorsTensor.TypeOf<T>()}.");
        }

        TensorValues.Convert(tensor.Type, bytes, values);
    }

    /// <summary>Reads the header's length, which is in front of it.</summary>
    /// <exception cref="InvalidDataException">The file is another program's, or broken.</exception>
    private ulong ReadPrefix(long start, long length)
    {
        ReadOnlySpan<byte> first = ReadAt(start, (int)Math.Min(length, ForeignFile.PeekLength));
        if (!ForeignFile.IsSafetensors(first)
            && ForeignFile.Recognise(
                first, ReadAt(start + Math.Max(0, length - ForeignFile.PeekLength), first.Length)) is { } foreign)
        {
            throw new InvalidDataException($"The file is {foreign.What}; a safetensors file is expected. {foreign.Advice}");
        }

        if (length < SafetensorsHeader.Prefix)
        {
            throw new InvalidDataException(
                $"The file has {length} bytes; the length of a safetensors header alone takes {SafetensorsHeader.Prefix}.");
        }

        ulong header = BinaryPrimitives.ReadUInt64LittleEndian(first);
        if (header > SafetensorsHeader.MaxLength || (long)header > length - SafetensorsHeader.Prefix)
        {
            throw new InvalidDataException(
                $"The file is no safetensors file, or is cut off: its header is said to take {header} bytes; " +
                $"{length - SafetensorsHeader.Prefix} follow, and at most {SafetensorsHeader.MaxLength} are allowed.");
        }

        Stream.Position = start + SafetensorsHeader.Prefix;
        return header;
    }

    private byte[] ReadAt(long position, int count)
    {
        byte[] bytes = new byte[count];
        Stream.Position = position;
        Stream.ReadExactly(bytes);
        return bytes;
    }
}
