using System.CommandLine;
using System.Diagnostics;

namespace Lstm.Benchmarks.Stress;

/// <summary>
/// <c>stress</c>: threads that misuse every public object at random, in processes of their own, since a crash ends the process.
/// </summary>
internal static class StressCommand
{
    private const int SecondsOfProcess = 10;

    public static int Run(string[] args)
    {
        if (args is ["child", string childSeconds, string childSeed])
        {
            Console.WriteLine(StressRun.Run(TimeSpan.FromSeconds(int.Parse(childSeconds)), int.Parse(childSeed)).ToLine());
            return 0;
        }

        Option<int> seconds = new("--seconds") { Description = "How long, at least 1.", DefaultValueFactory = _ => 60 };
        Option<int?> seed = new("--seed")
        {
            Description =
                "What the threads choose from; drawn when it is not given. The order in which they run is the system's.",
        };
        RootCommand command = new("Misuses every public object from several threads and checks each result.") { seconds, seed };
        command.SetAction(parsed => Run(Math.Max(1, parsed.GetValue(seconds)), parsed.GetValue(seed) ?? Random.Shared.Next()));
        return command.Parse(args).Invoke();
    }

    private static int Run(int seconds, int seed)
    {
        Console.WriteLine($"seed {seed}");
        StressReport total = new();
        for (int done = 0; done < seconds; done += SecondsOfProcess)
        {
            total.Add(RunChild(Math.Min(SecondsOfProcess, seconds - done), seed++));
        }

        Console.WriteLine(total);
        return total.IsClean ? 0 : 1;
    }

    private static StressReport RunChild(int seconds, int seed)
    {
        string host = Environment.ProcessPath!;
        string[] arguments = ["stress", "child", $"{seconds}", $"{seed}"];
        if (Path.GetFileNameWithoutExtension(host) == "dotnet")
        {
            arguments = [typeof(StressCommand).Assembly.Location, .. arguments];
        }

        using Process child = Process.Start(new ProcessStartInfo(host, arguments) { RedirectStandardOutput = true })!;
        Task<string> output = child.StandardOutput.ReadToEndAsync();
        bool ended = child.WaitForExit(TimeSpan.FromSeconds(seconds + 120));
        if (!ended)
        {
            child.Kill();
        }

        string text = output.Result;
        if (ended && child.ExitCode == 0)
        {
            return StressReport.Parse(text.Trim().Split('\n')[^1]);
        }

        string what = ended ? $"ended with exit code {child.ExitCode}" : "did not end";
        return new StressReport { Crashes = 1, Failures = { [$"process of seed {seed}"] = what } };
    }
}
