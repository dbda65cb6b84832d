using System.Numerics;

namespace Lstm.Training.Batches;

/// <summary>The sequences of a list of batches, dealt out anew in each epoch into batches of the same numbers of sequences.</summary>
/// <param name="batches">Batches that have been checked, and are alike.</param>
/// <param name="seed">The seed of the orders.</param>
/// <param name="together">How many of its batches are in use at a time.</param>
/// <param name="count">How many batches are dealt out; sequences that are left are left out of the epoch.</param>
internal sealed class DealtSource<T>(TrainingBatch<T>[] batches, long seed, int together, int count) : BatchSource<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly (int Batch, int Sequence)[] _sequences =
        [.. batches.SelectMany((batch, b) => Enumerable.Range(0, batch.InputShape.Count).Select(sequence => (b, sequence)))];

    private readonly DealtBatch<T>[] _dealt = [.. Enumerable.Range(0, Math.Min(together, count)).Select(_ => new DealtBatch<T>(batches))];
    private readonly int[] _order = new int[batches.Sum(batch => batch.InputShape.Count)];
    private int _next;
    private int _used;

    public override int? Count => count;

    /// <summary>Why the sequences of the batches cannot be put together; null if they can.</summary>
    public static string? WhyNotAlike(IReadOnlyList<TrainingBatch<T>> batches)
    {
        for (int i = 1; i < batches.Count; i++)
        {
            if (KindOf(batches[i]) != KindOf(batches[0]))
            {
                return $"batch {i} has {KindOf(batches[i])}, batch 0 {KindOf(batches[0])}";
            }
        }

        return null;
    }

    public override void Begin(int epoch, int done)
    {
        ShuffledOrder.Fill(_order, seed, epoch);
        _next = done;
        _used = batches.Take(done).Sum(batch => batch.InputShape.Count);
    }

    public override bool MoveNext()
    {
        if (_next == count)
        {
            return false;
        }

        Index = _next++;
        int sequences = batches[Index].InputShape.Count;
        DealtBatch<T> dealt = _dealt[Index % _dealt.Length];
        dealt.Deal(_sequences, _order.AsSpan(_used, sequences));
        _used += sequences;
        Current = dealt.Batch;
        return true;
    }

    private static string KindOf(TrainingBatch<T> batch)
        => $"{(batch.Input.Features is { } features ? $"{features.FeatureSize} features" : "ids")}, "
            + $"{(batch.Target.Values is { } target ? $"{target.FeatureSize} target values" : "labels")} and {(batch.Target.Weights is null ? "no weights" : "weights")}";
}
