using System.Numerics;
using System.Security.Cryptography;
using System.Text.Json;
using Lstm.Kernels;
using Lstm.Layers;
using Lstm.Simd;

namespace Lstm.Formats;

/// <summary>A whole network as a safetensors file: the parameters by name in PyTorch's layout, the rest in the metadata.</summary>
/// <remarks>
/// Metadata: <c>format</c> is <c>lstm</c>; <c>version</c>; <c>spec</c>, see <see cref="SpecJson"/>; <c>frozen</c>, the names of the
/// frozen parameters as a JSON array, if there are any; <c>user.*</c>, the network's own metadata; <c>sha256</c>, see
/// <see cref="SafetensorsHash"/>. Reading is written with plain loops: each use of LINQ is several more methods to compile
/// before a process has its first result.
/// </remarks>
internal static class ModelFile
{
    /// <summary>What the metadata of a training in progress says, which is no model.</summary>
    public const string CheckpointFormat = "lstm-checkpoint";

    private const string Format = "lstm";
    private const string Version = "1";
    private const string UserPrefix = "user.";

    public static void Write<T>(Network<T> network, Stream stream)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        SafetensorsWriter writer = new();
        writer.Metadata["format"] = Format;
        writer.Metadata["version"] = Version;
        writer.Metadata["spec"] = SpecJson.Write(network.InputSize, network.Specs);
        if (network.Parameters.Any(IsFrozen))
        {
            writer.Metadata["frozen"] = WriteFrozen(network.Parameters);
        }

        foreach ((string key, string value) in network.Metadata)
        {
            writer.Metadata[UserPrefix + key] = value;
        }

        foreach (Parameter parameter in network.Parameters)
        {
            writer.Add<T>(parameter.Name, parameter.Shape, () =>
            {
                T[] values = new T[parameter.Count];
                parameter.Unpack<T>(network.Flat, values);
                return values;
            });
        }

