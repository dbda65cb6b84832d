using Lstm.Texts;

namespace Lstm.Diagnostics;

/// <summary>One gate of one direction, over all sequences, steps and units.</summary>
/// <param name="Mean">Its mean; NaN without steps.</param>
/// <param name="Low">The share of values below the margin: shut. For the candidate g: below −(1 − margin).</param>
/// <param name="High">The share of values above 1 − margin: wide open.</param>
/// <param name="StillUnits">How many units' values of it never move.</param>
public sealed record GateStatistics(double Mean, double Low, double High, int StillUnits)
{
    /// <summary>The share of saturated values, where almost no gradient passes into the gate.</summary>
    public double Saturated => Low + High;

    /// <summary>All members by name, in the same text in every culture.</summary>
    public override string ToString() => InvariantText.OfRecord(nameof(GateStatistics), PrintMembers);
}
