using System.CommandLine;
using System.CommandLine.Parsing;
using System.Diagnostics;
using Lstm.Tests.Kernels;

namespace Lstm.Benchmarks.Exhaustive;

/// <summary><c>exhaustive</c>: the error of the elementary functions at every float.</summary>
internal static class ExhaustiveCommand
{
    // What the library promises for float.
    private const double Limit = 2;

    private static readonly (string Name, Func<uint, uint, ElementaryError> Measure)[] Functions =
    [
        ("exp", ElementaryError.Measure<ExpFunction>),
        ("log", ElementaryError.Measure<LogFunction>),
        ("log1p", ElementaryError.Measure<Log1pFunction>),
        ("tanh", ElementaryError.Measure<TanhFunction>),
        ("sigmoid", ElementaryError.Measure<SigmoidFunction>),
        ("softplus", ElementaryError.Measure<SoftplusFunction>),
    ];

    public static int Run(string[] args)
    {
        Option<string> function = new("--function") { Description = "Only this function." };
        function.AcceptOnlyFromAmong([.. Functions.Select(f => f.Name)]);
        Option<uint> stride = new("--stride")
        {
            Description = "Only every so many-th bit pattern.",
            DefaultValueFactory = _ => 1,
        };
        Option<int> threads = new("--threads")
        {
            Description = "Threads that share each sweep.",
            DefaultValueFactory = _ => Environment.ProcessorCount,
        };
        stride.Validators.Add(result => RequireBetween(result, result.GetValueOrDefault<uint>(), 1_000_000));
        threads.Validators.Add(result => RequireBetween(result, result.GetValueOrDefault<int>(), 1_000));

        RootCommand command =
            new("Measures the largest error of each elementary function over all 2³² floats.") { function, stride, threads };
        command.SetAction(parsed => Sweep(parsed.GetValue(function), parsed.GetValue(stride), parsed.GetValue(threads)));
        return command.Parse(args).Invoke();
    }

    // Their product has to stay below 2³².
    private static void RequireBetween(OptionResult result, long value, long most)
    {
        if (value < 1 || value > most)
        {
            result.AddError($"{result.Option.Name} takes a number from 1 to {most}.");
        }
    }

    private static int Sweep(string? only, uint stride, int threads)
    {
        bool failed = false;
        foreach ((string name, Func<uint, uint, ElementaryError> measure) in Functions)
        {
            if (only is not null && only != name)
            {
                continue;
            }

            long start = Stopwatch.GetTimestamp();
            ElementaryError[] parts = new ElementaryError[threads];
            Parallel.For(0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads }, worker =>
                parts[worker] = measure((uint)worker * stride, (uint)threads * stride));
            ElementaryError worst = parts.MaxBy(part => part.Ulp);
            failed |= worst.Ulp > Limit;
            Console.WriteLine(
                $"{name,-9} {worst.Ulp:0.0000} ulp at {worst.Argument:g9}, of {parts.Sum(part => part.Count):n0} floats, "
                + $"{Stopwatch.GetElapsedTime(start).TotalSeconds:0} s");
        }

        return failed ? 1 : 0;
    }
}
