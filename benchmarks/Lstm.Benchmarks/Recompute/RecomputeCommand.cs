using System.CommandLine;
using Lstm.Benchmarks.Memory;
using Lstm.Benchmarks.Timing;

namespace Lstm.Benchmarks.Recompute;

/// <summary>
/// <c>recompute</c>: what a tape holds of one long sequence, whole and computed again in segments, and what that costs in time.
/// </summary>
internal static class RecomputeCommand
{
    // For one direction, layers included: the promise for 100,000 steps of 128 units.
    private const double AllowedMegabytes = 8;

    public static int Run(string[] args)
    {
        Option<int> steps = new("--steps") { Description = "Length of the sequence.", DefaultValueFactory = _ => 100_000 };
        Option<int> units = new("--units") { Description = "Inputs and units.", DefaultValueFactory = _ => 128 };
        Option<int[]> every = new("--every")
        {
            Description = "Steps between kept states; 0 for the square root of the length.",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [0],
        };
        Option<double> budget = new("--budget") { Description = "Seconds for each row.", DefaultValueFactory = _ => 3 };
        RootCommand command =
            new("Compares the tape of a long sequence with that of one computed again in the backward pass.")
            {
                steps, units, every, budget,
            };
        command.SetAction(parsed =>
        {
            Console.WriteLine(
                $"{parsed.GetValue(steps):n0} steps, {parsed.GetValue(units)} inputs and units, 1 sequence; a tape beyond "
                + "input, output and their gradients");
            Console.WriteLine($"{"layers",-16}{"every",8}{"MB",10}{"whole MB",10}{"time",8}");
            TrainingPass.WarmUp();
            foreach (int k in parsed.GetValue(every)!)
            {
                foreach ((int layers, LstmDirection direction) in new[]
                {
                    (1, LstmDirection.Forward), (2, LstmDirection.Forward), (2, LstmDirection.Bidirectional),
                })
                {
                    LstmSpec spec = new(parsed.GetValue(units)) { Layers = layers, Direction = direction };
                    Row(spec, parsed.GetValue(steps), k, parsed.GetValue(budget));
                }
            }
        });
        return command.Parse(args).Invoke();
    }

    private static void Row(LstmSpec spec, int steps, int every, double budget)
    {
        using TrainingPass whole = new(spec.HiddenSize, spec, [steps]);
        using TrainingPass again = new(spec.HiddenSize, spec, [steps], recomputeEvery: every);
        Rounds rounds = Rounds.Take(budget, whole.Run, again.Run);
        double megabytes = Held(again) / 1e6;
        string name = $"{spec.Layers}{(spec.Direction == LstmDirection.Forward ? "" : " both ways")}";
        string verdict = spec.Direction == LstmDirection.Forward && megabytes > AllowedMegabytes
            ? $"  more than {AllowedMegabytes} MB" : "";
        Console.WriteLine($"{name,-16}{every,8}{megabytes,10:0.0}{Held(whole) / 1e6,10:0}{rounds.Ratio(1, 0),8:0.00}{verdict}");
    }

    /// <summary>Bytes of a tape but for the rows of input, output and their gradients; the shapes of those are counted.</summary>
    private static long Held(TrainingPass pass)
    {
        HeldBuffers held = new();
        held.Add("network", pass.Network);
        held.Add("input", pass.Batch);
        held.Add("output", pass.Tape.Output);
        held.Add("output gradient", pass.Tape.OutputGradient);
        held.Add("input gradient", pass.Tape.InputGradient);
        held.Add("tape", pass.Tape);
        return held.All
            .Where(buffer => !buffer.Name.StartsWith("network", StringComparison.Ordinal)
                && !buffer.Name.StartsWith("input.", StringComparison.Ordinal)
                && !buffer.Name.EndsWith("put.buffer", StringComparison.Ordinal)
                && !buffer.Name.EndsWith("gradient.buffer", StringComparison.Ordinal))
            .Sum(buffer => buffer.Bytes);
    }
}
