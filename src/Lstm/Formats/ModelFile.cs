using System.Numerics;
using System.Text.Json;
using Lstm.Formats.Safetensors;
using Lstm.Formats.StateDicts;
using Lstm.Kernels.Products;
using Lstm.Layers.Stack;
using Lstm.Parameters;
using Lstm.Texts;

namespace Lstm.Formats;

/// <summary>
/// A whole network as a safetensors file: the parameters by name in PyTorch's layout, the rest in the metadata.
/// </summary>
/// <remarks>
/// Metadata: <c>format</c> is <c>lstm</c>; <c>version</c>; <c>spec</c>, see <see cref="SpecJson"/>; <c>frozen</c>, the names of
/// the frozen parameters as a JSON array, if there are any; <c>user.*</c>, the network's own metadata; <c>sha256</c>, see
/// <see cref="SafetensorsHash"/>. Reading is written with plain loops: each use of LINQ is several more methods to compile before
/// a process has its first result.
/// </remarks>
internal static class ModelFile
{
    /// <summary>The value of <c>format</c> in the metadata of a checkpoint.</summary>
    public const string CheckpointFormat = "lstm-checkpoint";

    /// <summary>The value of <c>format</c> in the metadata of a model.</summary>
    public const string Format = "lstm";

    private const string Version = "1";
    private const string UserPrefix = "user.";

    /// <summary>Writes a model at the position of a stream.</summary>
    /// <param name="inputSize">The network's input size.</param>
    /// <param name="specs">The network's layers.</param>
    /// <param name="parameters">The network's parameters.</param>
    /// <param name="metadata">The network's own metadata.</param>
    /// <param name="stream">Stays open.</param>
    public static void Write<T>(
        int inputSize, IReadOnlyList<LayerSpec> specs, ParameterSet<T> parameters, IDictionary<string, string> metadata,
        Stream stream)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        IReadOnlyList<Parameter> all = parameters.Layout.All;
        SafetensorsWriter writer = new();
        writer.Metadata["format"] = Format;
        writer.Metadata["version"] = Version;
        writer.Metadata["spec"] = SpecJson.Write(inputSize, specs);
        if (all.Any(IsFrozen))
        {
            writer.Metadata["frozen"] = WriteFrozen(all);
        }

        foreach ((string key, string value) in metadata)
        {
            writer.Metadata[UserPrefix + key] = value;
        }

        // The tensors are asked for twice, for the hash and for the file: a step in between must not change them.
        T[] flat = parameters.Copy();
        foreach (Parameter parameter in all)
        {
            writer.Add<T>(parameter.Name, parameter.Shape, () =>
            {
                T[] values = new T[parameter.Count];
                parameter.Unpack<T>(flat, values);
                return values;
            });
        }

