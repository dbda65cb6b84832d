using System.Numerics;
using Lstm.Formats;
using Lstm.Formats.Safetensors;
using Lstm.Layers;
using Lstm.Parameters;
using Lstm.Simd;

namespace Lstm;

/// <summary>Makes networks.</summary>
public static class Network
{
    /// <summary>Makes a network with starting values drawn from seed 0.</summary>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <param name="inputSize">Values per step; the number of ids when the first layer is an <see cref="EmbeddingSpec"/>.</param>
    /// <param name="layers">The layers from input to output.</param>
    /// <exception cref="ArgumentException">
    /// There are no layers, one does not fit, or one has an option that has no effect.
    /// </exception>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is neither float nor double.</exception>
    public static Network<T> Create<T>(int inputSize, params ReadOnlySpan<LayerSpec> layers)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => Create<T>(inputSize, 0, layers);

    /// <summary>Makes a network; the same seed gives the same starting values on every machine.</summary>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <param name="inputSize">Values per step; the number of ids when the first layer is an <see cref="EmbeddingSpec"/>.</param>
    /// <param name="seed">Seed of the starting values.</param>
    /// <param name="layers">The layers from input to output.</param>
    /// <exception cref="ArgumentException">
    /// There are no layers, one does not fit, or one has an option that has no effect.
    /// </exception>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is neither float nor double.</exception>
    public static Network<T> Create<T>(int inputSize, long seed, params ReadOnlySpan<LayerSpec> layers)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Network<T> network = new(inputSize, layers, SimdDispatch.Best);
        if (network.OptionsWithoutEffect is [string missing, ..])
        {
            throw new ArgumentException(missing, nameof(layers));
        }

