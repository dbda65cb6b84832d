using System.Diagnostics;

namespace Lstm.Benchmarks.Compare;

/// <summary>Times some work, sample by sample, each between two measurements of the machine's ceilings.</summary>
internal sealed class Measurement
{
    private const double SampleSeconds = 0.01;

    // While fewer samples count than a row needs, it is given its time again, and again.
    private const int MostRounds = 3;

    /// <summary>Those that count: see <see cref="Statistics.Select"/>.</summary>
    public required IReadOnlyList<Sample> Samples { get; init; }

    /// <summary>Too few samples count: the core was shared, or never kept one speed.</summary>
    public required bool IsVoid { get; init; }

    /// <summary>Iterations in each sample.</summary>
    public required int Inner { get; init; }

    /// <summary>Time of this process on processors, over time on the clock.</summary>
    public required double CpuShare { get; init; }

    public double Seconds => Statistics.Median(Samples.Select(sample => sample.Seconds));

    public double LeastSeconds => Samples.Min(sample => sample.Seconds);

    /// <summary>P of one core, GFLOP/s.</summary>
    public double Peak => Statistics.Median(Samples.Select(sample => sample.Peak));

    /// <summary>W of one core, GB/s.</summary>
    public double Bandwidth => Statistics.Median(Samples.Select(sample => sample.Bandwidth));

    /// <summary>The median of each sample's own share of its P, for work of so many operations.</summary>
    public double FractionOfPeak(double flops)
        => Statistics.Median(Samples.Select(sample => flops / sample.Seconds / 1e9 / sample.Peak));

    /// <summary>The median of each sample's own share of its W, for work that reads so many bytes.</summary>
    public double FractionOfBandwidth(double bytes)
        => Statistics.Median(Samples.Select(sample => bytes / sample.Seconds / 1e9 / sample.Bandwidth));

    /// <summary>The work's time over its reference's.</summary>
    public double Ratio => Statistics.Median(Samples.Select(sample => sample.Seconds / sample.ReferenceSeconds));

    /// <summary>
    /// Takes samples of at least 10 ms for <paramref name="budget"/> seconds, after a quarter of that to warm up, and for up
    /// to twice as long again while too few of them count.
    /// </summary>
    /// <param name="reference">Sampled in turn with the work, if given.</param>
    public static Measurement Take(ITimed work, ITimed? reference, Machine machine, Ceiling? reads, double budget)
    {
        int inner = Calibrate(work);
        int innerReference = reference is null ? 0 : Calibrate(reference);
        for (double warm = 0; warm < budget / 4;)
        {
            warm += work.Seconds(inner);
        }

        List<Sample> samples = [];
        TimeSpan cpu = Environment.CpuUsage.TotalTime;
        long start = Stopwatch.GetTimestamp();
        double before = machine.Peak.Sample();
        while (Elapsed() < budget || samples.Count < Statistics.FewestSamples
            || (Elapsed() < MostRounds * budget && !HasEnough()))
        {
            double readsBefore = reads?.Sample() ?? 0;
            double seconds = work.Seconds(inner) / inner;
            double readsAfter = reads?.Sample() ?? 0;
            double after = machine.Peak.Sample();
            machine.Saw(before, after);
            samples.Add(new Sample
            {
                Seconds = seconds,
                PeakBefore = before,
                PeakAfter = after,
                Bandwidth = (readsBefore + readsAfter) / 2,
                ReferenceSeconds = reference?.Seconds(innerReference) / innerReference ?? 0,
            });
            before = reference is null ? after : machine.Peak.Sample();
        }

        cpu = Environment.CpuUsage.TotalTime - cpu;
        double wall = Elapsed();
        (IReadOnlyList<Sample> kept, bool isVoid) = Statistics.Select(samples, machine.BestPeak);
        return new Measurement { Samples = kept, IsVoid = isVoid, Inner = inner, CpuShare = cpu.TotalSeconds / wall };

        double Elapsed() => Stopwatch.GetElapsedTime(start).TotalSeconds;

        bool HasEnough() => !Statistics.Select(samples, machine.BestPeak).IsVoid;
    }

    // Iterations that make a sample; by the shorter of two, since any may be interrupted.
    private static int Calibrate(ITimed work)
    {
        int inner = 1;
        work.Seconds(2);
        while (work.Seconds(inner) < SampleSeconds || work.Seconds(inner) < SampleSeconds)
        {
            inner *= 2;
        }

        return inner;
    }
}
