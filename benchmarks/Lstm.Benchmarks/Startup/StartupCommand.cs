using System.CommandLine;
using System.Diagnostics;
using Lstm.Benchmarks.Timing;

namespace Lstm.Benchmarks.Startup;

/// <summary>
/// <c>startup</c>: what a process pays before its first result, in child processes beside one that does nothing.
/// </summary>
internal static class StartupCommand
{
    // What the library promises for a model of two layers of 128 units.
    private const double LimitMs = 120;

    public static int Run(string[] args)
    {
        if (args is ["child", string what, string path])
        {
            StartupChild.Run(what, path);
            return 0;
        }

        Option<int> count = new("--count")
        {
            Description = "Processes of each kind, taken in turn.",
            DefaultValueFactory = _ => 7,
        };
        Option<bool> methods = new("--methods")
        {
            Description = "List the methods compiled up to the end of the first Step, slowest first.",
        };
        RootCommand command = new(
            "Times a process up to its first step, prediction and training step, less one that does nothing.") { count, methods };
        command.SetAction(parsed => Measure(parsed.GetValue(count), parsed.GetValue(methods)));
        return command.Parse(args).Invoke();
    }

    private static int Measure(int count, bool methods)
    {
        string path = Path.Combine(Path.GetTempPath(), $"lstm-startup-{Environment.ProcessId}.safetensors");
        try
        {
            Network.Create<float>(64, 7, new LstmSpec(128) { Layers = 2 }).Save(path);
            if (methods)
            {
                Console.Write(Start("methods", path).Output);
                return 0;
            }

            return Compare(count, path) <= LimitMs ? 0 : 1;
        }
        finally
        {
            File.Delete(path);
        }
    }

    // Returns the milliseconds of the first Step over nothing.
    private static double Compare(int count, string path)
    {
        string[] kinds = ["nothing", "load", "step", "predict", "train"];
        List<double>[] ms = [.. kinds.Select(_ => new List<double>())];
        string[] said = new string[kinds.Length];
        for (int round = 0; round <= count; round++)
        {
            for (int kind = 0; kind < kinds.Length; kind++)
            {
                (double elapsed, said[kind]) = Start(kinds[kind], path);

                // The first round fetches files into memory.
                if (round > 0)
                {
                    ms[kind].Add(elapsed);
                }
            }
        }

        Console.WriteLine($"{"up to the first",-16}{"ms",9}{"over nothing",14}   inside the process");
        for (int kind = 0; kind < kinds.Length; kind++)
        {
            Console.WriteLine($"{kinds[kind],-16}{Rounds.MedianOf(ms[kind]),9:0.0}{Over(kind),14:0.0}   {said[kind].Trim()}");
        }

        Console.WriteLine($"step over nothing: {Over(2):0.0} ms of at most {LimitMs:0}");
        return Over(2);

        double Over(int kind) => Rounds.MedianOf(ms[kind].Zip(ms[0], (a, b) => a - b));
    }

    private static (double Ms, string Output) Start(string what, string path)
    {
        // The host may be the program itself or dotnet with its path.
        string host = Environment.ProcessPath!;
        string[] arguments = ["startup", "child", what, path];
        if (Path.GetFileNameWithoutExtension(host) == "dotnet")
        {
            arguments = [typeof(StartupCommand).Assembly.Location, .. arguments];
        }

        long start = Stopwatch.GetTimestamp();
        using Process child = Process.Start(new ProcessStartInfo(host, arguments) { RedirectStandardOutput = true })!;
        string output = child.StandardOutput.ReadToEnd();
        child.WaitForExit();
        double elapsed = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        return child.ExitCode == 0 ? (elapsed, output)
            : throw new InvalidOperationException($"The process for '{what}' ended with {child.ExitCode}.");
    }
}
