using System.CommandLine;
using Lstm.Benchmarks.Timing;
using Lstm.Cells;
using Lstm.Specs;

namespace Lstm.Benchmarks.Variants;

/// <summary>
/// <c>variants</c>: forward and backward, and a step of a stream, of each variant of the LSTM beside the plain one.
/// </summary>
internal static class VariantsCommand
{
    // A step's weights stay in the second-level cache: beyond, what is timed is where they happen to lie.
    private const int StepUnits = 64;

    public static int Run(string[] args)
    {
        Option<double> budget = new("--budget") { Description = "Seconds for each row.", DefaultValueFactory = _ => 1.5 };
        Option<int> units = new("--units") { Description = "Inputs and hidden units.", DefaultValueFactory = _ => 256 };
        RootCommand command =
            new("Times the variants of the LSTM beside the plain one; 32 sequences of 50 steps, one layer.") { budget, units };
        command.SetAction(parsed =>
        {
            TrainingPass.WarmUp();
            LstmSpec plain = new(parsed.GetValue(units));
            Console.WriteLine($"{"speed over the plain layer's",-40}{"training",10}{"target",8}{"step of 64",12}");
            foreach ((string name, LstmSpec variant, double target) in All(plain))
            {
                Compare(name, variant, plain, target, parsed.GetValue(budget));
            }
        });
        return command.Parse(args).Invoke();
    }

    private static IEnumerable<(string Name, LstmSpec Variant, double Target)> All(LstmSpec plain)
    {
        LstmActivation softsign = new(LstmActivationFunction.Softsign), relu = new(LstmActivationFunction.Relu);
        yield return ("plain", plain, 0.9);
        yield return ("peephole", plain with { Cell = new LstmEquations { Peephole = true } }, 0.9);
        yield return ("coupled gates", plain with { Cell = new LstmEquations { CoupledGates = true } }, 0.9);
        yield return ("cell clip", plain with { Cell = new LstmEquations { CellClip = 3 } }, 0.9);
        yield return ("pre-activation clip", plain with { Cell = new LstmEquations { PreActivationClip = 3 } }, 0.9);
        yield return (
            "peephole, coupled, both clips",
            plain with
            {
                Cell = new LstmEquations
                {
                    Peephole = true,
                    CoupledGates = true,
                    CellClip = 3,
                    PreActivationClip = 3
                }
            }, 0.9);
        yield return (
            "scaled tanh, softplus",
            plain with
            {
                Cell = new LstmEquations
                {
                    CellActivation = new(LstmActivationFunction.ScaledTanh, 2, 0.5),
                    HiddenActivation = new(LstmActivationFunction.Softplus)
                }
            }, 0.9);
        yield return (
            "elu for the candidate and c",
            plain with
            {
                Cell = new LstmEquations
                {
                    CellActivation = new(LstmActivationFunction.Elu, 1),
                    HiddenActivation = new(LstmActivationFunction.Elu, 1)
                }
            }, 0.9);
        yield return (
            "relu for the candidate and c",
            plain with { Cell = new LstmEquations { CellActivation = relu, HiddenActivation = relu } }, 0.9);
        yield return (
            "hard sigmoid gates, softsign",
            plain with
            {
                Cell = new LstmEquations
                {
                    GateActivation = new(LstmActivationFunction.HardSigmoid, 0.2, 0.5),
                    CellActivation = softsign
                }
            }, 0.9);
        yield return ("input dropout", plain with { Regularization = new() { InputDropout = 0.3 } }, 0.9);
        yield return ("recurrent dropout", plain with { Regularization = new() { RecurrentDropout = 0.3 } }, 0.9);
        yield return ("candidate dropout", plain with { Cell = new LstmEquations { CandidateDropout = 0.3 } }, 0.9);
        yield return ("weight dropout", plain with { Regularization = new() { WeightDropout = 0.3 } }, 0.9);
        yield return (
            "zoneout of c and h", plain with { Regularization = new() { CellZoneout = 0.3, HiddenZoneout = 0.1 } }, 0.9);
        yield return ("no forget gate", plain with { Cell = new LstmEquations { ForgetGate = false } }, 0.9);
        yield return (
            "no forget gate, truncated gradient",
            plain with { Cell = new LstmEquations { ForgetGate = false }, TruncatedGradient = true }, 0.9);
        yield return ("projection to a half, per FLOP", plain with { Projection = new(Math.Max(1, plain.HiddenSize / 2)) }, 0.85);
        yield return ("recurrent gates, per FLOP", plain with { Cell = new LstmEquations { GateRecurrence = true } }, 0);
        yield return ("layer norm", plain with { Normalization = new LayerNormalization() }, 0.75);
        yield return ("batch norm", plain with { Normalization = new BatchNormalization() }, 0.65);
        yield return ("custom cell: the plain one", plain with { Cell = CustomCell.Of("plain", default(CustomPlainCell)) }, 0.9);
        yield return ("custom cell: JANET", plain with { Cell = CustomCell.Of("janet", default(CustomJanetCell)) }, 0.9);
    }

    private static void Compare(string name, LstmSpec variant, LstmSpec plain, double target, double budget)
    {
        int[] lengths = TrainingPass.Dense(32, 50);
        using TrainingPass a = new(plain.HiddenSize, variant, lengths);
        using TrainingPass b = new(plain.HiddenSize, plain, lengths);
        using NetworkStream<float> c = Lstm.Network.Create<float>(StepUnits, 7, Narrow(variant)).OpenStream();
        using NetworkStream<float> d = Lstm.Network.Create<float>(StepUnits, 7, Narrow(plain)).OpenStream();
        // Not zeros: states that die away are soon too small for the hardware's fast path.
        float[] x = [.. Enumerable.Range(0, StepUnits).Select(i => (i % 7 * 0.3f) - 1)];
        float[] yOfPlain = new float[StepUnits], yOfVariant = new float[Narrow(variant).StateSize];
        Rounds.WarmUp(StepVariant, StepPlain);
        double training = Work(variant) / Work(plain) / Rounds.Take(budget, a.Run, b.Run).Ratio(0, 1);
        double step = 1 / Rounds.Take(budget / 2, StepVariant, StepPlain).Ratio(0, 1);
        Console.WriteLine(
            $"{name,-40}{training,10:0.00}{(target > 0 ? target.ToString("0.00") : "-"),8}{step,12:0.00}"
            + $"{(training >= target ? "" : "  under the target")}");

        void StepVariant() => c.Step(x, yOfVariant);

        void StepPlain() => d.Step(x, yOfPlain);
    }

    // Multiply-adds of a row, of layers with as many inputs as units.
    private static double Work(LstmSpec spec)
    {
        double h = spec.HiddenSize, size = spec.StateSize;
        return (4 * h * (h + size)) + (spec.Projection is null ? 0 : h * size) + (spec.Equations.GateRecurrence ? 9 * h * h : 0);
    }

    private static LstmSpec Narrow(LstmSpec spec)
        => spec with { HiddenSize = StepUnits, Projection = spec.Projection is null ? null : new(StepUnits / 2) };
}
