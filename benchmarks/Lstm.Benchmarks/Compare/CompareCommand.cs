using System.CommandLine;
using System.Text.RegularExpressions;

namespace Lstm.Benchmarks.Compare;

/// <summary>The command line of <c>compare</c>.</summary>
internal static class CompareCommand
{
    public static int Run(string[] args)
    {
        Option<string> filter = new("--filter") { Description = "Only rows whose \"what config\" matches this regular expression.", DefaultValueFactory = _ => "" };
        Option<int> threads = new("--threads") { Description = "Workers of the tape and the workspace.", DefaultValueFactory = _ => 1 };
        Option<double> budget = new("--budget") { Description = "Seconds of timing for each row.", DefaultValueFactory = _ => 3 };
        Option<bool> json = new("--json") { Description = "One JSON object per row instead of the table." };
        Option<bool> inDouble = new("--double") { Description = "Compute in double instead of float." };
        Option<bool> skipCheck = new("--skip-check") { Description = "Do not compare the results with the oracle first." };
        threads.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < 1)
            {
                result.AddError("--threads takes a number from 1.");
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

        RootCommand command = new("Times this library on the configurations of configs.json, against the ceilings of the machine.")
        {
            filter, threads, budget, json, inDouble, skipCheck,
        };
        command.SetAction(parsed =>
        {
            CompareOptions options = new()
            {
                Filter = new(parsed.GetValue(filter)!),
                Threads = parsed.GetValue(threads),
                Budget = parsed.GetValue(budget),
                Json = parsed.GetValue(json),
                SkipCheck = parsed.GetValue(skipCheck),
            };
            return parsed.GetValue(inDouble) ? Comparison<double>.Run(options) : Comparison<float>.Run(options);
        });
        return command.Parse(args).Invoke();
    }
}
