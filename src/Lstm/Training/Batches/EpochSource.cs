using System.Numerics;

namespace Lstm.Training.Batches;

/// <summary>Batches that a function makes for each epoch.</summary>
internal sealed class EpochSource<T>(Func<int, IEnumerable<TrainingBatch<T>>> batches, IBatchCheck<T> checks) : BatchSource<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private IEnumerator<TrainingBatch<T>>? _epoch;

    public override int? Count => null;

    public override void Begin(int epoch, int done)
    {
        Dispose();
        IEnumerable<TrainingBatch<T>> all = batches(epoch) ?? throw new InvalidOperationException(
            $"epochBatches({epoch}) returned null; the function has to return the batches of the epoch.");
        _epoch = all.GetEnumerator();
        Index = -1;
        checks.Begin();
        for (int i = 0; i < done; i++)
        {
            if (!_epoch.MoveNext())
            {
                throw new InvalidOperationException(
                    $"The position is after batch {done} of epoch {epoch}, but epochBatches({epoch}) returned {i} batches. "
                    + "The function has to return the same batches for the same epoch.");
            }

            Index++;
        }
    }

    public override bool MoveNext()
    {
        if (!_epoch!.MoveNext())
        {
            return Index >= 0 ? false
                : throw new ArgumentException("An epoch has 0 batches; at least 1 is needed.", "epochBatches");
        }

        Index++;
        Current = _epoch.Current;
        checks.Check(Current, Index);
        return true;
    }

    public override void Dispose()
    {
        _epoch?.Dispose();
        _epoch = null;
    }
}
