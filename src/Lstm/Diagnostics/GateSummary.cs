using System.Globalization;
using Lstm.Texts;

namespace Lstm;

/// <summary>A trace in a few numbers; <see cref="ToString"/> is a table of them.</summary>
public sealed class GateSummary
{
    internal GateSummary(IReadOnlyList<LayerSummary> layers) => Layers = layers;

    /// <summary>One for each direction of each LSTM layer.</summary>
    public IReadOnlyList<LayerSummary> Layers { get; }

    /// <summary>One line a direction: per gate the mean and the shares shut and open, the median half-life, the dead units.</summary>
    public override string ToString()
    {
        int width = Math.Max(5, Layers.Max(layer => layer.Name.Length));
        List<string> lines = [$"{"layer".PadRight(width)}  i mean shut open  f mean shut open  g mean  -1   +1   o mean shut open  half-life  dead units"];
        foreach (LayerSummary layer in Layers)
        {
            string gates = string.Join("  ", layer.Gates.Select(gate => string.Create(
                CultureInfo.InvariantCulture, $"{gate.Mean,6:f2} {100 * gate.Low,3:f0}% {100 * gate.High,3:f0}%")));
            lines.Add(string.Create(CultureInfo.InvariantCulture,
                $"{layer.Name.PadRight(width)}  {gates}  {layer.MedianHalfLife,9:f1}  {layer.DeadUnits.Count} of {layer.HiddenSize}"));
        }

        return string.Join(Environment.NewLine, lines);
    }
}

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
