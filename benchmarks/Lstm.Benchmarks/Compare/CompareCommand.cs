using System.CommandLine;
using System.Text.RegularExpressions;

namespace Lstm.Benchmarks.Compare;

/// <summary>The command line of <c>compare</c>.</summary>
internal static class CompareCommand
{
    public static int Run(string[] args)
    {
        Option<string> filter = new("--filter")
        {
            Description = "Only rows whose \"what config\" matches this regular expression.",
            DefaultValueFactory = _ => "",
        };
        Option<int> threads = new("--threads")
        {
            Description = "Workers of the tape and the workspace.",
            DefaultValueFactory = _ => 1,
        };
        Option<double> budget = new("--budget") { Description = "Seconds of timing for each row.", DefaultValueFactory = _ => 3 };
        Option<double> peak = new("--peak")
        {
            Description = "The best P ever seen on this machine, in GFLOP/s: samples far below it do not count.",
        };
        Option<bool> json = new("--json") { Description = "One JSON object per row instead of the table." };
        Option<bool> inDouble = new("--double") { Description = "Compute in double instead of float." };
        Option<bool> skipCheck = new("--skip-check") { Description = "Do not compare the results with the oracle first." };
        Option<bool> peers = new("--peers")
        {
            Description = "Time the installed scripts of benchmarks/peers on the same rows, in turn with ours.",
        };
        Option<bool> write = new("--write")
        {
            Description = "Put the rows into docs/performance.md, beside those of other runs.",
        };
        Option<bool> list = new("--list") { Description = "Name the rows and time nothing." };
        threads.Validators.Add(result =>
        {
            int count = result.GetValueOrDefault<int>();
            if (count < 1 || count > Environment.ProcessorCount)
            {
                result.AddError($"--threads {count}: this process may use 1 to {Environment.ProcessorCount} processors.");
            }
        });

        filter.Validators.Add(result =>
        {
            try
            {
                _ = new Regex(result.GetValueOrDefault<string>() ?? "");
            }
            catch (RegexParseException e)
            {
                result.AddError(e.Message);
            }
        });

        RootCommand command =
            new("Times this library on the configurations of configs.json, against the ceilings of the machine and its targets.")
        {
            filter, threads, budget, peak, json, inDouble, skipCheck, peers, write, list,
        };
        command.SetAction(parsed =>
        {
            CompareOptions options = new()
            {
                Filter = new(parsed.GetValue(filter)!),
                Threads = parsed.GetValue(threads),
                Budget = parsed.GetValue(budget),
                Peak = parsed.GetValue(peak),
                Json = parsed.GetValue(json),
                SkipCheck = parsed.GetValue(skipCheck),
                Peers = parsed.GetValue(peers),
                Write = parsed.GetValue(write),
                List = parsed.GetValue(list),
            };
            return parsed.GetValue(inDouble) ? Comparison<double>.Run(options) : Comparison<float>.Run(options);
        });
        return command.Parse(args).Invoke();
    }
}
