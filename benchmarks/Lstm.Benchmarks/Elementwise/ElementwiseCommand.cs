using System.CommandLine;
using Lstm.Benchmarks.Timing;

namespace Lstm.Benchmarks.Elementwise;

/// <summary>
/// <c>elementwise</c>: what touches each number once or twice, against moving the same bytes; and what it adds to a training
/// step.
/// </summary>
internal static class ElementwiseCommand
{
    public static int Run(string[] args)
    {
        Option<double> budget = new("--budget") { Description = "Seconds for each row.", DefaultValueFactory = _ => 0.5 };
        Option<bool> steps = new("--steps") { Description = "Only what the update adds to a training step." };
        RootCommand command =
            new("Times optimizers, clipping, activations and dropout in GB/s, beside loops that only move the bytes.")
            {
                budget, steps,
            };
        command.SetAction(parsed =>
        {
            TrainingPass.WarmUp();
            double seconds = parsed.GetValue(budget);
            if (!parsed.GetValue(steps))
            {
                StreamRows.Print(seconds);
            }

            StepRows.Print(4 * seconds);
        });
        return command.Parse(args).Invoke();
    }
}
