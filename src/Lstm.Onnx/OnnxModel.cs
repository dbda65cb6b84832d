using System.Numerics;
using Google.Protobuf;
using Lstm.Onnx.Export;
using Lstm.Onnx.Files;
using Lstm.Onnx.Graphs;
using Lstm.Onnx.Own;

namespace Lstm.Onnx;

/// <summary>Reads and writes ONNX files.</summary>
public static class OnnxModel
{
    /// <summary>Reads a file into a network. Nothing of the file is executed, and no number of it is trusted.</summary>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <param name="path">The file. Data files beside it are read if it names some.</param>
    /// <param name="options">How it is read; null for the defaults.</param>
    /// <exception cref="InvalidDataException">
    /// The file is broken, or has operators that no layer computes, or tensors that are missing or of a wrong shape: the message
    /// lists all of them.
    /// </exception>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is neither float nor double.</exception>
    public static OnnxImport<T> Import<T>(string path, OnnxImportOptions? options = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new();
        using FileStream stream = File.OpenRead(path);
        return Import<T>(
            stream, options with { ExternalFolder = options.ExternalFolder ?? Path.GetDirectoryName(Path.GetFullPath(path)) });
    }

    /// <inheritdoc cref="Import{T}(string, OnnxImportOptions?)"/>
    /// <param name="stream">The file, from the stream's position to its end; stays open.</param>
    /// <param name="options">How it is read; null for the defaults.</param>
    public static OnnxImport<T> Import<T>(Stream stream, OnnxImportOptions? options = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(stream);
        ModelProto model;
        int size;
        try
        {
            model = ModelProto.Parser.ParseFrom(stream);
            size = model.CalculateSize();
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new InvalidDataException($"The file is no ONNX model, or is broken: {e.Message}", e);
        }

        options ??= new();
        return OwnFile.Read<T>(model, options) ?? GraphImport.Read<T>(model, size, options);
    }

    /// <summary>
    /// Writes a network as an ONNX file of IR version 10 and operator set 22, for any number of sequences and steps.
    /// </summary>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <param name="network">The network.</param>
    /// <param name="path">The file; one that is there is replaced once the new one is complete.</param>
    /// <param name="options">What is written; null for the defaults.</param>
    /// <exception cref="NotSupportedException">
    /// A layer has a custom cell, or batch normalisation in the recurrence with <see cref="OnnxExportOptions.States"/>: the
    /// message names the layer and the option.
    /// </exception>
    /// <exception cref="ArgumentException">
    /// <see cref="OnnxExportOptions.InputName"/> or <see cref="OnnxExportOptions.OutputName"/> is empty, or is another name of
    /// the file.
    /// </exception>
    public static void Export<T>(Network<T> network, string path, OnnxExportOptions? options = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        MemoryStream memory = new();
        Export(network, memory, options);
        string temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (FileStream stream = File.Create(temporary))
            {
                memory.WriteTo(stream);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <inheritdoc cref="Export{T}(Network{T}, string, OnnxExportOptions?)"/>
    /// <param name="network">The network.</param>
    /// <param name="stream">Where to; stays open.</param>
    /// <param name="options">What is written; null for the defaults.</param>
    public static void Export<T>(Network<T> network, Stream stream, OnnxExportOptions? options = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(stream);
        options ??= new();
        if (string.IsNullOrEmpty(options.InputName) || string.IsNullOrEmpty(options.OutputName))
        {
            throw new ArgumentException("InputName and OutputName have to be names; one of them is empty.", nameof(options));
        }

        NetworkExport.Write(network, options).WriteTo(stream);
    }
}