        writer.Seal();
        writer.WriteTo(stream);
    }

    /// <summary>Whether a file is one of this library, whole or damaged, by its metadata.</summary>
    public static bool IsOurs(SafetensorsReader file)
        => file.HasHash || file.Metadata.GetValueOrDefault("format") is Format or CheckpointFormat
            || (file.Metadata.ContainsKey("version") && file.Metadata.ContainsKey("spec"));

    /// <summary>Reads a model's description and compares it with the file's tensors, which are not read yet.</summary>
    /// <exception cref="InvalidDataException">The file is broken, or no model of this precision.</exception>
    public static OpenModel<T> Open<T>(SafetensorsReader file, LoadOptions options)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (options.Cells is null || options.Cells.Contains(null!))
        {
            throw new ArgumentException("LoadOptions.Cells is null or has a null in it.", nameof(options));
        }

        string? format = file.Metadata.GetValueOrDefault("format");
        if (format == CheckpointFormat)
        {
            throw new InvalidDataException(
                "The file is a checkpoint. Read it with Trainer.LoadCheckpoint, or its network alone with LoadStateDict and " +
                "the prefix 'network.'.");
        }

        if (format != Format)
        {
            throw new InvalidDataException(
                "The file is not a model saved by this library: its metadata has no format 'lstm'. Read tensors of other " +
                "programs with LoadStateDict.");
        }

        string version = Text(file, "version");
        if (version != Version)
        {
            throw new InvalidDataException(
                $"The model file is of version '{Shortened.Text(version)}'; this library reads version {Version}.");
        }

        file.CheckHash();
        (int inputSize, LayerSpec[] specs) = SpecJson.Read(Text(file, "spec"));
        SpecJson.Resolve(specs, options.Cells);
        Declare<T>(inputSize, specs, file, options.AllowPrecisionChange);
        return new OpenModel<T>(file, inputSize, specs);
    }

    /// <summary>Copies what an open model holds: parameters, which of them are frozen, and the network's own metadata.</summary>
    /// <exception cref="InvalidDataException">The file is broken.</exception>
    public static void Copy<T>(OpenModel<T> model, ParameterSet<T> parameters, IDictionary<string, string> metadata)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        foreach (Parameter parameter in parameters.Layout.All)
        {
            T[] values = new T[parameter.Count];
            model.File.Read<T>(model.File.Find(parameter.Name)!, values);
            parameter.Pack<T>(values, parameters.Flat);
        }

        foreach (string name in ReadFrozen(model.File, parameters.Layout.All))
        {
            parameters.SetTrainable(name, false);
        }

        foreach ((string key, string value) in model.File.Metadata)
        {
            if (key.StartsWith(UserPrefix, StringComparison.Ordinal))
            {
                metadata[key[UserPrefix.Length..]] = value;
            }
        }

        parameters.Touch();
    }

    /// <summary>Overwrites all parameters, or throws and changes nothing.</summary>
    /// <exception cref="InvalidDataException">The file is broken or does not fit.</exception>
    public static void ReadStateDict<T>(ParameterSet<T> parameters, Stream stream, StateDictOptions options)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using TensorFile file = TensorFile.Open(stream);
        if (file.Safetensors is { } safetensors)
        {
            if (IsOurs(safetensors))
            {
                safetensors.CheckHash();
            }
        }
        else if (options.Prefix.Length == 0 && StateDictContainer.Find(file) is { Length: > 0 } container)
        {
            // A checkpoint with the state_dict among other things.
            options = options with { Prefix = container + "." };
        }

        StateDictTensor[] tensors = StateDictMatch.Find<T>(parameters.Layout.All, file, options);
        T[][] values = [.. tensors.Select(tensor => tensor.Read<T>(file))];
        lock (parameters.Lock)
        {
            for (int i = 0; i < tensors.Length; i++)
            {
                parameters.Layout.All[i].Pack<T>(values[i], parameters.Flat);
            }

            parameters.Touch();
        }
    }

    private static string Text(SafetensorsReader file, string key)
        => file.Metadata.GetValueOrDefault(key) ?? throw new InvalidDataException($"The model file lacks the metadata '{key}'.");

    /// <summary>
    /// Compares the tensors that a description asks for with those that the file has, one by one as the layers declare them: no
    /// layer is made whose tensors are not there, so that a description cannot ask for more than the file pays for.
    /// </summary>
    /// <exception cref="InvalidDataException">The description makes no network, or one of other tensors.</exception>
    private static void Declare<T>(int inputSize, LayerSpec[] specs, SafetensorsReader file, bool allowPrecisionChange)
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

        HashSet<string> declared = [];
        try
        {
            _ = new LayerStack<T>(inputSize, specs, new ParameterLayout(PanelLayout.LineOf<T>(), Check));
        }
        catch (Exception e) when (e is ArgumentException or OverflowException)
        {
            throw new InvalidDataException($"The model's description makes no network: {e.Message}", e);
        }

        foreach (SafetensorsTensor tensor in file.Tensors)
        {
            if (!declared.Contains(tensor.Name))
            {
                throw new InvalidDataException($"The model file has the tensor {tensor}; its description has no such parameter.");
            }
        }

        void Check(Parameter parameter)
        {
            SafetensorsTensor tensor = file.Find(parameter.Name) ?? throw new InvalidDataException(
                $"The model file has no tensor {TensorFit.Text(parameter)}, which its description asks for.");
            if (TensorFit.WhyNot<T>(tensor, parameter, allowPrecisionChange) is { } problem)
            {
                throw new InvalidDataException($"The model file's tensor {problem}.");
            }

            declared.Add(parameter.Name);
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
    internal static HashSet<string> ReadFrozen(SafetensorsReader file, IReadOnlyList<Parameter> parameters, string key = "frozen")
    {
        if (!file.Metadata.TryGetValue(key, out string? list))
        {
            return [];
        }

        HashSet<string> known = [.. parameters.Select(parameter => parameter.Name)], frozen = [];
        try
        {
            using JsonDocument names = JsonDocument.Parse(list, new JsonDocumentOptions { MaxDepth = 2 });
            foreach (JsonElement element in names.RootElement.EnumerateArray())
            {
                string? name = element.GetString();
                frozen.Add(name is not null && known.Contains(name)
                    ? name
                    : throw new InvalidDataException(
                        $"The file's list of frozen parameters names '{Shortened.Text(name)}', which is no parameter of the " +
                        $"network."));
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"The file's list of frozen parameters is broken: {Shortened.Text(e.Message)}", e);
        }

        return frozen;
    }
}
