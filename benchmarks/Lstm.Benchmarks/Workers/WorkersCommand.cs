using System.CommandLine;
using Lstm.Benchmarks.Compare;
using Lstm.Benchmarks.Timing;

namespace Lstm.Benchmarks.Workers;

/// <summary>
/// <c>workers</c>: the time of several workers over that of one, while the other processors are free, and while one is busy.
/// </summary>
internal static class WorkersCommand
{
    private static readonly WorkerRow[] Rows =
    [
        new(8, 8, 1, 4, 10, true),
        new(24, 24, 1, 16, 20, true),
        new(32, 32, 1, 32, 50, true),
        new(64, 64, 1, 32, 50, true),
        new(128, 128, 1, 32, 50, true),
        new(256, 256, 1, 32, 50, false),
        new(512, 512, 2, 32, 50, false),
    ];

    public static int Run(string[] args)
    {
        if (args is [BusyCore.Verb])
        {
            return BusyCore.Spin();
        }

        Option<int> workers = new("--workers")
        {
            Description = "Workers of training; 0 for the default. Predictions have two, or so many.",
        };
        Option<int> rounds = new("--rounds") { Description = "Pairs of samples for each row.", DefaultValueFactory = _ => 7 };
        Option<double> seconds = new("--seconds") { Description = "Time of a sample.", DefaultValueFactory = _ => 0.12 };
        Option<string> busy = new("--busy")
        {
            Description =
                "What else the machine does: 'free' for nothing, 'any' for a spinning process, or the number of the processor "
                + "that it spins on.",
            DefaultValueFactory = _ => "free",
        };
        Option<string> filter = new("--filter")
        {
            Description = "Only rows whose text contains this.",
            DefaultValueFactory = _ => string.Empty,
        };
        RootCommand command = new("Times several workers over one.") { workers, rounds, seconds, busy, filter };
        command.SetAction(parsed =>
        {
            string other = parsed.GetValue(busy)!;
            using BusyCore? core = other == "free" ? null : new BusyCore(other == "any" ? null : int.Parse(other));
            string ceiling = Environment.ProcessorCount == 1 ? string.Empty
                : $" (two threads: {TwoCores.Ceiling<float>(2):0.00} times the multiply-adds of one)";
            Console.WriteLine($"{Environment.ProcessorCount} processors{ceiling}, busy: {other}");
            foreach (
                WorkerRow row in Rows.Where(row => row.ToString().Contains(parsed.GetValue(filter)!, StringComparison.Ordinal)))
            {
                Measure(row, row.Trains ? parsed.GetValue(workers)
                    : Math.Max(2, parsed.GetValue(workers)), parsed.GetValue(rounds), parsed.GetValue(seconds));
            }
        });
        return command.Parse(args).Invoke();
    }

    // Both in turn, so that a machine that wanders does so for both.
    private static void Measure(WorkerRow row, int workers, int rounds, double seconds)
    {
        Func<int, int, double> run = row.Prepare();
        for (int i = 0; i < 3; i++)
        {
            run(1, 40);
            run(workers, 40);
            Thread.Sleep(120);
        }

        int count = Math.Max(3, (int)(seconds / run(1, 20)));
        List<double> one = [], several = [];
        for (int round = 0; round < rounds; round++)
        {
            one.Add(run(1, count));
            several.Add(run(workers, count));
        }

        double[] ratios = [.. several.Zip(one, (a, b) => a / b).Order()];
        Console.WriteLine(
            $"{row}: one worker {Rounds.MedianOf(one) * 1e6,9:0.0} µs, {(workers == 0 ? "default" : $"{workers}"),7} "
            + $"{Rounds.MedianOf(several) * 1e6,9:0.0} µs,"
            + $" ratio {ratios[ratios.Length / 2]:0.00} ({ratios[0]:0.00} to {ratios[^1]:0.00})");
    }
}
