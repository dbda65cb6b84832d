using System.Numerics;
using System.Runtime.InteropServices;

namespace Lstm.Benchmarks.Compare;

/// <summary>The ceilings of the machine, and the best peak it has shown.</summary>
internal sealed class Machine
{
    // P has levels, and keeps to one for some tenths of a second.
    private const int FirstProbes = 300;

    private readonly Func<long, Ceiling> _reads;

    private Machine(Ceiling peak, Func<long, Ceiling> reads, double bestPeak)
    {
        Peak = peak;
        _reads = reads;
        BestPeak = bestPeak;
    }

    /// <summary>Processor and runtime.</summary>
    public static string Name { get; } = $"{Processor()}, .NET {Environment.Version}";

    public Ceiling Peak { get; }

    /// <summary>The largest P so far, in GFLOP/s: two probes in a row reached it.</summary>
    public double BestPeak { get; private set; }

    /// <summary>The ceiling of reading a block of so many bytes.</summary>
    public Ceiling Reads(long bytes) => _reads(bytes);

    /// <summary>Measures P for a while; <paramref name="bestPeak"/> is the best known from before, or 0.</summary>
    public static Machine Measure<T>(double bestPeak)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Machine machine = new(new PeakCeiling<T>(), bytes => new ReadCeiling<T>(bytes), bestPeak);
        double before = machine.Peak.Sample();
        for (int i = 0; i < FirstProbes; i++)
        {
            double after = machine.Peak.Sample();
            machine.Saw(before, after);
            before = after;
        }

        return machine;
    }

    /// <summary>Two probes in a row: one alone may be a slip of the clock.</summary>
    public void Saw(double before, double after) => BestPeak = Math.Max(BestPeak, Math.Min(before, after));

    private static string Processor()
    {
        const string Linux = "/proc/cpuinfo";
        string? line = File.Exists(Linux)
            ? File.ReadLines(Linux).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal)) : null;
        return line?.Split(':', 2)[1].Trim() ?? RuntimeInformation.ProcessArchitecture.ToString();
    }
}
