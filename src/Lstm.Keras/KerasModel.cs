using System.Numerics;
using Lstm.Keras.Models;

namespace Lstm.Keras;

/// <summary>Reads models of Keras 2 and 3 and of TensorFlow.js.</summary>
public static class KerasModel
{
    /// <summary>
    /// Reads a model into a network: a <c>.keras</c> file, a whole <c>.h5</c> or <c>.hdf5</c> file, a file of weights, or a
    /// <c>model.json</c> of TensorFlow.js with its shards beside it. Nothing of the file is executed, and no number of it is
    /// trusted.
    /// </summary>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <param name="path">The file.</param>
    /// <param name="options">How it is read; null for the defaults.</param>
    /// <exception cref="InvalidDataException">
    /// The file is broken, or has layers that no layer here computes, or tensors that are missing, superfluous or of a wrong
    /// shape: the message lists all of them.
    /// </exception>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is neither float nor double.</exception>
    public static KerasImport<T> Import<T>(string path, KerasImportOptions? options = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using FileStream stream = File.OpenRead(path);
        return Import<T>(Bytes(stream), Path.GetDirectoryName(Path.GetFullPath(path)), options ?? new());
    }

    /// <inheritdoc cref="Import{T}(string, KerasImportOptions?)"/>
    /// <summary>Reads a model into a network. A <c>model.json</c> of TensorFlow.js has to be read by its path.</summary>
    /// <param name="stream">The file, from the stream's position to its end; stays open.</param>
    /// <param name="options">How it is read; null for the defaults.</param>
    public static KerasImport<T> Import<T>(Stream stream, KerasImportOptions? options = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(stream);
        return Import<T>(Bytes(stream), null, options ?? new());
    }

    private static KerasImport<T> Import<T>(byte[] bytes, string? folder, KerasImportOptions options)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (typeof(T) != typeof(float) && typeof(T) != typeof(double))
        {
            throw new NotSupportedException($"A network has values of float or double, not {typeof(T).Name}.");
        }

        using ModelFile file = ModelFile.Open(bytes, folder, options);
        return ImportRun.Read<T>(file, options);
    }

    private static byte[] Bytes(Stream stream)
    {
        if (stream.CanSeek && stream.Length - stream.Position > Array.MaxLength)
        {
            throw new InvalidDataException(
                $"The file has {stream.Length - stream.Position} bytes; up to {Array.MaxLength} can be read.");
        }

        using MemoryStream memory = new(stream.CanSeek ? (int)Math.Max(0, stream.Length - stream.Position) : 0);
        stream.CopyTo(memory);
        return memory.ToArray();
    }
}
