using Lstm.Texts;

namespace Lstm.Training;

/// <summary>
/// A loss before its reduction: sums and weights of several batches can be added up, and their mean does not depend on how the
/// data are cut.
/// </summary>
/// <param name="Sum">Σ w·l.</param>
/// <param name="Weight">Σ w over the units that count: <see cref="LossUnit"/>.</param>
public readonly record struct LossSum(double Sum, double Weight)
{
    /// <summary><see cref="Sum"/> / <see cref="Weight"/>; 0 where nothing counts.</summary>
    public double Mean => Weight == 0 ? 0 : Sum / Weight;

    /// <summary>The members by name, in the same text in every culture.</summary>
    public override string ToString() => InvariantText.OfRecord(nameof(LossSum), PrintMembers);
}
