using System.Numerics;
using Lstm.Kernels.Elementwise;
using Lstm.Kernels.Recurrence;
using Lstm.Sequences;

namespace Lstm.Layers;

/// <summary>What a direction's passes drop and zone out, each with masks of its own.</summary>
/// <param name="spec">The rates.</param>
/// <param name="layer">The layer's index in the network, and the direction: parts of each mask's key.</param>
/// <param name="direction">0, or 1 for the second direction.</param>
internal sealed class DirectionMasks<T>(LstmSpec spec, int layer, int direction)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // What a mask is for: the rest of its key.
    private enum Purpose
    {
        Recurrent = 1,
        Candidate,
        Weight,
        HiddenZoneout,
        CellZoneout,
    }

    /// <summary>1/(1 − p) of what the next step sees, and of the recurrent weights.</summary>
    public T RecurrentScale => ScaleOf(spec.Regularization.RecurrentDropout);

    public T WeightScale => ScaleOf(spec.Regularization.WeightDropout);

    public CandidateDrop<T> Candidate(in Pass<T> pass, SequenceShape shape) => new()
    {
        Mask = Mask(pass, shape, Purpose.Candidate, spec.Equations.CandidateDropout),
        Scale = ScaleOf(spec.Equations.CandidateDropout),
    };

    public Zoneout<T> Cell(in Pass<T> pass, SequenceShape shape) => new()
    {
        Rate = T.CreateChecked(spec.Regularization.CellZoneout),
        Mask = Mask(pass, shape, Purpose.CellZoneout, spec.Regularization.CellZoneout),
    };

    public Zoneout<T> Hidden(in Pass<T> pass, SequenceShape shape) => new()
    {
        Rate = T.CreateChecked(spec.Regularization.HiddenZoneout),
        Mask = Mask(pass, shape, Purpose.HiddenZoneout, spec.Regularization.HiddenZoneout),
    };

    /// <summary>Which units the next step does not see: the same ones at all steps.</summary>
    public DropMask Recurrent(in Pass<T> pass, SequenceShape shape)
        => Mask(pass, shape, Purpose.Recurrent, spec.Regularization.RecurrentDropout, holds: true);

    /// <summary>Which recurrent weights are 0 in this pass.</summary>
    public DropMask Weight(in Pass<T> pass, SequenceShape shape)
        => Mask(pass, shape, Purpose.Weight, spec.Regularization.WeightDropout);

    private DropMask Mask(in Pass<T> pass, SequenceShape shape, Purpose purpose, double rate, bool holds = false)
        => pass.Training && rate > 0
            ? new DropMask(
                shape, RandomBits.Mix(pass.RandomKey(layer) + ((ulong)direction << 32) + (ulong)purpose), rate, holds)
            : default;

    private static T ScaleOf(double rate) => T.CreateChecked(1 / (1 - rate));
}
