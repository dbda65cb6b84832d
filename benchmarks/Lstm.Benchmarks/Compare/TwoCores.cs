using System.Diagnostics;
using System.Numerics;

namespace Lstm.Benchmarks.Compare;

/// <summary>What two threads of this process can have together: processors may share a core, or be far apart.</summary>
internal static class TwoCores
{
    private const int RoundTrips = 20_000;
    private const int Pairs = 41;

    /// <summary>
    /// Nanoseconds until a value written by one thread has been seen by another and its answer seen by the first.
    /// </summary>
    public static double RoundTripNanoseconds()
    {
        // A line of its own.
        long[] line = new long[32];
        ref long turn = ref line[16];
        Thread other = new(() =>
        {
            for (long i = 1; i < 2 * RoundTrips; i += 2)
            {
                Await(ref line[16], i);
                Volatile.Write(ref line[16], i + 1);
            }
        });
        other.Start();
        long start = 0;
        for (long i = 0; i < 2 * RoundTrips; i += 2)
        {
            Await(ref turn, i);
            start = i == 2 * (RoundTrips / 10) ? Stopwatch.GetTimestamp() : start;
            Volatile.Write(ref turn, i + 1);
        }

        Await(ref turn, 2 * RoundTrips);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        other.Join();
        return seconds / (RoundTrips - (RoundTrips / 10)) * 1e9;
    }

    /// <summary>P of so many threads at once over P of one: the most that threads can bring.</summary>
    public static double Ceiling<T>(int threads)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        // One ceiling each: they share nothing.
        PeakCeiling<T>[] ceilings = [.. Enumerable.Range(0, threads).Select(_ => new PeakCeiling<T>())];
        double[] rates = new double[threads];
        List<double> ratios = [];
        using Barrier barrier = new(threads);
        Thread[] others = [.. Enumerable.Range(1, threads - 1).Select(k => new Thread(() =>
        {
            ceilings[k].Sample();
            for (int i = 0; i < Pairs; i++)
            {
                barrier.SignalAndWait();
                rates[k] = ceilings[k].Sample();
                barrier.SignalAndWait();
            }
        }))];
        Array.ForEach(others, thread => thread.Start());
        ceilings[0].Sample();
        for (int i = 0; i < Pairs; i++)
        {
            // Alone while the others wait at the barrier.
            Thread.Sleep(1);
            double alone = ceilings[0].Sample();
            barrier.SignalAndWait();
            rates[0] = ceilings[0].Sample();
            barrier.SignalAndWait();
            ratios.Add(rates.Sum() / alone);
        }

        Array.ForEach(others, thread => thread.Join());
        return Statistics.Median(ratios);
    }

    private static void Await(ref long place, long value)
    {
        while (Volatile.Read(ref place) != value)
        {
        }
    }
}
