using System.Numerics;
using Lstm.Formats;
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
    /// Loads a network that was saved with <see cref="Network{T}.Save(string)"/>: the same parameters, bit for bit.
    /// </summary>
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
        OpenModel<T> model = ModelFile.Open<T>(stream, options ?? new());
        Network<T> network = new(model.InputSize, model.Specs, SimdDispatch.Best);
        ModelFile.Copy(model, network.ParameterSet, network.Metadata);
        return network;
    }

    /// <inheritdoc cref="Load{T}(string, LoadOptions?)"/>
    /// <remarks>The network computes in <see cref="float"/>.</remarks>
    public static Network<float> Load(string path, LoadOptions? options = null) => Load<float>(path, options);

    /// <inheritdoc cref="Load{T}(Stream, LoadOptions?)"/>
    /// <remarks>The network computes in <see cref="float"/>.</remarks>
    public static Network<float> Load(Stream stream, LoadOptions? options = null) => Load<float>(stream, options);

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
