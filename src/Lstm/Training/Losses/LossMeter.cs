using System.Globalization;

namespace Lstm.Training.Losses;

/// <summary>Adds up the losses of several passes.</summary>
internal struct LossMeter
{
    private double _sum;
    private double _normalizer;
    private long _right;
    private long _decisions;
    private long _passes;

    public void Add(LossTotals totals)
    {
        _sum += totals.Sum;
        _normalizer += totals.Normalizer;
        _right += totals.Right;
        _decisions += totals.Decisions;
        _passes++;
    }

    public void Add(LossMeter other)
    {
        _sum += other._sum;
        _normalizer += other._normalizer;
        _right += other._right;
        _decisions += other._decisions;
        _passes += other._passes;
    }

    /// <summary>The share of right decisions; null where nothing was decided.</summary>
    public readonly double? Accuracy => _decisions == 0 ? null : (double)_right / _decisions;

    /// <summary>The loss; null when nothing was added.</summary>
    public readonly double? Loss(Reduction reduction)
        => _passes == 0 ? null : reduction == Reduction.Sum ? _sum : _normalizer == 0 ? 0 : _sum / _normalizer;

    /// <summary>The sums as text, exactly.</summary>
    public override readonly string ToString()
        => string.Create(CultureInfo.InvariantCulture, $"{_sum:R} {_normalizer:R} {_right} {_decisions} {_passes}");

    /// <summary>Reads the text.</summary>
    /// <returns>Whether it is one.</returns>
    public static bool TryParse(string text, out LossMeter meter)
    {
        meter = default;
        CultureInfo culture = CultureInfo.InvariantCulture;
        return text.Split(' ') is [string sum, string normalizer, string right, string decisions, string passes]
            && double.TryParse(sum, NumberStyles.Float, culture, out meter._sum)
            && double.TryParse(normalizer, NumberStyles.Float, culture, out meter._normalizer)
            && long.TryParse(right, NumberStyles.None, culture, out meter._right)
            && long.TryParse(decisions, NumberStyles.None, culture, out meter._decisions)
            && long.TryParse(passes, NumberStyles.None, culture, out meter._passes);
    }
}
