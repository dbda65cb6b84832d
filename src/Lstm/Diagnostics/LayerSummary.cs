using System.Numerics;
using Lstm.Texts;

namespace Lstm.Diagnostics;

/// <summary>The statistics of the gates of one direction of an LSTM layer.</summary>
public sealed class LayerSummary
{
    private LayerSummary(string name, GateStatistics[] gates, double[] halfLives, int[] deadUnits, int hiddenSize)
        => (Name, Gates, ForgetHalfLives, DeadUnits, HiddenSize) = (name, gates, halfLives, deadUnits, hiddenSize);

    /// <summary>The direction's name, such as <c>lstm.l0</c>.</summary>
    public string Name { get; }

    /// <summary>The statistics of the gates i, f, g and o, in this order.</summary>
    public IReadOnlyList<GateStatistics> Gates { get; }

    /// <summary>The statistics of the input gate i.</summary>
    public GateStatistics InputGate => Gates[0];

    /// <summary>The statistics of the forget gate f.</summary>
    public GateStatistics ForgetGate => Gates[1];

    /// <summary>The statistics of the candidate g.</summary>
    public GateStatistics Candidate => Gates[2];

    /// <summary>The statistics of the output gate o.</summary>
    public GateStatistics OutputGate => Gates[3];

    /// <summary>
    /// The half-life of each unit's cell in steps: ln ½ / ln m, with m = f̄ the mean of the forget gate, or m = p + (1 − p)f̄
    /// with a cell zoneout of p. Infinite for m = 1, 0 for m = 0, NaN without steps or without a forget gate.
    /// </summary>
    public IReadOnlyList<double> ForgetHalfLives { get; }

    /// <summary>The median of <see cref="ForgetHalfLives"/>, in steps.</summary>
    public double MedianHalfLife => ForgetHalfLives.Order().ElementAt(ForgetHalfLives.Count / 2);

    /// <summary>The number of values of the hidden state: H, or P with a projection.</summary>
    public int HiddenSize { get; }

    /// <summary>
    /// The indices of hidden values that do not change in any sequence, so that they carry no information to the next layer.
    /// Without a projection, these are units.
    /// </summary>
    public IReadOnlyList<int> DeadUnits { get; }

    /// <summary>The layer's name, the mean of the forget gate, the median half-life and the number of dead units.</summary>
    public override string ToString()
        => InvariantText.Of($"{Name}: forget gate {ForgetGate.Mean:f2}, half-life {MedianHalfLife:f1} steps, ")
            + $"{DeadUnits.Count} of {HiddenSize} units dead";

    internal static LayerSummary Of<T>(LayerGates<T> layer, double margin, double stillness)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        IEnumerable<double> forget = Means(layer.ForgetGate).Select(mean => layer.CellZoneout + ((1 - layer.CellZoneout) * mean));
        return new LayerSummary(
            layer.Name,
            [
                Statistics(layer.InputGate, margin, 1 - margin, stillness),
                Statistics(layer.ForgetGate, margin, 1 - margin, stillness),
                Statistics(layer.Candidate, margin - 1, 1 - margin, stillness),
                Statistics(layer.OutputGate, margin, 1 - margin, stillness),
            ],
            [.. forget.Select(mean => mean >= 1 ? double.PositiveInfinity : Math.Log(0.5) / Math.Log(mean))],
            Still(layer.Hidden, stillness),
            layer.Hidden.FeatureSize);
    }

    private static GateStatistics Statistics<T>(SequenceBatch<T> gate, double low, double high, double stillness)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        long below = 0, above = 0;
        foreach (T value in gate.Rows)
        {
            double number = double.CreateChecked(value);
            below += number < low ? 1 : 0;
            above += number > high ? 1 : 0;
        }

        double count = gate.Rows.Length;
        return new GateStatistics(Means(gate).Average(), below / count, above / count, Still(gate, stillness).Length);
    }

    /// <summary>The mean of each unit.</summary>
    private static double[] Means<T>(SequenceBatch<T> signal)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double[] sums = new double[signal.FeatureSize];
        for (int i = 0; i < signal.Rows.Length; i++)
        {
            sums[i % sums.Length] += double.CreateChecked(signal.Rows[i]);
        }

        return [.. sums.Select(sum => sum / signal.RowCount)];
    }

    /// <summary>The units whose values all lie within a range; none without steps, and a NaN is movement.</summary>
    private static int[] Still<T>(SequenceBatch<T> signal, double range)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        (double Least, double Most)[] ranges = new (double, double)[signal.FeatureSize];
        for (int i = 0; i < signal.Rows.Length; i++)
        {
            double value = double.CreateChecked(signal.Rows[i]);
            ref (double Least, double Most) unit = ref ranges[i % ranges.Length];
            unit = i < ranges.Length ? (value, value) : (Math.Min(unit.Least, value), Math.Max(unit.Most, value));
        }

        return signal.RowCount == 0 ? []
            : [.. Enumerable.Range(0, ranges.Length).Where(u => ranges[u].Most - ranges[u].Least <= range)];
    }
}
