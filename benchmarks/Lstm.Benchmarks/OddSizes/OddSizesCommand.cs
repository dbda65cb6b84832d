using System.CommandLine;
using Lstm.Benchmarks.Timing;

namespace Lstm.Benchmarks.OddSizes;

/// <summary>
/// <c>odd</c>: what an operation costs at sizes that fill neither a line nor a tile, against the next round size.
/// </summary>
/// <remarks>
/// Round is a multiple of 16 for units, since a panel is a line of 16 floats; the next power of two for few inputs and a
/// multiple of 16 for more; for sequences a multiple of 6 or 8, the rows of a tile and the next power of two.
/// </remarks>
internal static class OddSizesCommand
{
    private const double Allowed = 1.15;

    private static readonly ((int I, int H, int B) Odd, (int I, int H, int B) Round)[] Pairs =
    [
        ((256, 100, 32), (256, 112, 32)),
        ((256, 150, 32), (256, 160, 32)),
        ((256, 250, 32), (256, 256, 32)),
        ((100, 100, 32), (112, 112, 32)),
        ((3, 256, 32), (4, 256, 32)),
        ((7, 256, 32), (8, 256, 32)),
        ((33, 256, 32), (48, 256, 32)),
        ((3, 64, 32), (4, 64, 32)),
        ((7, 64, 32), (8, 64, 32)),
        ((33, 64, 32), (48, 64, 32)),
        ((256, 256, 5), (256, 256, 6)),
        ((256, 256, 7), (256, 256, 8)),
        ((256, 256, 31), (256, 256, 32)),
    ];

    public static int Run(string[] args)
    {
        Option<double> budget = new("--budget") { Description = "Seconds for each row.", DefaultValueFactory = _ => 1.5 };
        RootCommand command =
            new("Times forward and backward per operation at odd sizes beside round ones; 50 steps, one layer.") { budget };
        command.SetAction(parsed =>
        {
            TrainingPass.WarmUp();
            Console.WriteLine($"{"odd",-18}{"round",-18}{"of P",6}{"of P",8}{"cost of an operation",23}");
            foreach (((int I, int H, int B) odd, (int I, int H, int B) round) in Pairs)
            {
                Compare(odd, round, parsed.GetValue(budget));
            }

            for (int sequences = 1; sequences <= 3; sequences++)
            {
                CompareWithWeights(sequences, parsed.GetValue(budget));
            }
        });
        return command.Parse(args).Invoke();
    }

    private static void Compare((int I, int H, int B) odd, (int I, int H, int B) round, double budget)
    {
        using TrainingPass a = Pass(odd);
        using TrainingPass b = Pass(round);
        PeakProbe peak = new();
        Rounds rounds = Rounds.Take(budget, a.Run, b.Run, peak.Run);
        double cost = rounds.Ratio(0, 1) * b.Flops / a.Flops;
        Console.WriteLine(
            $"{Name(odd),-18}{Name(round),-18}{a.Flops / peak.Flops / rounds.Ratio(0, 2),6:0.00}"
            + $"{b.Flops / peak.Flops / rounds.Ratio(1, 2),8:0.00}"
            + $"{cost,16:0.00} times{(cost <= Allowed ? "" : "  over 1.15")}");
    }

    // One to three sequences cannot reach P: the weights are read for each step.
    private static void CompareWithWeights(int sequences, double budget)
    {
        (int, int, int) sizes = (256, 256, sequences);
        using TrainingPass a = Pass(sizes);
        PeakProbe peak = new();
        Rounds rounds = Rounds.Take(budget, a.Run, peak.Run);
        double fraction = a.Flops / peak.Flops / rounds.Ratio(0, 1);
        Console.WriteLine($"{Name(sizes),-18}{"",-18}{fraction,6:0.00}   {WeightReads.Verdict(256, 256, sequences, fraction)}");
    }

    private static TrainingPass Pass((int I, int H, int B) sizes) => new(sizes.I, sizes.H, 1, TrainingPass.Dense(sizes.B, 50));

    private static string Name((int I, int H, int B) sizes) => $"I{sizes.I}_H{sizes.H}_B{sizes.B}";
}
