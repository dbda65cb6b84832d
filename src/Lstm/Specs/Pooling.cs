namespace Lstm;

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
