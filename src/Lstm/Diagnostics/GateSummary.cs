using System.Globalization;

namespace Lstm.Diagnostics;

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
