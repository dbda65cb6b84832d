using System.IO.Compression;
using System.Text.Json;

namespace Lstm.Tool;

/// <summary>The package that reads a file.</summary>
internal enum FileKind
{
    /// <summary>The core reads it: safetensors, PyTorch, NumPy and the JSON of audio plug-ins and word segmenters.</summary>
    Core,

    /// <summary>Lstm.Onnx reads it.</summary>
    Onnx,

    /// <summary>Lstm.Keras reads it: HDF5, .keras, and the JSON of Keras and TensorFlow.js.</summary>
    Keras,
}

/// <summary>Finds the package that reads a file.</summary>
internal static class FileKinds
{
    private static readonly byte[] Hdf5 = [0x89, .. "HDF\r\n\x1A\n"u8];

    /// <summary>
    /// Looks at a file's first bytes, and at the entries of an archive. Files that no package reads are left to the core to name.
    /// </summary>
    public static FileKind Of(string path)
    {
        if (Directory.Exists(path))
        {
            throw new InvalidDataException(
                File.Exists(Path.Combine(path, "saved_model.pb"))
                    ? $"'{path}' is a TensorFlow SavedModel. Load it in Python with keras and save it as .keras, or convert it "
                        + "with tf2onnx to .onnx."
                    : $"'{path}' is a folder. Give a file of it.");
        }

        using FileStream stream = File.OpenRead(path);
        Span<byte> start = stackalloc byte[16];
        start = start[..stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
        stream.Position = 0;
        return start.StartsWith(Hdf5) ? FileKind.Keras
            : start.StartsWith("PK"u8) ? (IsKerasArchive(stream) ? FileKind.Keras : FileKind.Core)
            : IsOnnx(start, path) ? FileKind.Onnx
            : start.TrimStart(" \t\r\n\uFEFF"u8).StartsWith("{"u8) && IsKerasJson(stream) ? FileKind.Keras
            : FileKind.Core;
    }

    // A ModelProto begins with its IR version. Such a byte is also the length of a small safetensors header, whose
    // ninth byte is a brace.
    private static bool IsOnnx(ReadOnlySpan<byte> start, string path)
        => start.Length > 8 && start[0] == 0x08 && start[8] != '{'
            || Path.GetExtension(path).Equals(".onnx", StringComparison.OrdinalIgnoreCase);

    private static bool IsKerasArchive(Stream stream)
    {
        try
        {
            using ZipArchive archive = new(stream, ZipArchiveMode.Read, leaveOpen: true);
            return archive.GetEntry("model.weights.h5") is not null;
        }
        catch (InvalidDataException)
        {
            // The reader of archives says what is broken.
            return false;
        }
    }

    private static bool IsKerasJson(Stream stream)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(stream);
            JsonElement root = document.RootElement;
            return root.TryGetProperty("modelTopology", out _) || root.TryGetProperty("weightsManifest", out _)
                || (root.TryGetProperty("class_name", out _) && root.TryGetProperty("config", out _));
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
