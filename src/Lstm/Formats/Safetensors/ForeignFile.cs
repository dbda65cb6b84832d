using System.Buffers.Binary;

namespace Lstm.Formats.Safetensors;

/// <summary>
/// Recognises the files of other programs by their bytes, to read them, or to say what they are and how to get at their tensors.
/// </summary>
internal static class ForeignFile
{
    /// <summary>The number of bytes that are read at a file's beginning, and at an archive's end.</summary>
    public const int PeekLength = 4096;

    private const int TarPlace = 257, TfLitePlace = 4;

    private static readonly (byte[] Magic, ForeignFormat Format)[] Magics =
    [
        ([0x89, .. "HDF\r\n\x1A\n"u8], Other("an HDF5 file (.h5), such as Keras writes", ForeignAdvice.Keras)),
        ([0x93, .. "NUMPY"u8], new(FileKind.Npy, "a NumPy array (.npy)", ForeignAdvice.Arrays)),
        ([.. "GGUF"u8], Other("a GGUF file", ForeignAdvice.Gguf)),
        ([0x1F, 0x8B, 0x08], Other("compressed with gzip", "Decompress it first.")),
        ([.. "LSTMSTAT"u8], Other("the bytes of a network state", "NetworkState.FromBytes reads it.")),
        ([.. "version https://git-lfs"u8], Other("a Git LFS pointer, not the file itself", "Fetch the file with git lfs pull.")),
    ];

    // Of an archive: an entry's name, or a part of it. A program of TorchScript has a pickle too.
    private static readonly (byte[] Name, ForeignFormat Format)[] Entries =
    [
        ([.. "constants.pkl"u8], Other("a TorchScript program (.pt, a zip archive)", ForeignAdvice.TorchScript)),
        ([.. "data.pkl"u8], new(FileKind.TorchArchive, "a PyTorch file (.pt or .pth, a zip archive)", ForeignAdvice.PyTorch)),
        ([.. "model.weights.h5"u8], Other("a Keras model (.keras, a zip archive)", ForeignAdvice.Keras)),
        ([.. "saved_model.pb"u8], Other("a TensorFlow SavedModel in a zip archive", ForeignAdvice.SavedModel)),
        ([.. "com.apple.CoreML"u8], Other("a CoreML package in a zip archive", ForeignAdvice.CoreMl)),
        ([.. ".npy"u8], new(FileKind.Npz, "a NumPy archive (.npz)", ForeignAdvice.Arrays)),
    ];

    /// <summary>What a file is; null for an unknown format, and for safetensors.</summary>
    /// <param name="start">The first bytes, up to <see cref="PeekLength"/>.</param>
    /// <param name="end">The last bytes, up to <see cref="PeekLength"/>: an archive lists its entries there.</param>
    public static ForeignFormat? Recognise(ReadOnlySpan<byte> start, ReadOnlySpan<byte> end)
    {
        if (start.IsEmpty)
        {
            return Other("empty (0 bytes)", "It was not written, or not to its end.");
        }

        foreach ((byte[] magic, ForeignFormat format) in Magics)
        {
            if (start.StartsWith(magic))
            {
                return format;
            }
        }

        return start.StartsWith("PK\x03\x04"u8) || start.StartsWith("PK\x05\x06"u8) ? Archive(start, end)
            : IsPickle(start)
                ? new(
                    FileKind.Pickle, "a Python pickle, such as older versions of PyTorch write (.pt or .pth)",
                    ForeignAdvice.PyTorch)
            : start.Length > TfLitePlace && start[TfLitePlace..].StartsWith("TFL3"u8)
                ? Other("a TensorFlow Lite model (.tflite)", ForeignAdvice.TfLite)
            : Protobuf(start) is { } model ? model
            : start.Length > TarPlace && start[TarPlace..].StartsWith("ustar"u8)
                ? Other("a tar archive", "Extract its files first.")
            : IsText(start) ? Text(start, end)
            : null;
    }

    /// <summary>
    /// Whether the first bytes are those of a safetensors file, whole or cut off: the header's length, then its opening brace.
    /// </summary>
    public static bool IsSafetensors(ReadOnlySpan<byte> start)
        => start.Length > SafetensorsHeader.Prefix && start[SafetensorsHeader.Prefix] == '{'
            && BinaryPrimitives.ReadUInt64LittleEndian(start) <= SafetensorsHeader.MaxLength;

