using System.Globalization;

namespace Lstm.Diagnostics;

/// <summary>The statistics of the gates of all LSTM layers. <see cref="ToString"/> returns them as a table.</summary>
public sealed class GateSummary
{
    internal GateSummary(IReadOnlyList<LayerSummary> layers) => Layers = layers;

    /// <summary>The statistics of each direction of each LSTM layer.</summary>
    public IReadOnlyList<LayerSummary> Layers { get; }

    /// <summary>
    /// A table with one line per direction: the mean of each gate, the shares of closed and open values, the median half-life and
    /// the dead units.
    /// </summary>
    public override string ToString()
    {
        int width = Math.Max(5, Layers.Max(layer => layer.Name.Length));
        List<string> lines =
            [$"{"layer".PadRight(width)}  i mean shut open  f mean shut open  g mean  -1   +1   o mean shut open  half-life  " +
            $"dead units"];
        foreach (LayerSummary layer in Layers)
        {
            string gates = string.Join("  ", layer.Gates.Select(gate => string.Create(
                CultureInfo.InvariantCulture, $"{gate.Mean,6:f2} {100 * gate.Low,3:f0}% {100 * gate.High,3:f0}%")));
            lines.Add(string.Create(CultureInfo.InvariantCulture,
                $"{layer.Name.PadRight(width)}  {gates}  {layer.MedianHalfLife,9:f1}  {layer.DeadUnits.Count} of " +
                    $"{layer.HiddenSize}"));
        }

        return string.Join(Environment.NewLine, lines);
    }
}
