namespace Lstm;

/// <summary>How a <see cref="PoolingSpec"/> reduces a sequence to one row.</summary>
public enum Pooling
{
    /// <summary>
    /// The output at the last step that the layer before reads: the last step of a forward direction, the first step of a reverse
    /// direction, both for a bidirectional layer.
    /// </summary>
    Last,

    /// <summary>The mean of each feature over the steps.</summary>
    Mean,

    /// <summary>The largest value of each feature over the steps. Of equal values, the first gets the gradient.</summary>
    Max,

    /// <summary>The last step's output, whichever direction read it.</summary>
    LastStep,

    /// <summary>The first step's output, whichever direction read it.</summary>
    FirstStep,
}
