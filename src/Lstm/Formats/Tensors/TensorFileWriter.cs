using System.IO.Compression;
using System.Numerics;
using Lstm.Formats.Files;
using Lstm.Formats.Safetensors;
using Lstm.Formats.Tensors;
using Lstm.Texts;

namespace Lstm.Formats;

/// <summary>
/// Collects named tensors and writes them as a safetensors file or a NumPy archive. The same tensors give the same bytes.
/// </summary>
/// <remarks>
/// Files are written beside their place and renamed once they are on disk. <see cref="TensorFile"/> reads them; in Python,
/// <c>safetensors.numpy.load_file</c> and <c>numpy.load</c>.
/// </remarks>
public sealed class TensorFileWriter
{
    private readonly List<(string Name, string Type, int[] Shape, Action<Stream> Write)> _tensors = [];
    private readonly SafetensorsWriter _safetensors = new();
    private readonly HashSet<string> _names = [];

    /// <summary>Texts that go into a safetensors file beside the tensors. A NumPy archive has none.</summary>
    public IDictionary<string, string> Metadata => _safetensors.Metadata;

    /// <summary>Writes one array as a <c>.npy</c> file.</summary>
    /// <typeparam name="T"><see cref="float"/>, <see cref="double"/>, <see cref="int"/> or <see cref="long"/>.</typeparam>
    /// <param name="path">The file; an existing one is replaced.</param>
    /// <param name="shape">The size of each dimension.</param>
    /// <param name="values">The values, row by row.</param>
    /// <exception cref="ArgumentException">There are more or fewer values than the shape has.</exception>
    public static void SaveNpy<T>(string path, ReadOnlySpan<int> shape, ReadOnlyMemory<T> values)
        where T : unmanaged, INumberBase<T>
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Check(shape, values.Length);
        int[] sizes = shape.ToArray();
        AtomicFile.Write(path, stream => WriteArray(stream, SafetensorsTensor.TypeOf<T>(), sizes, values));
    }

    /// <inheritdoc cref="SaveNpy{T}(string, ReadOnlySpan{int}, ReadOnlyMemory{T})"/>
    /// <param name="stream">Where to; stays open.</param>
    /// <param name="shape">The size of each dimension.</param>
    /// <param name="values">The values, row by row.</param>
    public static void SaveNpy<T>(Stream stream, ReadOnlySpan<int> shape, ReadOnlyMemory<T> values)
        where T : unmanaged, INumberBase<T>
    {
        ArgumentNullException.ThrowIfNull(stream);
        Check(shape, values.Length);
        WriteArray(stream, SafetensorsTensor.TypeOf<T>(), shape.ToArray(), values);
    }

    /// <summary>Adds a tensor. The values are kept, not copied.</summary>
    /// <typeparam name="T"><see cref="float"/>, <see cref="double"/>, <see cref="int"/> or <see cref="long"/>.</typeparam>
    /// <param name="name">The name, which no other tensor has.</param>
    /// <param name="shape">The size of each dimension.</param>
    /// <param name="values">The values, row by row.</param>
    /// <exception cref="ArgumentException">
    /// The name is empty or taken, or there are more or fewer values than the shape has.
    /// </exception>
    public void Add<T>(string name, ReadOnlySpan<int> shape, ReadOnlyMemory<T> values)
        where T : unmanaged, INumberBase<T>
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        Check(shape, values.Length);
        string type = SafetensorsTensor.TypeOf<T>();
        if (!_names.Add(name))
        {
            throw new ArgumentException(
                $"A tensor '{Shortened.Text(name)}' has been added. Give each its own name.", nameof(name));
        }

        int[] sizes = shape.ToArray();
        _safetensors.Add(name, sizes, () => values);
        _tensors.Add((name, type, sizes, stream => WriteArray(stream, type, sizes, values)));
    }

    /// <summary>Writes a safetensors file.</summary>
    /// <param name="path">The file; an existing one is replaced.</param>
    /// <exception cref="ArgumentException">A name or a text is no valid Unicode.</exception>
    public void SaveSafetensors(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        AtomicFile.Write(path, _safetensors.WriteTo);
    }

    /// <inheritdoc cref="SaveSafetensors(string)"/>
    /// <param name="stream">Where to; stays open.</param>
    public void SaveSafetensors(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        _safetensors.WriteTo(stream);
    }

    /// <summary>Writes a NumPy archive, not compressed, whose arrays have the tensors' names.</summary>
    /// <param name="path">The file; an existing one is replaced.</param>
    public void SaveNpz(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        AtomicFile.Write(path, SaveNpz);
    }

    /// <inheritdoc cref="SaveNpz(string)"/>
    /// <param name="stream">Where to; stays open.</param>
    public void SaveNpz(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        using ZipArchive archive = new(stream, ZipArchiveMode.Create, leaveOpen: true);
        foreach ((string name, _, _, Action<Stream> write) in _tensors)
        {
            ZipArchiveEntry entry = archive.CreateEntry(name + NpzFile.Ending, CompressionLevel.NoCompression);

            // The earliest time that an archive can hold: the same tensors give the same bytes.
            entry.LastWriteTime = new DateTimeOffset(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);
            using Stream content = entry.Open();
            write(content);
        }
    }

    /// <summary>The tensors, one line for each.</summary>
    public override string ToString() => string.Join(
        '\n', _tensors.Select(tensor => $"'{Shortened.Text(tensor.Name)}' {tensor.Type} [{string.Join(", ", tensor.Shape)}]"));

    private static void Check(ReadOnlySpan<int> shape, int length)
    {
        Int128 count = 1;
        foreach (int size in shape)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(size, nameof(shape));
            count = count <= int.MaxValue || size == 0 ? count * size : count;
        }

        if (count != length)
        {
            throw new ArgumentException(
                $"There are {length} values; the shape [{string.Join(", ", shape.ToArray())}] has {count}. Give all of them, row "
                + "by row.", nameof(shape));
        }
    }

    private static void WriteArray<T>(Stream stream, string type, int[] shape, ReadOnlyMemory<T> values)
        where T : unmanaged, INumberBase<T>
    {
        stream.Write(NpyHeader.Write(type, shape));
        SafetensorsWriter.Write(values.Span, stream.Write);
    }
}
