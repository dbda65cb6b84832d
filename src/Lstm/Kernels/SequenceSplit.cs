using Lstm.Sequences;

namespace Lstm.Kernels;

/// <summary>Divides the sequences of a batch among workers so that each gets about the same number of steps.</summary>
internal readonly struct SequenceSplit(SequenceShape shape)
{
    /// <summary>The ranks [first, end) of worker <paramref name="worker"/>.</summary>
    public (int First, int End) Share(int worker, int workers) => (Boundary(worker, workers), Boundary(worker + 1, workers));

    /// <summary>Rows [first, end) of work that has no recurrence.</summary>
    public static (int First, int End) Even(int count, int worker, int workers)
        => ((int)((long)count * worker / workers), (int)((long)count * (worker + 1) / workers));

    private int Boundary(int worker, int workers)
    {
        if (worker == 0 || worker == workers)
        {
            return worker == 0 ? 0 : shape.Count;
        }

        // Each boundary goes to the rank where the steps before it come closest to its share.
        long wanted = (long)shape.RowCount * worker / workers;
        long before = 0;
        for (int rank = 0; rank < shape.Count; rank++)
        {
            int length = shape.Lengths[shape.RankToCaller[rank]];
            if (before + (length / 2) >= wanted)
            {
                return rank;
            }

            before += length;
        }

        return shape.Count;
    }
}
