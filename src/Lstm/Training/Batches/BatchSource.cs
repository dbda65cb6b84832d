using System.Numerics;

namespace Lstm.Training.Batches;

/// <summary>The batches of one epoch after another, each asked for once.</summary>
internal abstract class BatchSource<T> : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>The number of batches of an epoch; null where it is not known before the epoch's end.</summary>
    public abstract int? Count { get; }

    /// <summary>The batch at hand.</summary>
    public TrainingBatch<T> Current { get; protected set; } = null!;

    /// <summary>The current batch's index in the caller's list, or its number in the epoch.</summary>
    public int Index { get; protected set; }

    /// <summary>Begins an epoch.</summary>
    /// <param name="epoch">Epochs completed before.</param>
    /// <param name="done">Batches of this epoch that completed steps have used.</param>
    public abstract void Begin(int epoch, int done);

    /// <summary>Goes to the next batch of the epoch; false at its end.</summary>
    public abstract bool MoveNext();

    /// <inheritdoc/>
    public virtual void Dispose()
    {
    }
}
