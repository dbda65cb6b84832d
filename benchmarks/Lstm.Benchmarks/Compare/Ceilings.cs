using System.Diagnostics;
using System.Numerics;
using Lstm.Kernels;
using Lstm.Simd;

namespace Lstm.Benchmarks.Compare;

/// <summary>What one core can do at this moment: multiply-adds per second, and bytes read per second from a block of a given size.</summary>
/// <remarks>Each is the median of short samples after a warm-up that lets the clock settle: the same statistic as a row's.</remarks>
internal sealed unsafe class Ceilings<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int Samples = 41;
    private const double WarmUpSeconds = 0.005;
    private static readonly double Ticks = Stopwatch.Frequency;

    private readonly AlignedBuffer<T> _lines = new(MultiplyAddProbe<T>.LineCount * PanelLayout.LineOf<T>());
    private readonly AlignedBuffer<T> _block = new();
    private readonly double[] _seconds = new double[Samples];

    /// <summary>P of one core, in GFLOP/s.</summary>
    public double MultiplyAdds()
    {
        long iterations = 1000;
        double flops = 0;
        double seconds = Median(ref iterations, count =>
        {
            // Values near 1, whatever the number of iterations.
            _lines.Span.Fill(T.CreateChecked(0.5));
            MultiplyAddProbe<T> probe = new() { Iterations = count, Lines = _lines.Pointer };
            SimdDispatch.Run<T, MultiplyAddProbe<T>>(ref probe);
            flops = probe.Flops;
        });
        return flops / seconds / 1e9;
    }

    /// <summary>W of one core for a block of so many bytes (rounded up to whole cache lines), in GB/s.</summary>
    public double Reads(long bytes)
    {
        int line = PanelLayout.LineOf<T>();
        long count = (bytes + 63) / 64 * line;
        _block.Reserve(count);
        _block.Span.Fill(T.CreateChecked(0.5));
        long passes = 1;
        double seconds = Median(ref passes, times =>
        {
            ReadProbe<T> probe = new() { Values = _block.Pointer, Count = (nint)count, Passes = times, Sum = _lines.Pointer };
            SimdDispatch.Run<T, ReadProbe<T>>(ref probe);
        });
        return (double)count * sizeof(T) * passes / seconds / 1e9;
    }

    // Doubles `count` until one sample takes 100 µs, warms up, and takes the samples.
    private double Median(ref long count, Action<long> probe)
    {
        while (Seconds(count, probe) < 100e-6)
        {
            count *= 2;
        }

        for (double warm = 0; warm < WarmUpSeconds;)
        {
            warm += Seconds(count, probe);
        }

        for (int i = 0; i < Samples; i++)
        {
            _seconds[i] = Seconds(count, probe);
        }

        Array.Sort(_seconds);
        return _seconds[Samples / 2];
    }

    private static double Seconds(long count, Action<long> probe)
    {
        long start = Stopwatch.GetTimestamp();
        probe(count);
        return (Stopwatch.GetTimestamp() - start) / Ticks;
    }
}