    /// <summary>What a folder is that stands in a file's place; null for an unknown one.</summary>
    public static ForeignFormat? RecogniseFolder(string path)
        => File.Exists(Path.Combine(path, "saved_model.pb"))
                ? Other("a TensorFlow SavedModel (a folder)", ForeignAdvice.SavedModel)
            : File.Exists(Path.Combine(path, "Manifest.json"))
                && Path.TrimEndingDirectorySeparator(path).EndsWith(".mlpackage", StringComparison.Ordinal)
                ? Other("a CoreML package (a folder)", ForeignAdvice.CoreMl)
            : null;

    private static ForeignFormat Other(string what, string advice) => new(FileKind.Other, what, advice);

    private static ForeignFormat Archive(ReadOnlySpan<byte> start, ReadOnlySpan<byte> end)
    {
        foreach ((byte[] name, ForeignFormat format) in Entries)
        {
            if (Has(start, end, name))
            {
                return format;
            }
        }

        return Other("a zip archive", "If a safetensors file is in it, extract that.");
    }

    // PROTO with a version of 2 to 5, as all of Python 3 write.
    private static bool IsPickle(ReadOnlySpan<byte> start) => start.Length > 1 && start[0] == 0x80 && start[1] is >= 2 and <= 5;

    /// <summary>
    /// A message whose field 1 is the version of its format: ONNX's ModelProto with its producer, its domain, its graph or its
    /// operator sets next; CoreML's Model with its description; TensorFlow's SavedModel with its graphs.
    /// </summary>
    private static ForeignFormat? Protobuf(ReadOnlySpan<byte> start)
    {
        const byte Version = 0x08, Second = 0x12;
        if (start.Length < 5 || start[0] != Version || start[1] is 0 or >= 0x80)
        {
            return null;
        }

        // ONNX's second field is a short text; that of the others is a message, whose first byte is no character.
        bool isMessage = start[2] == Second && (start[3] >= 0x80 || (start[3] > 0 && start[4] < ' '));
        return isMessage && start[1] == 1 && (start.IndexOf("serve"u8) >= 0 || start.IndexOf("tensorflow"u8) >= 0)
            ? Other("a TensorFlow SavedModel (saved_model.pb)", ForeignAdvice.SavedModel)
            : isMessage && start[1] < ' ' ? Other("a CoreML model (.mlmodel)", ForeignAdvice.CoreMl)
            : start[1] >= 2 && start[2] is Second or 0x1A or 0x22 or 0x28 or 0x32 or 0x3A or 0x42 or 0x72
                ? Other("an ONNX model (protobuf)", ForeignAdvice.Onnx)
            : null;
    }

    private static bool IsText(ReadOnlySpan<byte> start)
        => !start.ContainsAnyInRange((byte)0, (byte)8) && !start.ContainsAnyInRange((byte)14, (byte)31);

    private static ForeignFormat Text(ReadOnlySpan<byte> start, ReadOnlySpan<byte> end)
    {
        ReadOnlySpan<byte> text = (start.StartsWith("\uFEFF"u8) ? start[3..] : start).TrimStart(" \t\r\n"u8);
        return text.StartsWith("{"u8) || text.StartsWith("["u8) ? Json(start, end)
            : text.StartsWith("<"u8)
                ? Other("HTML or XML", "If it was downloaded, the server sent a page in place of the file.")
                : Other("plain text", "Give a safetensors file.");
    }

    private static ForeignFormat Json(ReadOnlySpan<byte> start, ReadOnlySpan<byte> end)
        => Has(start, end, "\"modelTopology\""u8) || Has(start, end, "\"weightsManifest\""u8)
            ? Other("JSON of TensorFlow.js (model.json)", ForeignAdvice.TensorFlowJs)
            : Has(start, end, "\"itemInfoEntries\""u8) ? Other("JSON of a CoreML package (.mlpackage)", ForeignAdvice.CoreMl)
            : new(FileKind.Json, "JSON", ForeignAdvice.Json);

    private static bool Has(ReadOnlySpan<byte> start, ReadOnlySpan<byte> end, ReadOnlySpan<byte> part)
        => start.IndexOf(part) >= 0 || end.IndexOf(part) >= 0;
}
