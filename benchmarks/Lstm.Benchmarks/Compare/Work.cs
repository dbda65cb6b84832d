using System.Diagnostics;

namespace Lstm.Benchmarks.Compare;

/// <summary>What one row times.</summary>
internal abstract class Work : ITimed, IDisposable
{
    /// <summary>Operations of one iteration.</summary>
    public abstract double Flops { get; }

    /// <summary>Threads it really uses.</summary>
    public abstract int Threads { get; }

    /// <summary>Bytes of weights that one iteration has to read, where that is its limit.</summary>
    public virtual long? WeightBytes => null;

    /// <summary>Compares one iteration's results with the oracle's.</summary>
    /// <exception cref="InvalidOperationException">They differ.</exception>
    public abstract void Check();

    public abstract void Run(int iterations);

    public abstract void Dispose();

    public double Seconds(int iterations)
    {
        Run(iterations / 8);
        long start = Stopwatch.GetTimestamp();
        Run(iterations);
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>Bytes that one iteration allocates on the managed heap, on any thread.</summary>
    public double AllocatedBytes(int iterations)
    {
        // The runtime's own threads allocate now and then; the least of three blocks is the work's.
        long least = long.MaxValue;
        for (int block = 0; block < 3; block++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            Run(iterations);
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        return (double)least / iterations;
    }
}
