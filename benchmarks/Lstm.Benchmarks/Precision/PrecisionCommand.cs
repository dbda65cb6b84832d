using System.CommandLine;
using Lstm.Benchmarks.Variants;
using Lstm.Cells;
using Lstm.Specs;

namespace Lstm.Benchmarks.Precision;

/// <summary>
/// <c>precision</c>: the rounding errors of the parameters' gradients over long sequences, 64 inputs and units.
/// </summary>
internal static class PrecisionCommand
{
    private const int Units = 64;

    private static readonly LstmSpec Plain = new(Units) { Initialization = LstmInitialization.PyTorchUniform };

    private static readonly (int Inputs, LayerSpec[] Layers)[] Variants =
    [
        (Units, [Plain with { Cell = new LstmEquations { Peephole = true } }]),
        (Units, [Plain with { Normalization = new LayerNormalization() }]),
        (Units, [Plain with { Normalization = new BatchNormalization { Steps = 1 } }]),
        (Units, [Plain with { Cell = CustomCell.Of("janet", new CustomJanetCell(1)) }]),
        (Units, [Plain with { Direction = LstmDirection.Reverse, Projection = new(32) }, new DenseSpec(10)]),
        (10, [new EmbeddingSpec(Units), Plain]),
    ];

    public static int Run(string[] args)
    {
        Option<int[]> steps = new("--steps")
        {
            Description = "Lengths of the sequences.",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [100, 1000, 3000, 10_000],
        };
        Option<int[]> sequences = new("--sequences")
        {
            Description = "How many sequences.",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [1, 8],
        };
        Option<bool> variants = new("--variants") { Description = "Variants of the layer and other layers too." };
        RootCommand command = new("Compares gradients of float with those of double: largest difference over largest value.")
        {
            steps, sequences, variants,
        };
        command.SetAction(parsed =>
        {
            foreach (int t in parsed.GetValue(steps)!)
            {
                foreach (int b in parsed.GetValue(sequences)!)
                {
                    Row(t, b, Units, Plain);
                    foreach ((int inputs, LayerSpec[] layers) in parsed.GetValue(variants) ? Variants : [])
                    {
                        Row(t, b, inputs, layers);
                    }
                }
            }
        });
        return command.Parse(args).Invoke();
    }

    private static void Row(int steps, int sequences, int inputs, params LayerSpec[] layers)
    {
        Dictionary<string, double> errors = GradientError.Measure(inputs, steps, sequences, layers);
        IEnumerable<string> texts = errors.Select(error => $"{error.Key} {error.Value:0.0e+0}");
        Console.WriteLine($"{steps,6} steps × {sequences}  {string.Join("  ", texts)}");
    }
}
