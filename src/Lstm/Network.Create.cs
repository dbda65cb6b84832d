using System.Numerics;
using Lstm.Formats;
using Lstm.Simd;

namespace Lstm;

/// <summary>Makes networks.</summary>
public static partial class Network
{
    /// <summary>Makes a network with starting values drawn from seed 0.</summary>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <param name="inputSize">Values per step; the number of ids when the first layer is an <see cref="EmbeddingSpec"/>.</param>
    /// <param name="layers">The layers from input to output.</param>
    /// <exception cref="ArgumentException">There are no layers, one does not fit, or one has an option that has no effect.</exception>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is neither float nor double.</exception>
    public static Network<T> Create<T>(int inputSize, params ReadOnlySpan<LayerSpec> layers)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => Create<T>(inputSize, 0, layers);

    /// <summary>Makes a network; the same seed gives the same starting values on every machine.</summary>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <param name="inputSize">Values per step; the number of ids when the first layer is an <see cref="EmbeddingSpec"/>.</param>
    /// <param name="seed">Seed of the starting values.</param>
    /// <param name="layers">The layers from input to output.</param>
    /// <exception cref="ArgumentException">There are no layers, one does not fit, or one has an option that has no effect.</exception>
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
    public static Network<float> Create(int inputSize, params ReadOnlySpan<LayerSpec> layers) => Create<float>(inputSize, 0, layers);

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
}

public sealed unsafe partial class Network<T>
{
    /// <inheritdoc cref="Network.Create{T}(int, ReadOnlySpan{LayerSpec})"/>
    public static Network<T> Create(int inputSize, params ReadOnlySpan<LayerSpec> layers)
        => Network.Create<T>(inputSize, 0, layers);

    /// <inheritdoc cref="Network.Create{T}(int, long, ReadOnlySpan{LayerSpec})"/>
    public static Network<T> Create(int inputSize, long seed, params ReadOnlySpan<LayerSpec> layers)
        => Network.Create<T>(inputSize, seed, layers);

    /// <inheritdoc cref="Network.Create{T}(int, ReadOnlySpan{LayerSpec})"/>
    public static Network<T> Create(int inputSize, IEnumerable<LayerSpec> layers) => Network.Create<T>(inputSize, 0, layers);

    /// <inheritdoc cref="Network.Create{T}(int, long, ReadOnlySpan{LayerSpec})"/>
    public static Network<T> Create(int inputSize, long seed, IEnumerable<LayerSpec> layers)
        => Network.Create<T>(inputSize, seed, layers);

    /// <inheritdoc cref="Network.Load{T}(string, LoadOptions?)"/>
    public static Network<T> Load(string path, LoadOptions? options = null) => Network.Load<T>(path, options);

    /// <inheritdoc cref="Network.Load{T}(Stream, LoadOptions?)"/>
    public static Network<T> Load(Stream stream, LoadOptions? options = null) => Network.Load<T>(stream, options);
}
