using Lstm.Texts;

namespace Lstm;

/// <summary>A table with one row of values per id, the first layer of a network whose input is integer ids.</summary>
/// <remarks>
/// The network's input size is the number of ids V. Parameter: <c>weight</c> [V, E], uniform with variance 1/E. A pass checks all
/// ids before it computes: an id outside 0 … V − 1 throws <see cref="ArgumentException"/>.
/// </remarks>
public sealed record EmbeddingSpec : LayerSpec
{
    /// <summary>Describes an embedding layer.</summary>
    /// <param name="outputSize">The number of output values E per id, at least 1.</param>
    public EmbeddingSpec(int outputSize) => OutputSize = outputSize;

    /// <summary>The number of output values E per id, at least 1.</summary>
    public int OutputSize { get; init; }

    internal override string Kind => "embedding";

    private protected override CodeText Describe() => new(nameof(EmbeddingSpec), OutputSize);
}
