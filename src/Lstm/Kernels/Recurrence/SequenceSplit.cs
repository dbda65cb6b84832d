using Lstm.Runtime;
using Lstm.Sequences;

namespace Lstm.Kernels.Recurrence;

/// <summary>
/// Divides the sequences of a batch into shares that have about the same part of the steps [first, end) of the sequences.
/// </summary>
internal readonly struct SequenceSplit(SequenceShape shape, int firstStep, int endStep)
{
    /// <summary>Divides by all steps.</summary>
    public SequenceSplit(SequenceShape shape)
        : this(shape, 0, shape.StepCount)
    {
    }

    /// <summary>The rows of these steps.</summary>
    public int Rows => shape.Offset(endStep) - shape.Offset(firstStep);

    /// <summary>The ranks [first, end) of a share.</summary>
    public (int First, int End) Of(WorkShare share)
        => (Boundary(share.Index, share.Count), Boundary(share.Index + 1, share.Count));

    /// <summary>How many shares suit a number of workers.</summary>
    /// <remarks>
    /// Each step of a share reads all weights: a sequence alone takes nearly as long as two, and from eight on it makes no
    /// difference, so two shares for each worker leave one for who is done first.
    /// </remarks>
    public int SharesFor(int workers)
    {
        int live = shape.Live(firstStep);
        return Math.Clamp(live / 8, Math.Min(workers, (live + 1) / 2), 2 * workers);
    }

    private int Boundary(int share, int shares)
    {
        if (share == 0 || share == shares)
        {
            return share == 0 ? 0 : shape.Count;
        }

        // Each boundary goes to the rank where the steps before it come closest to its share.
        long wanted = (long)(shape.Offset(endStep) - shape.Offset(firstStep)) * share / shares;
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
