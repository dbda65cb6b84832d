using Lstm.Texts;

namespace Lstm.Training;

/// <summary>
/// The weighted sum of a loss and the sum of the weights. Add up both over several batches to get a mean that does not depend on
/// how the data are divided into batches.
/// </summary>
/// <param name="Sum">The weighted sum of the losses, Σ w·l.</param>
/// <param name="Weight">The sum of the weights of the units (<see cref="LossUnit"/>) that count, Σ w.</param>
public readonly record struct LossSum(double Sum, double Weight)
{
    /// <summary>The mean loss, <see cref="Sum"/> / <see cref="Weight"/>; 0 if no unit counts.</summary>
    public double Mean => Weight == 0 ? 0 : Sum / Weight;

    /// <summary>Returns the members by name as culture-independent text.</summary>
    public override string ToString() => InvariantText.OfRecord(nameof(LossSum), PrintMembers);
}