        writer.Seal();
        writer.WriteTo(stream);
    }

    /// <exception cref="InvalidDataException">The file is broken, or no model of this precision.</exception>
    public static Network<T> Read<T>(Stream stream, LoadOptions options)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (options.Cells is null || options.Cells.Contains(null!))
        {
            throw new ArgumentException("LoadOptions.Cells is null or has a null in it.", nameof(options));
        }

        SafetensorsReader file = new(stream);
        string? format = file.Metadata.GetValueOrDefault("format");
        if (format == CheckpointFormat)
        {
            throw new InvalidDataException(
                "The file is a checkpoint: Trainer.LoadCheckpoint reads it, or, the network alone, LoadStateDict with the prefix 'network.'.");
        }

        if (format != Format)
        {
            throw new InvalidDataException(
                "The file is no model saved by this library: its metadata has no format 'lstm'. The tensors of other programs are read by LoadStateDict.");
        }

        string version = Text(file, "version");
        if (version != Version)
        {
            throw new InvalidDataException($"The model file is of version '{version}'; this library reads version {Version}.");
        }

        (int inputSize, LayerSpec[] specs) = SpecJson.Read(Text(file, "spec"));
        SpecJson.Resolve(specs, options.Cells);
        StateDictOptions matching = new() { AllowPrecisionChange = options.AllowPrecisionChange };
        TensorMatch.Find<T>(Declare<T>(inputSize, specs, file), file, matching);
        Network<T> network = new(inputSize, specs, SimdDispatch.Best);
        ReadParameters(file, network);
        foreach (string name in ReadFrozen(file, network.Parameters))
        {
            network.SetTrainable(name, false);
        }

        foreach ((string key, string value) in file.Metadata)
        {
            if (key.StartsWith(UserPrefix, StringComparison.Ordinal))
            {
                network.Metadata[key[UserPrefix.Length..]] = value;
            }
        }

        network.Touch();
        return network;
    }

    /// <summary>Overwrites all parameters, or throws and changes nothing.</summary>
    /// <exception cref="InvalidDataException">The file is broken or does not fit.</exception>
    public static void ReadStateDict<T>(Network<T> network, Stream stream, StateDictOptions options)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        SafetensorsReader file = new(stream);
        SafetensorsTensor[] tensors = TensorMatch.Find<T>(network.Parameters, file, options);
        T[] flat = new T[network.Flat.Length];
        for (int i = 0; i < tensors.Length; i++)
        {
            T[] values = new T[network.Parameters[i].Count];
            file.Read<T>(tensors[i], values);
            network.Parameters[i].Pack<T>(values, flat);
        }

        flat.CopyTo(network.Flat);
        network.Touch();
    }

    private static string Text(SafetensorsReader file, string key)
        => file.Metadata.GetValueOrDefault(key) ?? throw new InvalidDataException($"The model file lacks the metadata '{key}'.");

    /// <summary>The parameters that the layers will have, before memory of sizes that a broken file claims is asked for.</summary>
    private static IReadOnlyList<Parameter> Declare<T>(int inputSize, LayerSpec[] specs, SafetensorsReader file)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Int128 values = 0;
        foreach (SafetensorsTensor tensor in file.Tensors)
        {
            values += tensor.Count;
        }

        if (SpecJson.LeastValues(specs) > values)
        {
            throw new InvalidDataException("The model's description has larger layers than the file has values for.");
        }

        try
        {
            ParameterLayout layout = new(PanelLayout.LineOf<T>());
            _ = new LayerStack<T>(inputSize, specs, layout);
            return layout.All;
        }
        catch (Exception e) when (e is ArgumentException or OverflowException)
        {
            throw new InvalidDataException($"The model's description makes no network: {e.Message}", e);
        }
    }

    private static void ReadParameters<T>(SafetensorsReader file, Network<T> network)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using IncrementalHash hash = SafetensorsHash.Begin(file.Metadata);
        foreach (SafetensorsTensor tensor in SafetensorsHash.Order(file.Tensors))
        {
            Parameter parameter = network.Layout.Find(tensor.Name);
            T[] values = new T[parameter.Count];
            hash.Append(tensor);
            file.Read<T>(tensor, values, hash);
            parameter.Pack<T>(values, network.Flat);
        }

        if (hash.End() != Text(file, SafetensorsHash.Key))
        {
            throw new InvalidDataException("The model file is damaged: its contents do not have the hash that it was saved with.");
        }
    }

    // What can never be trained need not be told.
    private static bool IsFrozen(Parameter parameter) => !parameter.Trainable && !parameter.IsStatistic;

    internal static string WriteFrozen(IReadOnlyList<Parameter> parameters)
    {
        using MemoryStream buffer = new();
        using (Utf8JsonWriter json = new(buffer))
        {
            json.WriteStartArray();
            foreach (Parameter parameter in parameters.Where(IsFrozen))
            {
                json.WriteStringValue(parameter.Name);
            }

            json.WriteEndArray();
        }

        return System.Text.Encoding.UTF8.GetString(buffer.ToArray());
    }

    /// <summary>The names of the frozen parameters.</summary>
    /// <exception cref="InvalidDataException">The list is broken, or names none of the parameters.</exception>
    internal static HashSet<string> ReadFrozen(SafetensorsReader file, IReadOnlyList<Parameter> parameters)
    {
        if (!file.Metadata.TryGetValue("frozen", out string? list))
        {
            return [];
        }

        try
        {
            using JsonDocument names = JsonDocument.Parse(list);
            string?[] frozen = [.. names.RootElement.EnumerateArray().Select(name => name.GetString())];
            int unknown = Array.FindIndex(frozen, name => !parameters.Any(parameter => parameter.Name == name));
            return unknown >= 0
                ? throw new InvalidDataException($"The file's list of frozen parameters names '{frozen[unknown]}', which is none.")
                : [.. frozen.Select(name => name!)];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"The file's list of frozen parameters is broken: {e.Message}", e);
        }
    }
}
