using Lstm.Texts;

namespace Lstm;

/// <summary>A table of one row per id; the first layer of a network that is fed integer ids.</summary>
/// <remarks>
/// The network's input size is the number of ids V. Parameter: <c>weight</c> [V, E], uniform with variance 1/E. An id
/// outside 0 … V − 1 is refused before anything is computed.
/// </remarks>
public sealed record EmbeddingSpec : LayerSpec
{
    /// <summary>Describes an embedding.</summary>
    /// <param name="outputSize">Values E per id, at least 1.</param>
    public EmbeddingSpec(int outputSize) => OutputSize = outputSize;

    /// <summary>Values E per id, at least 1.</summary>
    public int OutputSize { get; init; }

    internal override string Kind => "embedding";

    private protected override CodeText Describe() => new(nameof(EmbeddingSpec), OutputSize);
}
