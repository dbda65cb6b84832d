using System.Numerics;

namespace Lstm.Diagnostics;

/// <summary>The check of a tape that a diagnosis is to read.</summary>
internal static class TapeCheck
{
    /// <summary>
    /// Throws unless a tape, which the caller reads, holds what a diagnosis reads: gates before Backward, or their gradients
    /// after it; or, without <paramref name="steps"/>, a pass at all.
    /// </summary>
    public static void Check<T>(Network<T> network, Tape<T> tape, bool backPropagated, bool steps = true)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(tape);
        if (!ReferenceEquals(tape.Network, network))
        {
            throw new ArgumentException(
                "The tape belongs to another network; use a tape that CreateTape of this network returned.", nameof(tape));
        }

        if (tape.State == TapeState.Empty)
        {
            throw new InvalidOperationException("The tape holds no forward pass; call network.Forward(batch, tape) first.");
        }

        if (steps && tape.IsRecomputed)
        {
            throw new InvalidOperationException(
                "The tape recomputes its steps in Backward and does not hold them; set RecomputeEvery to null before the " +
                "forward pass.");
        }

        if (tape.IsBackPropagated != backPropagated)
        {
            throw new InvalidOperationException(backPropagated
                ? "The tape has no gradients yet; call network.Backward(tape, gradient) first."
                : "Backward has overwritten the gates with their gradients; read them between Forward and Backward.");
        }
    }
}
