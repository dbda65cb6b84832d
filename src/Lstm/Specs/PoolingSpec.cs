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
}

/// <summary>How a sequence becomes one row.</summary>
public enum Pooling
{
    /// <summary>
    /// The last step's output; after a reverse or bidirectional layer, each direction's output at the end of its own
    /// reading: the last step for forward, the first for reverse.
    /// </summary>
    Last,

    /// <summary>The mean over the steps.</summary>
    Mean,

    /// <summary>The largest value of each feature; of equal ones the first step's gets the gradient.</summary>
    Max,
}
