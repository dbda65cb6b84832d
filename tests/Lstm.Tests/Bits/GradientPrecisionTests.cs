using Lstm.Benchmarks.Precision;
using Lstm.Benchmarks.Variants;
using Lstm.Cells;
using Lstm.Specs;

namespace Lstm.Tests.Bits;

/// <summary>
/// Rounding errors of gradients over thousands of steps, in float against double, relative to each parameter's largest value.
/// </summary>
/// <remarks>
/// One chain over all rows has errors of 2.1e-6 to 7.3e-6 in the worst parameter of each case, blocks of rows 4.7e-7 to 8.1e-7.
/// </remarks>
public class GradientPrecisionTests
{
    private const int Units = 64;
    private const double Most = 1.2e-6;

    private static readonly LstmSpec Plain = new(Units) { Initialization = LstmInitialization.PyTorchUniform };

    private static Dictionary<string, LayerSpec[]> Cases => new()
    {
        ["plain"] = [Plain],
        ["peephole"] = [Plain with { Cell = new LstmEquations { Peephole = true } }],
        ["layer norm"] = [Plain with { Normalization = new LayerNormalization() }],
        ["batch norm"] = [Plain with { Normalization = new BatchNormalization { Steps = 1 } }],
        ["custom cell"] = [Plain with { Cell = CustomCell.Of("janet", new CustomJanetCell(1)) }],
        ["reverse, projected, dense"] =
        [
            Plain with { Direction = LstmDirection.Reverse, Projection = new(32) },
            new DenseSpec(10),
        ],
    };

    // Several rows of a step are measured by batch norm, which makes dz itself less exact.
    [Theory]
    [InlineData("plain", 1)]
    [InlineData("plain", 8)]
    [InlineData("peephole", 8)]
    [InlineData("layer norm", 8)]
    [InlineData("batch norm", 1)]
    [InlineData("custom cell", 8)]
    [InlineData("reverse, projected, dense", 8)]
    public void Gradients_over_3000_steps_are_exact(string name, int sequences)
        => Assert.All(
            GradientError.Measure(Units, 3000, sequences, Cases[name]),
            error => Assert.True(error.Value <= Most, $"{error.Key}: {error.Value:e2}"));
}
