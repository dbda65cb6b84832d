using System.Numerics;
using Lstm.Kernels.Elementwise;

namespace Lstm.Training.Batches;

/// <summary>A list of batches, in its own order or in a shuffled one.</summary>
/// <param name="batches">The list; each index is asked for once an epoch.</param>
/// <param name="checks">The checks of each batch as it comes; null for batches that have been checked.</param>
/// <param name="seed">The seed of the orders; null to keep the list's order.</param>
internal sealed class ListSource<T>(IReadOnlyList<TrainingBatch<T>> batches, IBatchCheck<T>? checks, long? seed) : BatchSource<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly int[] _order = new int[batches.Count];
    private TrainingBatch<T>? _first;
    private int _next;

    public override int? Count => _order.Length;

    /// <summary>Checks batch 0 now, and keeps it for the next epoch.</summary>
    public void CheckFirst()
    {
        checks!.Begin();
        _first = batches[0];
        checks.Check(_first, 0);
    }

    public override void Begin(int epoch, int done)
    {
        ShuffledOrder.Fill(_order, seed, epoch);
        _next = done;
        checks?.Begin();
    }

    public override bool MoveNext()
    {
        if (_next == _order.Length)
        {
            return false;
        }

        Index = _order[_next++];
        Current = Index == 0 && _first is not null ? _first : batches[Index];
        _first = Index == 0 ? null : _first;
        checks?.Check(Current, Index);
        return true;
    }
}

/// <summary>The orders of the epochs.</summary>
internal static class ShuffledOrder
{
    /// <summary>Fisher–Yates, drawn from the seed and the epoch alone; without a seed 0, 1, 2, …</summary>
    public static void Fill(Span<int> order, long? seed, int epoch)
    {
        for (int i = 0; i < order.Length; i++)
        {
            order[i] = i;
        }

        if (seed is not { } key)
        {
            return;
        }

        RandomBits random = new(RandomBits.Mix((ulong)key) + (ulong)epoch);
        for (int i = order.Length - 1; i > 0; i--)
        {
            int other = (int)Math.BigMul(random.Next(), (ulong)i + 1, out _);
            (order[i], order[other]) = (order[other], order[i]);
        }
    }
}
