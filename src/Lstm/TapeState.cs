namespace Lstm;

/// <summary>
/// Where a <see cref="Tape{T}"/> is between two forward passes. Each state is reached only from the one before it.
/// </summary>
internal enum TapeState
{
    /// <summary>There is no pass: none was made, or one is under way or was broken off.</summary>
    Empty,

    /// <summary>A forward pass waits for its backward pass.</summary>
    Forwarded,

    /// <summary>The pass has been back-propagated: the gates are overwritten by their gradients.</summary>
    BackPropagated,

    /// <summary>The running averages have taken up the statistics of the pass as well.</summary>
    StatisticsTaken,
}
