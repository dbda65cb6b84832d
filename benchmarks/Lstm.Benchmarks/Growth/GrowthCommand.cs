using System.CommandLine;
using Lstm.Benchmarks.Memory;
using Lstm.Benchmarks.Timing;

namespace Lstm.Benchmarks.Growth;

/// <summary>
/// <c>growth</c>: whether a token costs the same in long sequences and in large batches; 256 inputs and units, one layer.
/// </summary>
internal static class GrowthCommand
{
    private const int Units = 256;
    private const int Steps = 50;
    private const int Sequences = 32;

    // How far the time per token may go from that of 32 sequences of 50 steps.
    private const double Allowed = 0.10;

    public static int Run(string[] args)
    {
        Option<int[]> steps = new("--steps")
        {
            Description = $"Lengths of {Sequences} sequences.",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [200, 1000, 5000, 10000],
        };
        Option<int[]> batches = new("--batches")
        {
            Description = $"Numbers of sequences of {Steps} steps.",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [1, 2, 4, 8, 16, 64, 128, 256, 512],
        };
        Option<double> budget = new("--budget") { Description = "Seconds for each row.", DefaultValueFactory = _ => 3 };
        RootCommand command =
            new("Times a token's forward and backward as sequences grow longer and batches larger.") { steps, batches, budget };
        command.SetAction(parsed =>
        {
            Console.WriteLine($"{"sizes",-16}{"ns/token",10}{"of B32_T50's",14}{"of P",7}{"MB",9}");
            TrainingPass.WarmUp();
            foreach (int t in parsed.GetValue(steps)!)
            {
                Row(Sequences, t, parsed.GetValue(budget));
            }

            foreach (int b in parsed.GetValue(batches)!)
            {
                Row(b, Steps, parsed.GetValue(budget));
            }
        });
        return command.Parse(args).Invoke();
    }

    // The reference runs beside each row, in turn with it and with a probe of P.
    private static void Row(int sequences, int steps, double budget)
    {
        string name = $"B{sequences}_T{steps}";
        long bytes = TrainingNeed.Of(Units, Units, 1, sequences, sequences * steps).Sum(part => part.Bytes);
        long available = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        if (bytes > available * 0.8)
        {
            Console.WriteLine($"{name,-16}skipped: it needs {bytes:n0} bytes, of {available:n0}");
            return;
        }

        // A long pass has a long reference on both sides, for the sake of a clock that wanders.
        int times = Math.Clamp(sequences * steps / (10 * Sequences * Steps), 1, 20);
        using TrainingPass reference = new(Units, Units, 1, TrainingPass.Dense(Sequences, Steps));
        using TrainingPass pass = new(Units, Units, 1, TrainingPass.Dense(sequences, steps));
        PeakProbe peak = new();
        Rounds rounds = Rounds.Take(budget, Reference, pass.Run, Reference, peak.Run);
        double perToken = pass.Batch.RowCount / (double)(times * reference.Batch.RowCount);
        double ratio = (rounds.Ratio(1, 0) + rounds.Ratio(1, 2)) / 2 / perToken;
        double fraction = pass.Flops / peak.Flops / rounds.Ratio(1, 3);
        string verdict = sequences < Sequences ? $"  {WeightReads.Verdict(Units, Units, sequences, fraction)}"
            : Math.Abs(ratio - 1) <= Allowed ? "" : "  over 10 % apart";
        Console.WriteLine(
            $"{name,-16}{rounds.Median(1) / pass.Batch.RowCount * 1e9,10:0}{ratio,14:0.00}"
            + $"{fraction,7:0.00}{bytes / 1e6,9:0}{verdict}");

        void Reference()
        {
            for (int i = 0; i < times; i++)
            {
                reference.Run();
            }
        }
    }
}
