using System.CommandLine;
using Lstm.Benchmarks.Timing;

namespace Lstm.Benchmarks.Variants;

/// <summary><c>variants</c>: forward and backward, and a step of a stream, of each variant of the cell beside the plain one.</summary>
internal static class VariantsCommand
{
    private const double Allowed = 0.90;

    // A step's weights stay in the second-level cache: beyond, what is timed is where they happen to lie.
    private const int StepUnits = 64;

    public static int Run(string[] args)
    {
        Option<double> budget = new("--budget") { Description = "Seconds for each row.", DefaultValueFactory = _ => 1.5 };
        Option<int> units = new("--units") { Description = "Inputs and hidden units.", DefaultValueFactory = _ => 256 };
        RootCommand command = new("Times the variants of the cell beside the plain one; 32 sequences of 50 steps, one layer.") { budget, units };
        command.SetAction(parsed =>
        {
            TrainingPass.WarmUp();
            int size = parsed.GetValue(units);
            LstmSpec plain = new(size);
            Console.WriteLine($"{"speed over the plain cell's",-40}{"training",10}{"step of 64",12}");
            Compare("plain", plain, plain, parsed.GetValue(budget));
            Compare("peephole", plain with { Peephole = true }, plain, parsed.GetValue(budget));
            Compare("coupled gates", plain with { CoupledGates = true }, plain, parsed.GetValue(budget));
            Compare("cell clip", plain with { CellClip = 3 }, plain, parsed.GetValue(budget));
            Compare("pre-activation clip", plain with { PreActivationClip = 3 }, plain, parsed.GetValue(budget));
            LstmSpec all = plain with { Peephole = true, CoupledGates = true, CellClip = 3, PreActivationClip = 3 };
            Compare("peephole, coupled, clipped", all, plain, parsed.GetValue(budget));
            LstmActivation relu = new(LstmActivationFunction.Relu);
            Compare("relu for the candidate and c", plain with { CellActivation = relu, HiddenActivation = relu }, plain, parsed.GetValue(budget));
            Compare("hard sigmoid gates, softsign", plain with { GateActivation = new(LstmActivationFunction.HardSigmoid, 0.2, 0.5), CellActivation = new(LstmActivationFunction.Softsign) }, plain, parsed.GetValue(budget));
            Compare("custom, the plain one's equations", plain with { Cell = CustomCell.Of("plain", default(CustomPlainCell)) }, plain, parsed.GetValue(budget));
            Compare("custom, the example's JANET", plain with { Cell = CustomCell.Of("janet", new CustomJanetCell(1)) }, plain, parsed.GetValue(budget));
        });
        return command.Parse(args).Invoke();
    }

    private static void Compare(string name, LstmSpec variant, LstmSpec plain, double budget)
    {
        int[] lengths = TrainingPass.Dense(32, 50);
        using TrainingPass a = new(plain.HiddenSize, variant, lengths);
        using TrainingPass b = new(plain.HiddenSize, plain, lengths);
        using NetworkStream<float> c = Lstm.Network.Create<float>(StepUnits, 7, variant with { HiddenSize = StepUnits }).OpenStream();
        using NetworkStream<float> d = Lstm.Network.Create<float>(StepUnits, 7, plain with { HiddenSize = StepUnits }).OpenStream();
        float[] x = new float[StepUnits], y = new float[StepUnits];
        double training = 1 / Rounds.Take(budget, a.Run, b.Run).Ratio(0, 1);
        double step = 1 / Rounds.Take(budget / 2, () => c.Step(x, y), () => d.Step(x, y)).Ratio(0, 1);
        Console.WriteLine($"{name,-40}{training,10:0.00}{step,12:0.00}{(training >= Allowed ? "" : "  under 0.90")}");
    }
}
