using Lstm.Benchmarks.Compare;

namespace Lstm.Benchmarks.Timing;

/// <summary>What reading the weights leaves of P for a batch too small to hide it.</summary>
internal static class WeightReads
{
    private const int Samples = 21;

    /// <summary>The largest part of P that forward and backward of one layer can reach.</summary>
    /// <remarks>
    /// Each step reads W_hh, 4 bytes for every B multiply-adds, forward and backward: that part runs at min(P, B·W/2), with W
    /// the bandwidth of reading a block of just that size, measured here and now beside P. The products of x, dx and dW take
    /// many steps at once and run at P.
    /// </remarks>
    public static double Limit(int inputs, int units, int sequences)
    {
        PeakCeiling<float> peaks = new();
        ReadCeiling<float> reads = new(4L * 4 * units * units);
        double peak = Statistics.Median(Enumerable.Range(0, Samples).Select(_ => peaks.Sample()));
        double bandwidth = Statistics.Median(Enumerable.Range(0, Samples).Select(_ => reads.Sample()));
        double recurrent = 2.0 * units / (3 * (inputs + units));
        return 1 / (1 - recurrent + (recurrent / Math.Min(1, sequences * bandwidth / 2 / peak)));
    }

    /// <summary>The limit and how much of it was reached, as text.</summary>
    public static string Verdict(int inputs, int units, int sequences, double fractionOfPeak)
    {
        double limit = Limit(inputs, units, sequences);
        return $"{limit:0.00} of P is what reading W_hh allows, {fractionOfPeak / limit:0.00} of that reached";
    }
}
