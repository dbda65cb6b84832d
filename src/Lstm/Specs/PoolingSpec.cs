using Lstm.Texts;

namespace Lstm;

/// <summary>Turns each sequence into one row; what follows sees sequences of length 1.</summary>
/// <remarks>The row of a sequence of length zero is zero.</remarks>
public sealed record PoolingSpec : LayerSpec
{
    /// <summary>Describes a pooling.</summary>
    /// <param name="pooling">Which row.</param>
    public PoolingSpec(Pooling pooling) => Pooling = pooling;

    /// <summary>Which row.</summary>
    public Pooling Pooling { get; init; }

    internal override string Kind => "pooling";

    private protected override CodeText Describe() => new(nameof(PoolingSpec), Pooling);
}
