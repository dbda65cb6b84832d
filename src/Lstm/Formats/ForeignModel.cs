using System.Numerics;
using System.Text.Json;
using Lstm.Formats.Foreign.Json;
using Lstm.Formats.Foreign.Modules;
using Lstm.Formats.Safetensors;

namespace Lstm.Formats;

/// <summary>Reads the models of other programs whose formats this assembly knows; others are refused by name.</summary>
internal static class ForeignModel
{
    /// <summary>Refuses a folder of another program that stands in a file's place.</summary>
    /// <exception cref="InvalidDataException">It is one: the message says which and what to do.</exception>
    public static void ThrowIfFolder(string path)
    {
        if (Directory.Exists(path) && ForeignFile.RecogniseFolder(path) is { } folder)
        {
            throw new InvalidDataException($"'{path}' is {folder.What}, which is not read here. {folder.Advice}");
        }
    }

    /// <summary>Makes a draft of a file.</summary>
    /// <param name="stream">The file, from the stream's position to its end; it can seek, and stays open.</param>
    /// <param name="start">What it is.</param>
    /// <param name="options">How it is read.</param>
    /// <param name="format">The format, as the report names it.</param>
    /// <exception cref="InvalidDataException">
    /// The file is broken, refused, or not read here: the message says what reads it.
    /// </exception>
    public static NetworkDraft<T> Read<T>(Stream stream, FileStart start, ImportOptions options, out string format)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (options.Parts is null || options.Parts.Contains(null!) || options.Layers is null || options.Layers.Contains(null!))
        {
            throw new ArgumentException(
                "ImportOptions.Parts or ImportOptions.Layers is null or has a null in it.", nameof(options));
        }

        if (start.Kind == FileKind.Json)
        {
            return ReadJson<T>(stream, start, options, out format);
        }

        if (!start.IsSafetensors && !start.HoldsTensors && start.Format is { } other)
        {
            throw new InvalidDataException($"The file is {other.What}, which is not read here. {other.Advice}");
        }

        using TensorFile file = TensorFile.Open(stream);
        return StateDictModel.Read<T>(file, options, out format);
    }

    private static NetworkDraft<T> ReadJson<T>(Stream stream, FileStart start, ImportOptions options, out string format)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using JsonDocument json = JsonModels.Parse(stream);
        return JsonModels.Read<T>(json.RootElement, options, out format) ?? throw new InvalidDataException(
            $"The file is JSON, but of no model that is known. {start.Format?.Advice}");
    }
}
