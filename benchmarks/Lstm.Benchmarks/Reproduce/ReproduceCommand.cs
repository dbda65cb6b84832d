using System.CommandLine;
using System.Globalization;

namespace Lstm.Benchmarks.Reproduce;

/// <summary><c>reproduce</c>: trains the tasks of the LSTM papers, and says of every seed what became of it.</summary>
internal static class ReproduceCommand
{
    public static int Run(string[] args)
    {
        Argument<string> name = new("name") { Description = $"{string.Join(", ", Catalogue.Names)}, or all." };
        name.AcceptOnlyFromAmong([.. Catalogue.Names, "all"]);
        Option<int> seeds = new("--seeds") { Description = "Seeds 1 … N.", DefaultValueFactory = _ => 5 };
        Option<long?> budget = new("--budget") { Description = "Sequences (symbols, for continual) a run is given at most." };
        Option<string?> setup = new("--setup") { Description = "Only this way of learning." };
        RootCommand command = new("Trains the tasks of the LSTM papers.") { name, seeds, budget, setup };
        command.SetAction(parsed =>
        {
            CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
            string wanted = parsed.GetValue(name)!;
            foreach (Experiment experiment in Catalogue.All.Where(one => wanted == "all" || one.Name == wanted))
            {
                if (parsed.GetValue(setup) is not { } only || only == experiment.Setup.Name)
                {
                    Print(experiment, parsed.GetValue(seeds), parsed.GetValue(budget) ?? experiment.Budget);
                }
            }
        });
        return command.Parse(args).Invoke();
    }

    private static void Print(Experiment experiment, int seeds, long budget)
    {
        Console.WriteLine($"{experiment.Task}; {experiment.Setup.Name}");
        List<Result>[] results = [.. experiment.Goals.Select(_ => new List<Result>())];
        for (int seed = 1; seed <= seeds; seed++)
        {
            foreach ((int goal, Result result) in experiment.Run(seed, budget).Index())
            {
                results[goal].Add(result);
                string what = result.IsMet ? "met after" : "NOT MET in";
                Console.WriteLine(
                    $"  seed {seed}: {experiment.Goals[goal].Criterion}: {what} {result.Presented:n0} {experiment.Unit}, "
                    + $"{result.Elapsed.TotalSeconds:0.0} s  {result.Remark}");
            }
        }

        foreach ((int goal, List<Result> all) in results.Index())
        {
            long[] met = [.. all.Where(result => result.IsMet).Select(result => result.Presented).Order()];
            string median = met.Length == 0 ? "" : $", median {met[met.Length / 2]:n0} {experiment.Unit}";
            Console.WriteLine($"  {met.Length} of {seeds} seeds{median}; published: {experiment.Goals[goal].Published}");
        }
    }
}
