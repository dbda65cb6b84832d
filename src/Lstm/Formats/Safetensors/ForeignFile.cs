using System.Buffers.Binary;

namespace Lstm.Formats.Safetensors;

/// <summary>
/// Recognises the files of other programs by their bytes, to say what they are and how to get at their tensors.
/// </summary>
internal static class ForeignFile
{
    /// <summary>The number of bytes that are read at a file's beginning, and at an archive's end.</summary>
    public const int PeekLength = 4096;

    private const string ByPython =
        "Write its tensors from Python under the network's parameter names with safetensors.numpy.save_file; LoadStateDict " +
        "reads that file.";

    private const string ByPyTorch =
        "LoadStateDict reads a module's parameters from a safetensors file: write one from Python with " +
        "safetensors.torch.save_file(module.state_dict(), \"model.safetensors\").";

    private const string ByKeras =
        "Write its weights from Python under the network's parameter names with safetensors.numpy.save_file: weight_ih_l0 is " +
        "the transposed kernel, weight_hh_l0 "
        + "the transposed recurrent kernel, bias_ih_l0 the bias (the gates' order is the same); LoadStateDict reads that file.";

    private const string ByOnnx =
        "Read it with OnnxModel.Import of the package Lstm.Onnx; or write the tensors W, R and B of its LSTM nodes with "
        + "safetensors.numpy.save_file (ONNX has the gates in the order i o f c, this library i f g o); LoadStateDict reads that "
        + "file.";

    private static readonly (byte[] Magic, string What, string Advice)[] Magics =
    [
        ([0x89, .. "HDF\r\n\x1A\n"u8], "an HDF5 file (.h5), such as Keras writes", ByKeras),
        ([0x93, .. "NUMPY"u8], "a NumPy array (.npy)", ByPython),
        ([.. "GGUF"u8], "a GGUF file", ByPython),
        ([0x1F, 0x8B, 0x08], "compressed with gzip", "Decompress it first."),
        ([.. "LSTMSTAT"u8], "the bytes of a network state", "NetworkState.FromBytes reads it."),
        ([.. "version https://git-lfs"u8], "a Git LFS pointer, not the file itself", "Fetch the file with git lfs pull."),
    ];

    // Of an archive: an entry's name, or a part of it.
    private static readonly (byte[] Name, string What, string Advice)[] Entries =
    [
        ([.. "data.pkl"u8], "a PyTorch file (.pt or .pth, a zip archive)", ByPyTorch),
        ([.. "model.weights.h5"u8], "a Keras model (.keras, a zip archive)", ByKeras),
        ([.. ".npy"u8], "a NumPy archive (.npz)", ByPython),
    ];

    /// <summary>The name of a file's format, to follow "The file is", and advice; null for an unknown format.</summary>
    /// <param name="start">The first bytes, up to <see cref="PeekLength"/>.</param>
    /// <param name="end">The last bytes, up to <see cref="PeekLength"/>: an archive lists its entries there.</param>
    public static (string What, string Advice)? Recognise(ReadOnlySpan<byte> start, ReadOnlySpan<byte> end)
    {
        if (start.IsEmpty)
        {
            return ("empty (0 bytes)", "It was not written, or not to its end.");
        }

        foreach ((byte[] magic, string what, string advice) in Magics)
        {
            if (start.StartsWith(magic))
            {
                return (what, advice);
            }
        }

        return start.StartsWith("PK\x03\x04"u8) || start.StartsWith("PK\x05\x06"u8) ? Archive(start, end)
            : IsPickle(start) ? ("a Python pickle, such as older versions of PyTorch write (.pt or .pth)", ByPyTorch)
            : IsOnnx(start) ? ("an ONNX model (protobuf)", ByOnnx)
            : IsText(start) ? Text(start)
            : null;
    }

    /// <summary>
    /// Whether the first bytes are those of a safetensors file, whole or cut off: the header's length, then its opening brace.
    /// </summary>
    public static bool IsSafetensors(ReadOnlySpan<byte> start)
        => start.Length > SafetensorsHeader.Prefix && start[SafetensorsHeader.Prefix] == '{'
            && BinaryPrimitives.ReadUInt64LittleEndian(start) <= SafetensorsHeader.MaxLength;

    private static (string What, string Advice) Archive(ReadOnlySpan<byte> start, ReadOnlySpan<byte> end)
    {
        foreach ((byte[] name, string what, string advice) in Entries)
        {
            if (start.IndexOf(name) >= 0 || end.IndexOf(name) >= 0)
            {
                return (what, advice);
            }
        }

        return ("a zip archive", "If a safetensors file is in it, extract that.");
    }

    // PROTO with a version of 2 to 5, as all of Python 3 write.
    private static bool IsPickle(ReadOnlySpan<byte> start) => start.Length > 1 && start[0] == 0x80 && start[1] is >= 2 and <= 5;

    /// <summary>
    /// A ModelProto: field 1, the version of the format, then the producer, the domain, the graph or the operator sets.
    /// </summary>
    private static bool IsOnnx(ReadOnlySpan<byte> start)
        => start.Length > 2 && start[0] == 0x08 && start[1] is >= 2 and < 0x80 && start[2] is 0x12 or 0x1A or 0x22 or 0x28
            or 0x32 or 0x3A or 0x42 or 0x72;

    private static bool IsText(ReadOnlySpan<byte> start)
        => !start.ContainsAnyInRange((byte)0, (byte)8) && !start.ContainsAnyInRange((byte)14, (byte)31);

    private static (string What, string Advice) Text(ReadOnlySpan<byte> start)
    {
        ReadOnlySpan<byte> text = (start.StartsWith("\uFEFF"u8) ? start[3..] : start).TrimStart(" \t\r\n"u8);
        return text.StartsWith("{"u8) || text.StartsWith("["u8)
            ? ("JSON", "A description or an index has no tensors: give the safetensors file that belongs to it.")
            : text.StartsWith("<"u8)
                ? ("HTML or XML", "If it was downloaded, the server sent a page in place of the file.")
                : ("plain text", "Give a safetensors file.");
    }
}
