using System.Diagnostics;

namespace Lstm.Benchmarks.Compare;

/// <summary>The time of one iteration of some work.</summary>
internal sealed record Measurement
{
    private const double SampleSeconds = 200e-6;
    private const int FewestSamples = 5;
    private const int MostSamples = 1 << 16;

    public required double MedianSeconds { get; init; }

    public required double MinSeconds { get; init; }

    /// <summary>Iterations timed.</summary>
    public required long Iterations { get; init; }

    /// <summary>Bytes that one iteration allocates on the managed heap, on any thread.</summary>
    public required double AllocatedBytes { get; init; }

    /// <summary>Time on the processor over time on the clock: 1 for one thread that never waits for its core.</summary>
    public required double CpuShare { get; init; }

    /// <summary>Times work in samples of at least 200 µs, for <paramref name="budget"/> seconds after a quarter of that to warm up.</summary>
    public static Measurement Take(Work work, double budget)
    {
        work.Run(2);
        int inner = 1;
        while (Seconds(work, inner) < SampleSeconds)
        {
            inner *= 2;
        }

        for (double warm = 0; warm < budget / 4;)
        {
            warm += Seconds(work, inner);
        }

        double[] samples = new double[MostSamples];
        int count = 0;
        TimeSpan cpu = Environment.CpuUsage.TotalTime;
        long start = Stopwatch.GetTimestamp();
        while (count < FewestSamples || (count < MostSamples && Stopwatch.GetElapsedTime(start).TotalSeconds < budget))
        {
            samples[count++] = Seconds(work, inner) / inner;
        }

        TimeSpan wall = Stopwatch.GetElapsedTime(start);
        cpu = Environment.CpuUsage.TotalTime - cpu;
        Array.Sort(samples, 0, count);
        return new Measurement
        {
            MedianSeconds = samples[count / 2],
            MinSeconds = samples[0],
            Iterations = (long)count * inner,
            AllocatedBytes = Allocated(work, inner),
            CpuShare = cpu / wall,
        };
    }

    // The runtime's own threads allocate now and then; the least of three blocks is the work's.
    private static double Allocated(Work work, int iterations)
    {
        long least = long.MaxValue;
        for (int block = 0; block < 3; block++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            work.Run(iterations);
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        return (double)least / iterations;
    }

    private static double Seconds(Work work, int iterations)
    {
        long start = Stopwatch.GetTimestamp();
        work.Run(iterations);
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
