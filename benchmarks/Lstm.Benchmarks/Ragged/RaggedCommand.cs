using System.CommandLine;
using Lstm.Benchmarks.Timing;
using Lstm.Kernels.Recurrence;
using Lstm.Runtime;

namespace Lstm.Benchmarks.Ragged;

/// <summary>
/// <c>ragged</c>: whether the cost of sequences of many lengths follows their steps and not their padding; 256 units, 32
/// sequences.
/// </summary>
internal static class RaggedCommand
{
    private const int Units = 256;
    private const int Sequences = 32;
    private const int Steps = 50;

    // Over the padded batch's time, times the share of its rows that are live.
    private const double Allowed = 1.10;

    public static int Run(string[] args)
    {
        Option<double> budget = new("--budget") { Description = "Seconds for each row.", DefaultValueFactory = _ => 4 };
        RootCommand command = new($"Times a batch of lengths drawn from 1 to {Steps} beside a padded one.") { budget };
        command.SetAction(parsed =>
        {
            TrainingPass.WarmUp();
            Random random = new(1);
            int[] drawn = [.. Enumerable.Range(0, Sequences).Select(_ => random.Next(1, Steps + 1))];
            drawn[0] = Steps;
            Compare("drawn, one thread", drawn, 1, parsed.GetValue(budget));
            Compare("rising, two threads", [.. drawn.Order()], 2, parsed.GetValue(budget));
            PrintShares(drawn);
        });
        return command.Parse(args).Invoke();
    }

    private static void Compare(string what, int[] lengths, int threads, double budget)
    {
        using TrainingPass ragged = new(Units, Units, 1, lengths, threads);
        using TrainingPass padded = new(Units, Units, 1, TrainingPass.Dense(Sequences, Steps), threads);
        PeakProbe peak = new();
        Rounds rounds = Rounds.Take(budget, ragged.Run, padded.Run, peak.Run);
        double live = (double)ragged.Batch.RowCount / padded.Batch.RowCount;
        double cost = rounds.Ratio(0, 1) / live;
        Console.WriteLine(
            $"{what,-20}{live:0.00} of the rows, {rounds.Ratio(0, 1):0.00} of the time: a row costs {cost:0.00} "
            + $"times{(cost <= Allowed ? "" : ", over 1.10")}; "
            + $"of P {ragged.Flops / peak.Flops / rounds.Ratio(0, 2) / threads:0.00} and "
            + $"{padded.Flops / peak.Flops / rounds.Ratio(1, 2) / threads:0.00}");
    }

    private static void PrintShares(int[] lengths)
    {
        SequenceBatch<float> batch = new(1);
        batch.Reshape(lengths);
        SequenceSplit split = new(batch.Shape);
        int[] ranked = [.. lengths.OrderDescending()];
        foreach (int workers in new[] { 2, 4 })
        {
            IEnumerable<string> shares = Enumerable.Range(0, workers).Select(worker =>
            {
                (int first, int end) = split.Of(new WorkShare(worker, workers, worker));
                return $"{ranked[first..end].Sum()} ({end - first} sequences)";
            });
            Console.WriteLine($"steps of each of {workers} workers: {string.Join(", ", shares)}, of {lengths.Sum()}");
        }
    }
}
