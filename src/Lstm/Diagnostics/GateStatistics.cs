using Lstm.Texts;

namespace Lstm.Diagnostics;

/// <summary>Statistics of one gate of one LSTM direction, over all sequences, steps and units.</summary>
/// <param name="Mean">The mean of the gate's values; NaN without steps.</param>
/// <param name="Low">
/// The share of values below the margin, where the gate is closed. For the candidate g: below −(1 − margin).
/// </param>
/// <param name="High">The share of values above 1 − margin, where the gate is open.</param>
/// <param name="StillUnits">The number of units whose values of the gate do not change.</param>
public sealed record GateStatistics(double Mean, double Low, double High, int StillUnits)
{
    /// <summary>
    /// The share of saturated values, through which almost no gradient flows: <see cref="Low"/> + <see cref="High"/>.
    /// </summary>
    public double Saturated => Low + High;

    /// <summary>The members by name, in the same text in every culture.</summary>
    public override string ToString() => InvariantText.OfRecord(nameof(GateStatistics), PrintMembers);
}
