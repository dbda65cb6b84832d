using Lstm.Texts;

namespace Lstm;

/// <summary>A layer that reduces each sequence to one row. The layers after it see sequences of length 1.</summary>
/// <remarks>The row of a sequence of length 0 is zero.</remarks>
public sealed record PoolingSpec : LayerSpec
{
    /// <summary>Describes a pooling layer.</summary>
    /// <param name="pooling">How the row is computed from the steps.</param>
    public PoolingSpec(Pooling pooling) => Pooling = pooling;

    /// <summary>How the row is computed from the steps.</summary>
    public Pooling Pooling { get; init; }

    internal override string Kind => "pooling";

    private protected override CodeText Describe() => new(nameof(PoolingSpec), Pooling);
}
