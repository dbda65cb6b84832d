using System.Numerics;
using System.Runtime.InteropServices;
using Lstm.Formats.Archives;
using Lstm.Formats.Safetensors;
using Lstm.Formats.Tensors;
using Lstm.Texts;

namespace Lstm.Formats;

/// <summary>
/// A file of named tensors, open for reading: safetensors, PyTorch's <c>.pt</c> and <c>.pth</c>, NumPy's <c>.npy</c> and
/// <c>.npz</c>. The format is recognised by the first bytes.
/// </summary>
/// <remarks>
/// <para>Opening reads the names, types and shapes; values are read when they are asked for. Of a PyTorch file's pickle only
/// tensors, storages, and plain containers are understood; everything else is refused with its name, and nothing is ever
/// executed. No number in a file is trusted: what lies outside of the file, or takes more than the file's size pays for, throws
/// <see cref="InvalidDataException"/>.</para>
/// <para>An instance is used by one thread at a time. <see cref="TensorFileWriter"/> writes files.</para>
/// </remarks>
public sealed class TensorFile : IDisposable
{
    private const int ChunkBytes = 1 << 16;

    private readonly Stream? _owned;
    private readonly TensorContents _contents;
    private readonly Dictionary<string, FileTensor> _byName = [];

    private TensorFile(TensorContents contents, Stream? owned, SafetensorsReader? safetensors)
    {
        _contents = contents;
        _owned = owned;
        Safetensors = safetensors;
        foreach (FileTensor tensor in contents.Tensors)
        {
            _byName.Add(tensor.Name, tensor);
        }
    }

    /// <summary>The format, e.g. <c>safetensors</c> or <c>NumPy (.npz)</c>.</summary>
    public string Format => _contents.Format;

    /// <summary>The tensors, in the order of the file.</summary>
    public IReadOnlyList<FileTensor> Tensors => _contents.Tensors;

    /// <summary>
    /// Texts beside the tensors: the metadata of a safetensors file; the numbers and texts in the containers of a PyTorch file,
    /// such as <c>epoch</c>.
    /// </summary>
    public IReadOnlyDictionary<string, string> Metadata => _contents.Metadata;

    /// <summary>The reader of a safetensors file, which knows its hash; null for others.</summary>
    internal SafetensorsReader? Safetensors { get; }

