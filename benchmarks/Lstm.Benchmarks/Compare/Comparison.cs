using System.Numerics;
using Lstm.Simd;

namespace Lstm.Benchmarks.Compare;

/// <summary>Runs the rows of <c>compare</c>, each between two measurements of the machine's ceilings.</summary>
internal static class Comparison<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static readonly string TypeName = typeof(T) == typeof(float) ? "float" : "double";

    public static int Run(CompareOptions options)
    {
        Ceilings<T> ceilings = new();
        WarmUp(options.Threads);
        if (!options.Json)
        {
            string fused = SimdDispatch.IsFused ? "fused" : "not fused";
            Console.WriteLine($"P = {ceilings.MultiplyAdds():0} GFLOP/s of one core ({TypeName}, {SimdDispatch.Best}, {fused}), measured again before and after each row");
            Console.WriteLine(Row.Header);
        }

        bool shared = false;
        foreach ((string what, Configuration configuration) in Rows(options))
        {
            Row row;
            try
            {
                row = RunRow(what, configuration, ceilings, options);
            }
            catch (InvalidOperationException mismatch)
            {
                Console.Error.WriteLine($"{what} {mismatch.Message} Nothing was timed.");
                return 1;
            }

            shared |= row.IsCoreShared;
            Console.WriteLine(options.Json ? row.ToJson() : row.ToString());
        }

        if (shared)
        {
            Console.Error.WriteLine("Some rows had their core for less than 97 % of the time: other work was running, run them again.");
        }

        return 0;
    }

    private static IEnumerable<(string What, Configuration Configuration)> Rows(CompareOptions options)
    {
        IReadOnlyDictionary<string, Configuration[]> lists = Configuration.ReadAll();
        (string What, string List)[] kinds = [("infer_step", "infer_step"), ("infer_seq", "infer_seq"), ("train_fwdbwd", "train"), ("train_step", "train")];
        return
            from kind in kinds
            from configuration in lists[kind.List]
            where options.Filter.IsMatch($"{kind.What} {configuration}")
            select (kind.What, configuration);
    }

    private static Row RunRow(string what, Configuration configuration, Ceilings<T> ceilings, CompareOptions options)
    {
        using Work work = CreateWork(what, configuration, options.Threads);
        if (!options.SkipCheck)
        {
            work.Check();
        }

        (double P, double? W) before = Ceiling();
        Measurement measured = Measurement.Take(work, options.Budget);
        (double P, double? W) after = Ceiling();

        // Whatever disturbs a probe makes it too small: the larger one is nearer to what the core could do.
        double peak = Math.Max(before.P, after.P);
        double? bandwidth = before.W is double w ? Math.Max(w, after.W!.Value) : null;
        double gflops = work.Flops / measured.MedianSeconds / 1e9;
        return new Row
        {
            Peer = typeof(T) == typeof(float) ? "lstm" : "lstm-double",
            What = what,
            Config = configuration.ToString(),
            Threads = work.Threads,
            MedianUs = Math.Round(measured.MedianSeconds * 1e6, 3),
            MinUs = Math.Round(measured.MinSeconds * 1e6, 3),
            N = measured.Iterations,
            Gflops = Math.Round(gflops, 2),
            FractionOfPeak = Math.Round(gflops / (peak * work.Threads), 4),
            FractionOfBandwidth = bandwidth is double b ? Math.Round(work.WeightBytes!.Value / measured.MedianSeconds / 1e9 / b, 4) : null,
            AllocatedBytes = Math.Round(measured.AllocatedBytes, 3),
            PeakGflops = Math.Round(peak, 1),
            BandwidthGBs = bandwidth is double gbs ? Math.Round(gbs, 1) : null,
            Cpu = Math.Round(measured.CpuShare / work.Threads, 3),
        };

        (double P, double? W) Ceiling() => (ceilings.MultiplyAdds(), work.WeightBytes is long bytes ? ceilings.Reads(bytes) : null);
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

    // The largest configurations run too few iterations for the JIT to finish all the code around the kernels; a small one
    // of each kind does it for them, as the first seconds of a real training would.
    private static void WarmUp(int threads)
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
}
