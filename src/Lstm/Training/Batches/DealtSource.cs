using System.Numerics;

namespace Lstm.Training.Batches;

/// <summary>
/// The sequences of a list of batches, dealt out anew in each epoch into batches of the same numbers of sequences.
/// </summary>
/// <param name="batches">Batches that have been checked, and are alike.</param>
/// <param name="seed">The seed of the orders.</param>
/// <param name="together">How many of its batches are in use at a time.</param>
/// <param name="count">How many batches are dealt out; sequences that are left are left out of the epoch.</param>
internal sealed class DealtSource<T>(TrainingBatch<T>[] batches, long seed, int together, int count) : BatchSource<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly (int Batch, int Sequence)[] _sequences =
        [.. batches.SelectMany((batch, b) => Enumerable.Range(0, batch.InputShape.Count).Select(sequence => (b, sequence)))];

    private readonly DealtBatch<T>[] _dealt =
        [.. Enumerable.Range(0, Math.Min(together, count)).Select(_ => new DealtBatch<T>(batches))];
    private readonly int[] _order = new int[batches.Sum(batch => batch.InputShape.Count)];
    private int _next;
    private int _used;

    public override int? Count => count;

    /// <summary>Why the sequences of the batches cannot be put together; null if they can.</summary>
    public static string? WhyNotAlike(IReadOnlyList<TrainingBatch<T>> batches)
    {
        for (int i = 0; i < batches.Count; i++)
        {
            if (WhyNotDealt(batches[i], i) is { } problem)
            {
                return problem;
            }

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

    // A part of a sequence is found by the sequence's number, so each part has as many.
    private static string? WhyNotDealt(TrainingBatch<T> batch, int index)
    {
        for (int i = 0; i < batch.Input.PartCount; i++)
        {
            if (batch.Input[i].Shape.Count != batch.InputShape.Count)
            {
                return $"batch {index} has {batch.Input[i].Shape.Count} sequences in part {i} of its input, and " +
                    $"{batch.InputShape.Count} in the last";
            }
        }

        return null;
    }

    private static string KindOf(TrainingBatch<T> batch)
    {
        IEnumerable<string> parts = Enumerable.Range(0, batch.Input.PartCount).Select(i => KindOf(batch.Input[i]));
        string target = batch.Target.Values is { } values ? $"{values.FeatureSize} target values" : "labels";
        return $"{string.Join(", ", parts)}, {target} and {(batch.Target.Weights is null ? "no weights" : "weights")}";
    }

    private static string KindOf(NetworkInput<T> part)
        => part.Features is { } features ? $"{features.FeatureSize} features" : "ids";
}
