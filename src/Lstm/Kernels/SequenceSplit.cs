using Lstm.Sequences;

namespace Lstm.Kernels;

/// <summary>Divides the sequences of a batch among workers so that each gets about the same part of the steps [first, end) of the sequences.</summary>
internal readonly struct SequenceSplit(SequenceShape shape, int firstStep, int endStep)
{
    /// <summary>Divides by all steps.</summary>
    public SequenceSplit(SequenceShape shape)
        : this(shape, 0, shape.StepCount)
    {
    }

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
        long wanted = (long)(shape.Offset(endStep) - shape.Offset(firstStep)) * worker / workers;
        long before = 0;
        for (int rank = 0; rank < shape.Count; rank++)
        {
            int length = shape.Lengths[shape.RankToCaller[rank]];
            int steps = Math.Clamp(length, firstStep, endStep) - firstStep;
            if (before + (steps / 2) >= wanted)
            {
                return rank;
            }

            before += steps;
        }

        return shape.Count;
    }
}