    /// <summary>Opens a file. It stays open until the instance is disposed of.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidDataException">
    /// The file is broken, of another format (the message says what it is), or has something that is refused.
    /// </exception>
    public static TensorFile Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        FileStream stream = File.OpenRead(path);
        try
        {
            return Open(stream, stream);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <inheritdoc cref="Open(string)"/>
    /// <param name="stream">
    /// The file, from the stream's position to its end. The stream stays open and is needed as long as values are read; one that
    /// cannot seek is read into memory.
    /// </param>
    public static TensorFile Open(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return Open(stream, owned: null);
    }

    /// <summary>The tensor of a name; null if there is none.</summary>
    /// <param name="name">The name.</param>
    public FileTensor? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>Reads the values of a tensor, row by row.</summary>
    /// <remarks>
    /// <see cref="float"/> and <see cref="double"/> take all floating-point types and integers, rounded to nearest where they are
    /// narrower; <see cref="int"/> and <see cref="long"/> take integers that fit.
    /// </remarks>
    /// <typeparam name="T"><see cref="float"/>, <see cref="double"/>, <see cref="int"/> or <see cref="long"/>.</typeparam>
    /// <param name="name">The tensor's name.</param>
    /// <exception cref="ArgumentException">There is no such tensor.</exception>
    /// <exception cref="InvalidDataException">
    /// The values are of a type that <typeparamref name="T"/> cannot take, or the file is damaged.
    /// </exception>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is another type.</exception>
    public T[] Read<T>(string name)
        where T : unmanaged, INumberBase<T>
        => Read<T>(Find(name) ?? throw new ArgumentException(
            $"The file has no tensor '{Shortened.Text(name)}'; it has "
            + $"{Shortened.List([.. Tensors.Select(tensor => tensor.Name)])}.", nameof(name)));

    /// <inheritdoc cref="Read{T}(string)"/>
    /// <param name="tensor">One of <see cref="Tensors"/>.</param>
    public T[] Read<T>(FileTensor tensor)
        where T : unmanaged, INumberBase<T>
    {
        ArgumentNullException.ThrowIfNull(tensor);
        if (tensor.Count > Array.MaxLength)
        {
            throw new InvalidDataException($"The tensor {tensor} has more values than an array can: {Array.MaxLength}.");
        }

        T[] values = new T[tensor.Count];
        Read<T>(tensor, values);
        return values;
    }

    /// <inheritdoc cref="Read{T}(string)"/>
    /// <param name="tensor">One of <see cref="Tensors"/>.</param>
    /// <param name="destination">As many values as the tensor has.</param>
    /// <exception cref="ArgumentException"><paramref name="destination"/> has another length.</exception>
    public void Read<T>(FileTensor tensor, Span<T> destination)
        where T : unmanaged, INumberBase<T>
    {
        ArgumentNullException.ThrowIfNull(tensor);
        if (destination.Length != tensor.Count)
        {
            throw new ArgumentException(
                $"The span has {destination.Length} values; the tensor {tensor} has {tensor.Count}. Give room for all of them.",
                nameof(destination));
        }

        if (!TensorValues.Converts<T>(tensor.ElementType, allowIntegers: true))
        {
            throw new InvalidDataException($"The tensor {tensor} cannot be read as {SafetensorsTensor.TypeOf<T>()}.");
        }

        if (destination.IsEmpty)
        {
            return;
        }

        try
        {
            using Stream stream = OpenAt(tensor);
            if (tensor.Strides is null)
            {
                ReadRows(stream, tensor.ElementType, destination);
                return;
            }

            // The extent has been paid for by the file's length: see TensorBudget.
            T[] extent = new T[tensor.Extent];
            ReadRows<T>(stream, tensor.ElementType, extent);
            Gather(extent, tensor.Sizes, tensor.Strides, destination);
        }
        catch (OverflowException e)
        {
            throw new InvalidDataException(
                $"The tensor {tensor} has a number that does not fit into {SafetensorsTensor.TypeOf<T>()}.", e);
        }
    }

    /// <summary>Closes a file that was opened by its path.</summary>
    public void Dispose() => _owned?.Dispose();

    /// <summary>The format and the tensors, one line for each.</summary>
    public override string ToString() => $"{Format}\n{string.Join('\n', Tensors)}";

    private static TensorFile Open(Stream stream, Stream? owned)
    {
        stream = stream.CanSeek ? stream : SafetensorsReader.InMemory(stream);
        FileStart start = FileStart.Of(stream);
        return start.HoldsTensors ? new TensorFile(start.Guard(() => Read(stream, start)), owned, safetensors: null)
            : start.Format is not { } other ? OfSafetensors(new SafetensorsReader(stream), owned)
            : throw new InvalidDataException(
                $"The file is {other.What}; a file of tensors is expected: safetensors, .npy, .npz, .pt or .pth. {other.Advice}");
    }

    private static TensorContents Read(Stream stream, FileStart start) => start.Kind switch
    {
        FileKind.Npy => NpzFile.ReadSingle(stream, start.Position, start.Length),
        FileKind.Pickle => TorchLegacyFile.Read(ReadAll(stream, start.Position, start.Length)),
        _ => OfArchive(stream, start.Position, start.Length),
    };

    private static TensorContents OfArchive(Stream stream, long start, long length)
    {
        IReadOnlyList<ZipEntry> entries = ZipDirectory.Read(stream, start);
        return TorchFile.FindPickle(entries) is { } pickle
            ? TorchFile.Read(entries, pickle, length)
            : NpzFile.Read(entries, length);
    }

    private static TensorFile OfSafetensors(SafetensorsReader reader, Stream? owned)
    {
        List<FileTensor> tensors = new(reader.Tensors.Count);
        foreach (SafetensorsTensor tensor in reader.Tensors)
        {
            tensors.Add(new FileTensor(tensor.Name, tensor.Type, tensor.Shape, () => new SubStream(
                reader.Stream, reader.Payload + tensor.Start, tensor.End - tensor.Start)));
        }

        return new TensorFile(new TensorContents("safetensors", tensors, reader.Metadata), owned, reader);
    }

    private static byte[] ReadAll(Stream stream, long start, long length)
    {
        if (length > Array.MaxLength)
        {
            throw new InvalidDataException(
                $"It has {length} bytes; pickles of at most {Array.MaxLength} are read. Load it in Python and save it as a zip "
                + "archive, which torch.save writes by default.");
        }

        byte[] bytes = new byte[length];
        stream.Position = start;
        stream.ReadExactly(bytes);
        return bytes;
    }

    private static Stream OpenAt(FileTensor tensor)
    {
        Stream stream = tensor.Open();
        long skipped = tensor.Offset * SafetensorsTensor.SizeOf(tensor.ElementType);
        if (stream.CanSeek)
        {
            stream.Position += skipped;
            return stream;
        }

        byte[] buffer = new byte[Math.Min(ChunkBytes, skipped)];
        while (skipped > 0)
        {
            skipped -= stream.Read(buffer, 0, (int)Math.Min(buffer.Length, skipped));
        }

        return stream;
    }

    private static void ReadRows<T>(Stream stream, string type, Span<T> values)
        where T : unmanaged, INumberBase<T>
    {
        if (type == SafetensorsTensor.TypeOf<T>() && BitConverter.IsLittleEndian)
        {
            stream.ReadExactly(MemoryMarshal.AsBytes(values));
            return;
        }

        int size = SafetensorsTensor.SizeOf(type);
        byte[] chunk = new byte[Math.Min(ChunkBytes, (long)values.Length * size)];
        while (!values.IsEmpty)
        {
            Span<T> next = values[..Math.Min(chunk.Length / size, values.Length)];
            Span<byte> bytes = chunk.AsSpan(0, next.Length * size);
            stream.ReadExactly(bytes);
            TensorValues.Convert(type, bytes, next);
            values = values[next.Length..];
        }
    }

    private static void Gather<T>(T[] extent, ReadOnlySpan<long> shape, long[] strides, Span<T> values)
    {
        long[] index = new long[shape.Length];
        long place = 0;
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = extent[place];
            for (int d = shape.Length - 1; d >= 0; d--)
            {
                place += strides[d];
                if (++index[d] < shape[d])
                {
                    break;
                }

                place -= strides[d] * shape[d];
                index[d] = 0;
            }
        }
    }
}
