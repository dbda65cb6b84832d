using System.Numerics;

namespace Lstm.Training.Batches;

/// <summary>Refuses batches that do not fit, each before it is used.</summary>
internal interface IBatchCheck<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Forgets the batches so far: the next one is the first of an epoch.</summary>
    void Begin();

    /// <summary>Checks one batch, and what it shares with the batches before it.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="index">Its index in the caller's list, or its number in the epoch.</param>
    /// <exception cref="ArgumentException">The batch does not fit or is null.</exception>
    void Check(TrainingBatch<T>? batch, int index);
}
