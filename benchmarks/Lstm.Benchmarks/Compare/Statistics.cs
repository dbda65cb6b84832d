namespace Lstm.Benchmarks.Compare;

/// <summary>What is made of samples: medians, over those samples whose neighbours saw the core at its best.</summary>
internal static class Statistics
{
    /// <summary>A probe below this share of the best P saw a slower core: a lower clock, or other work beside it.</summary>
    public const double CleanShare = 0.95;

    /// <summary>So many clean samples make a row.</summary>
    public const int FewestSamples = 5;

    /// <summary>The clean samples; all of them, and true, where those are too few to mean anything.</summary>
    /// <remarks>Chosen by what the probes saw, never by the sample's own time.</remarks>
    public static (IReadOnlyList<Sample> Kept, bool IsVoid) Select(IReadOnlyList<Sample> samples, double bestPeak)
    {
        Sample[] clean = [.. samples.Where(sample => sample.IsClean(bestPeak))];
        return clean.Length >= FewestSamples ? (clean, false) : (samples, true);
    }

    /// <summary>The middle value; the mean of the two in the middle where their number is even.</summary>
    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length == 0 ? throw new ArgumentException("No values.", nameof(values))
            : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
