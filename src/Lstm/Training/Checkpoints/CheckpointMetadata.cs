using System.Globalization;
using System.Numerics;
using Lstm.Formats;
using Lstm.Formats.Safetensors;
using Lstm.Texts;

namespace Lstm.Training.Checkpoints;

/// <summary>The metadata of checkpoints: what is written once, and the checks that a file belongs to a training.</summary>
internal static class CheckpointMetadata
{
    private const string Format = ModelFile.CheckpointFormat;
    private const string Version = "1";

    public static void WriteFormat(SafetensorsWriter writer)
    {
        writer.Metadata["format"] = Format;
        writer.Metadata["version"] = Version;
    }

    /// <exception cref="InvalidDataException">The file is no checkpoint, or one of another version.</exception>
    public static void CheckFormat(SafetensorsReader file)
    {
        string? format = file.Metadata.GetValueOrDefault("format"), version = file.Metadata.GetValueOrDefault("version");
        if (format == ModelFile.Format)
        {
            throw new InvalidDataException("The file is a model, not a checkpoint. Read it with Network.Load.");
        }

        if (format != Format)
        {
            throw new InvalidDataException(
                $"The file is not a checkpoint: its metadata has the format '{Shortened.Text(format)}', not '{Format}'. "
                + "Read the tensors of other programs with LoadStateDict.");
        }

        if (version != Version)
        {
            throw new InvalidDataException(
                $"The checkpoint has version '{Shortened.Text(version)}'; this library reads version '{Version}'.");
        }
    }

    /// <summary>Describes each network: its specs, and its frozen parameters.</summary>
    public static void WriteNetworks<T>(SafetensorsWriter writer, TrainableModel<T> model)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int i = 0; i < model.Networks.Count; i++)
        {
            Network<T> network = model.Networks[i];
            writer.Metadata[Key("spec", model.Names[i])] = SpecJson.Write(network.InputSize, network.Specs);
            writer.Metadata[Key("frozen", model.Names[i])] = ModelFile.WriteFrozen(network.Parameters);
        }
    }

    /// <summary>Checks that the file's networks are those of a model.</summary>
    /// <returns>The names of the frozen parameters of each network.</returns>
    /// <exception cref="InvalidDataException">The file has other networks, or one of other inputs or layers.</exception>
    public static HashSet<string>[] ReadNetworks<T>(SafetensorsReader file, TrainableModel<T> model)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        string[] expected = [.. model.Names.Select(name => Key("spec", name))];
        if (file.Metadata.Keys.FirstOrDefault(key => IsSpec(key) && !expected.Contains(key)) is { } other)
        {
            throw new InvalidDataException(
                $"The checkpoint describes a network as '{Shortened.Text(other)}'; this training's networks are " +
                $"{Shortened.List(expected)}.");
        }

        HashSet<string>[] frozen = new HashSet<string>[model.Networks.Count];
        for (int i = 0; i < frozen.Length; i++)
        {
            CheckSpecs(file, expected[i], model.Networks[i]);
            frozen[i] = ModelFile.ReadFrozen(file, model.Networks[i].Parameters, Key("frozen", model.Names[i]));
        }

        return frozen;
    }

    private static bool IsSpec(string key) => key == "spec" || key.StartsWith("spec.", StringComparison.Ordinal);

    private static string Key(string what, string name) => name.Length == 0 ? what : $"{what}.{name}";

    private static void CheckSpecs<T>(SafetensorsReader file, string key, Network<T> network)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        (int inputSize, LayerSpec[] specs) = SpecJson.Read(Value(file, key));
        if (inputSize != network.InputSize)
        {
            throw new InvalidDataException(
                $"The checkpoint's network has {inputSize} inputs; this network has {network.InputSize}.");
        }

        if (specs.Length != network.Specs.Count)
        {
            throw new InvalidDataException(
                $"The checkpoint's network has {specs.Length} layer specs; this network has {network.Specs.Count}.");
        }

        for (int i = 0; i < specs.Length; i++)
        {
            if (specs[i] != network.Specs[i])
            {
                throw new InvalidDataException(
                    $"Layer {i} of the checkpoint's network differs from that of this network: " +
                    $"{SpecJson.Difference(specs[i], network.Specs[i])}.");
            }
        }
    }

    /// <summary>Compares settings by name, such as an optimizer's, with those under a prefix.</summary>
    /// <exception cref="InvalidDataException">The file has another value, lacks a setting, or has one more.</exception>
    public static void CheckSettings(
        SafetensorsReader file, string what, string prefix, IEnumerable<(string Name, string Value)> settings)
    {
        HashSet<string> known = [];
        foreach ((string name, string value) in settings)
        {
            known.Add(prefix + name);
            string found = Value(file, prefix + name);
            if (found != value)
            {
                throw new InvalidDataException(
                    $"The checkpoint's {what} has {name} {Shortened.Text(found)}; this {what} has {name} {value}.");
            }
        }

        if (file.Metadata.Keys.FirstOrDefault(
            key => key.StartsWith(prefix, StringComparison.Ordinal) && !known.Contains(key)) is { } other)
        {
            string has = known.Count == 0 ? $"this training has no {what}" : $"this training's {what} has no such setting";
            throw new InvalidDataException(
                $"The checkpoint's {what} has {Shortened.Text(other[prefix.Length..])} " +
                $"{Shortened.Text(file.Metadata[other])}; {has}.");
        }
    }

    /// <exception cref="InvalidDataException">The file lacks the number, or it is out of range.</exception>
    public static long Number(SafetensorsReader file, string key, long most)
        => long.TryParse(Value(file, key), NumberStyles.None, CultureInfo.InvariantCulture, out long number) && number <= most
            ? number
            : throw new InvalidDataException(
                $"The checkpoint's '{key}' is '{Shortened.Text(Value(file, key))}', not a whole number in 0 … {most}.");

    public static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Value(SafetensorsReader file, string key)
        => file.Metadata.GetValueOrDefault(key)
            ?? throw new InvalidDataException($"The checkpoint does not have the metadata '{key}'.");
}
