using System.Diagnostics;

namespace Lstm.Benchmarks.Compare;

/// <summary>What one core can do at this moment, measured in about a millisecond.</summary>
internal abstract class Ceiling
{
    private const double SampleSeconds = 1e-3;
    private long _count;

    /// <summary>GFLOP/s or GB/s, right now.</summary>
    public double Sample()
    {
        if (_count == 0)
        {
            _count = Calibrate();
        }

        // Untimed first: the block comes back into its cache, the clock out of a pause.
        Rate((_count / 8) + LeastRuns, out _);
        return Rate(_count, out _);
    }

    /// <summary>Runs that are untimed at least, and timed at least.</summary>
    protected virtual long LeastRuns => 1;

    /// <summary>The probe's loop, <paramref name="count"/> times; returns operations, or bytes.</summary>
    protected abstract double Run(long count);

    // The shorter of two: the first call compiles, and any may be interrupted.
    private long Calibrate()
    {
        for (long count = LeastRuns; ; count *= 2)
        {
            Rate(count, out double first);
            Rate(count, out double second);
            if (Math.Min(first, second) >= SampleSeconds)
            {
                return count;
            }
        }
    }

    private double Rate(long count, out double seconds)
    {
        long start = Stopwatch.GetTimestamp();
        double amount = Run(count);
        seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return amount / seconds / 1e9;
    }
}