        network.Initialize(seed);
        return network;
    }

    /// <inheritdoc cref="Create{T}(int, ReadOnlySpan{LayerSpec})"/>
    public static Network<T> Create<T>(int inputSize, IEnumerable<LayerSpec> layers)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => Create<T>(inputSize, 0, layers);

    /// <inheritdoc cref="Create{T}(int, long, ReadOnlySpan{LayerSpec})"/>
    public static Network<T> Create<T>(int inputSize, long seed, IEnumerable<LayerSpec> layers)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(layers);
        return Create<T>(inputSize, seed, [.. layers]);
    }

    /// <summary>Makes a network of <see cref="float"/> with starting values drawn from seed 0.</summary>
    /// <inheritdoc cref="Create{T}(int, ReadOnlySpan{LayerSpec})"/>
    public static Network<float> Create(int inputSize, params ReadOnlySpan<LayerSpec> layers)
        => Create<float>(inputSize, 0, layers);

    /// <summary>Makes a network of <see cref="float"/>; the same seed gives the same starting values on every machine.</summary>
    /// <inheritdoc cref="Create{T}(int, long, ReadOnlySpan{LayerSpec})"/>
    public static Network<float> Create(int inputSize, long seed, params ReadOnlySpan<LayerSpec> layers)
        => Create<float>(inputSize, seed, layers);

    /// <summary>Makes a network of <see cref="float"/> with starting values drawn from seed 0.</summary>
    /// <inheritdoc cref="Create{T}(int, ReadOnlySpan{LayerSpec})"/>
    public static Network<float> Create(int inputSize, IEnumerable<LayerSpec> layers) => Create<float>(inputSize, 0, layers);

    /// <summary>Makes a network of <see cref="float"/>; the same seed gives the same starting values on every machine.</summary>
    /// <inheritdoc cref="Create{T}(int, long, ReadOnlySpan{LayerSpec})"/>
    public static Network<float> Create(int inputSize, long seed, IEnumerable<LayerSpec> layers)
        => Create<float>(inputSize, seed, layers);

    /// <summary>
    /// Loads a network that was saved with <see cref="Network{T}.Save(string)"/>: the same parameters, bit for bit. Models of
    /// other programs in safetensors, PyTorch, NumPy and JSON files are read as <see cref="ModelImport"/> reads them.
    /// </summary>
    /// <remarks>
    /// <see cref="ModelImport.Load{T}(string, ImportOptions?)"/> also returns a report of what was done with another program's
    /// file, and takes options. Prefer it for a state_dict of several modules, which does not say the activations, pooling or
    /// residuals between them: the network has none there, and only the report says so.
    /// </remarks>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>, as the file has.</typeparam>
    /// <param name="path">The file.</param>
    /// <param name="options">How the file is read; null for the defaults.</param>
    /// <exception cref="InvalidDataException">
    /// The file is broken, is no model (the message says what it is and what reads it), has another precision, or has a custom
    /// cell that is not among <see cref="LoadOptions.Cells"/>.
    /// </exception>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is neither float nor double.</exception>
    public static Network<T> Load<T>(string path, LoadOptions? options = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ForeignModel.ThrowIfFolder(path);
        using FileStream stream = File.OpenRead(path);
        return Load<T>(stream, options);
    }

    /// <inheritdoc cref="Load{T}(string, LoadOptions?)"/>
    /// <param name="stream">
    /// The file, from the stream's position to its end. The stream stays open; one that cannot seek is read into memory.
    /// </param>
    /// <param name="options">How the file is read; null for the defaults.</param>
    public static Network<T> Load<T>(Stream stream, LoadOptions? options = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(stream);
        stream = stream.CanSeek ? stream : SafetensorsReader.InMemory(stream);
        FileStart start = FileStart.Of(stream);
        options ??= new();
        if (start.IsSafetensors || start.Format is null)
        {
            SafetensorsReader file = new(stream);
            if (ModelFile.IsOurs(file))
            {
                return FromModel<T>(file, options);
            }

            stream.Position = start.Position;
        }

        try
        {
            NetworkDraft<T> draft = ForeignModel.Read<T>(
                stream, start, new ImportOptions { AllowPrecisionChange = options.AllowPrecisionChange }, out string format);
            _ = draft.Complete(format);
            return FromDraft(draft);
        }
        catch (InvalidDataException e) when (start.IsSafetensors || start.HoldsTensors)
        {
            throw new InvalidDataException(
                $"The file is not a model saved by this library, and its tensors make no network by themselves. {e.Message} "
                + "ModelImport.Load takes options that say more; LoadStateDict reads tensors into a network that is there.", e);
        }
    }

    /// <inheritdoc cref="Load{T}(string, LoadOptions?)"/>
    /// <remarks>The network computes in <see cref="float"/>.</remarks>
    public static Network<float> Load(string path, LoadOptions? options = null) => Load<float>(path, options);

    /// <inheritdoc cref="Load{T}(Stream, LoadOptions?)"/>
    /// <remarks>The network computes in <see cref="float"/>.</remarks>
    public static Network<float> Load(Stream stream, LoadOptions? options = null) => Load<float>(stream, options);

    /// <summary>Makes the network of a model of this library.</summary>
    internal static Network<T> FromModel<T>(SafetensorsReader file, LoadOptions options)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        OpenModel<T> model = ModelFile.Open<T>(file, options);
        Network<T> network = new(model.InputSize, model.Specs, SimdDispatch.Best);
        ModelFile.Copy(model, network.ParameterSet, network.Metadata);
        return network;
    }

    /// <summary>Makes the network of a draft that is complete.</summary>
    internal static Network<T> FromDraft<T>(NetworkDraft<T> draft)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Network<T> network = new(draft.InputSize, [.. draft.Specs], SimdDispatch.Best);
        foreach (Parameter parameter in network.Parameters)
        {
            network.WriteParameter(parameter.Name, draft.ValuesOf(parameter));
        }

        foreach ((string key, string value) in draft.Metadata)
        {
            network.Metadata[key] = value;
        }

        return network;
    }

    /// <summary>Writes the starting values of a seed.</summary>
    internal static void Initialize<T>(this Network<T> network, long seed)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[] flat = new T[network.Layout.Length];
        ParameterStart<T> start = new(seed, flat);
        foreach (Layer<T> layer in network.Layers)
        {
            layer.Initialize(start);
        }

        network.ParameterSet.Set(flat);
    }
}
