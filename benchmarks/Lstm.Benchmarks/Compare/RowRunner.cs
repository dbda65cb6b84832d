using System.Numerics;
using Lstm.Simd;

namespace Lstm.Benchmarks.Compare;

/// <summary>Measures one row of <c>compare</c>.</summary>
internal sealed class RowRunner<T>(Machine machine, CompareOptions options)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Targets _targets = Targets.Read();

    /// <exception cref="InvalidOperationException">The results are not the oracle's.</exception>
    public Row Run(string what, Configuration configuration)
    {
        using Work work = CreateWork(what, configuration, options.Threads);
        if (!options.SkipCheck)
        {
            work.Check();
        }

        // What the row is a multiple of: one thread's time, or the training without clip and update.
        using Work? reference = options.Threads > 1 ? CreateWork(what, configuration, 1)
            : what == "train_step" ? CreateWork("train_fwdbwd", configuration, 1)
            : null;
        Ceiling? reads = work.WeightBytes is long bytes ? machine.Reads(bytes) : null;
        Measurement measured = Measurement.Take(work, reference, machine, reads, options.Budget);
        return new Row
        {
            Peer = typeof(T) == typeof(float) ? "lstm" : "lstm-double",
            Simd = $"{SimdDispatch.Best}{(SimdDispatch.IsFused ? "" : ", not fused")}",
            Machine = Machine.Name,
            What = what,
            Config = configuration.ToString(),
            Threads = work.Threads,
            MedianUs = Math.Round(measured.Seconds * 1e6, 3),
            MinUs = Math.Round(measured.LeastSeconds * 1e6, 3),
            N = (long)measured.Samples.Count * measured.Inner,
            Gflops = Math.Round(work.Flops / measured.Seconds / 1e9, 2),
            FractionOfPeak = Math.Round(measured.FractionOfPeak(work.Flops) / work.Threads, 4),
            FractionOfBandwidth = reads is null ? null : Math.Round(measured.FractionOfBandwidth(work.WeightBytes!.Value), 4),
            AllocatedBytes = Math.Round(work.AllocatedBytes(measured.Inner), 3),
            PeakGflops = Math.Round(measured.Peak, 1),
            BandwidthGBs = reads is null ? null : Math.Round(measured.Bandwidth, 1),
            Cpu = Math.Round(measured.CpuShare / work.Threads, 3),
            IsVoid = measured.IsVoid,
            OfForwardBackward = work.Threads == 1 && reference is not null ? Math.Round(measured.Ratio, 3) : null,
            SpeedUp = work.Threads > 1 ? Math.Round(1 / measured.Ratio, 3) : null,
            SpeedUpCeiling = work.Threads > 1 ? Math.Round(TwoCores.Ceiling<T>(work.Threads), 3) : null,
            RoundTripNs = work.Threads > 1 ? Math.Round(TwoCores.RoundTripNanoseconds(), 1) : null,
            Target = work.Threads > 1 ? null
                : _targets.Find(
                    what, configuration, typeof(T) == typeof(double), SimdDispatch.Best, SimdDispatch.IsFused, measured.Peak),
        };
    }

    /// <summary>
    /// The largest configurations run too few iterations for the JIT to finish all the code around the kernels; a small one
    /// of each kind does it for them, as the first seconds of a real training would.
    /// </summary>
    public static void WarmUp(int threads)
    {
        Configuration small = new(40, 40, 2, 8, 12);
        for (int round = 0; round < 3; round++)
        {
            foreach (string what in new[] { "infer_step", "infer_seq", "train_step" })
            {
                using Work work = CreateWork(what, small, threads);
                work.Run(40);
            }

            Thread.Sleep(150);
        }
    }

    private static Work CreateWork(string what, Configuration configuration, int threads)
    {
        Setup<T> setup = new(configuration);
        return what switch
        {
            "infer_step" => new StepWork<T>(setup),
            "infer_seq" => new SequenceWork<T>(setup, threads),
            "train_fwdbwd" => new TrainingWork<T>(setup, threads, updates: false),
            _ => new TrainingWork<T>(setup, threads, updates: true),
        };
    }
}
