namespace Lstm.Benchmarks.Compare;

/// <summary>
/// What is made of samples: medians, over those samples beside which the core kept one speed, and a speed of its own.
/// </summary>
internal static class Statistics
{
    /// <summary>Two probes that differ by more saw the core change its speed, or other work come or go, between them.</summary>
    public const double SteadyShare = 0.95;

    /// <summary>
    /// A probe below this share of the best P shared its core. It is not nearer to 1 because processors hold their vector units
    /// back, by an eighth or so, while dense vector work runs, and the probes beside it see that: it is the ceiling of such work.
    /// </summary>
    public const double OwnShare = 0.80;

    /// <summary>So many samples that count make a row.</summary>
    public const int FewestSamples = 5;

    /// <summary>The samples that count; all of them, and true, where those are too few to mean anything.</summary>
    /// <remarks>Chosen by what the probes saw, never by the sample's own time.</remarks>
    public static (IReadOnlyList<Sample> Kept, bool IsVoid) Select(IReadOnlyList<Sample> samples, double bestPeak)
    {
        Sample[] kept = [.. samples.Where(sample => Counts(sample, bestPeak))];
        return kept.Length >= FewestSamples ? (kept, false) : (samples, true);
    }

    /// <summary>Whether the core ran at one speed around the sample, and was not shared.</summary>
    public static bool Counts(Sample sample, double bestPeak)
    {
        double low = Math.Min(sample.PeakBefore, sample.PeakAfter), high = Math.Max(sample.PeakBefore, sample.PeakAfter);
        return low >= SteadyShare * high && low >= OwnShare * bestPeak;
    }

    /// <summary>The middle value; the mean of the two in the middle where their number is even.</summary>
    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length == 0 ? throw new ArgumentException("No values.", nameof(values))
            : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
