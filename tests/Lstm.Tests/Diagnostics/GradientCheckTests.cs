


using Lstm.Diagnostics;
using Lstm.Specs;

namespace Lstm.Tests.Diagnostics;

/// <summary>The checker itself: it has to pass right gradients and to catch wrong ones.</summary>
public class GradientCheckTests
{
    [Fact]
    public void Function_with_right_gradient_passes_and_restores_values()
    {
        double[] x = [0.3, -1.2, 2.0];
        GradientCheckEntry entry = GradientCheck.Function("cubes", x, () => x.Sum(v => v * v * v), [.. x.Select(v => 3 * v * v)]);
        Assert.InRange(entry.Error, 0, 1e-8);
        Assert.Equal([0.3, -1.2, 2.0], x);
    }

    [Fact]
    public void Function_with_one_wrong_element_names_it()
    {
        double[] x = [0.3, -1.2, 2.0];
        GradientCheckEntry entry = GradientCheck.Function("squares", x, () => x.Sum(v => v * v), [0.6, -2.4001, 4]);
        Assert.Equal(1, entry.Index);
        Assert.InRange(entry.Error, 4e-5, 5e-5);
        GradientCheckResult result = new([entry]);
        Assert.Contains("squares", Assert.Throws<InvalidOperationException>(() => result.ThrowIfAbove()).Message);
    }

    public static TheoryData<string> Delicate => [.. Specs.Keys];

    // Gradients that rounding drowns, and functions that bend within the default step.
    private static readonly Dictionary<string, LstmSpec> Specs = new()
    {
        ["batch norm"] = new LstmSpec(5) { Normalization = new BatchNormalization() },
        ["long memory"] = new LstmSpec(5) { MemorySpan = 1000 },
        ["layer norm of a learned state"] = new LstmSpec(5)
        {
            Normalization = new LayerNormalization(),
            LearnInitialState = true,
        },
    };

    [Theory]
    [MemberData(nameof(Delicate))]
    public void Network_of_right_gradients_passes_as_it_is(string name)
    {
        Network<double> network = Network.Create<double>(2, 3, Specs[name], new DenseSpec(1));
        SequenceBatch<double> input =
            SequenceBatch.FromSequences<double>([[0.5, -0.2, 0.1, 0.4, -0.3, 0.8], [0.9, 0.3, -0.7, 0.2], [0.1, 0.1]], 2);
        SequenceBatch<double> target = SequenceBatch.FromSequences<double>([[0.1, 0.2, 0.3], [0.4, 0.5], [-0.6]]);
        GradientCheck.Network(network, new MeanSquaredError<double>(), new TrainingBatch<double>(input, target))
            .ThrowIfAbove(1e-6);
        GradientCheck.Network(network, new MeanSquaredError<double>(), new TrainingBatch<double>(input, target), training: true)
            .ThrowIfAbove(1e-6);
    }

    [Theory]
    [InlineData(1e-9, 1 + 1e-3)]      // small, and wrong by a thousandth
    [InlineData(1, 1 + 1e-5)]
    [InlineData(1e6, 1 + 1e-5)]
    [InlineData(1, 0)]
    public void Function_that_bends_within_the_step_still_catches_a_wrong_gradient(double size, double factor)
    {
        // x/√(x² + 10⁻⁶): its slope lives on a scale of 10⁻³.
        double[] x = [0.0004, 0.002];
        double[] slopes = [.. x.Select(v => size * 1e-6 / Math.Pow((v * v) + 1e-6, 1.5))];
        double F() => size * x.Sum(v => v / Math.Sqrt((v * v) + 1e-6));
        Assert.InRange(GradientCheck.Function("right", x, F, slopes).Error, 0, 1e-6);
        Assert.InRange(
            GradientCheck.Function("wrong", x, F, [slopes[0], slopes[1] * factor]).Error, 0.9 * Math.Abs(1 - factor),
            double.PositiveInfinity);
    }

    [Theory]
    [InlineData(1e12, 1, GradientCheck.DefaultStep)]
    [InlineData(1e8, 1e-4, GradientCheck.DefaultStep)]
    [InlineData(1, 1, 1e-15)]
    public void Function_whose_slope_drowns_in_rounding_still_catches_a_wrong_gradient(double level, double slope, double step)
    {
        double[] x = [0.5];
        Assert.InRange(
            GradientCheck.Function("wrong", x, () => level + (slope * x[0]), [0], step).Error, 0.1, double.PositiveInfinity);
        Assert.InRange(GradientCheck.Function("right", x, () => level + (slope * x[0]), [slope], step).Error, 0, 1e-6);
        Assert.Equal(0, GradientCheck.Function("none", x, () => level, [0], step).Error);
    }

    [Fact]
    public void Function_that_is_NaN_fails()
    {
        double[] x = [1];
        GradientCheckEntry entry = GradientCheck.Function("nan", x, () => double.NaN, [0]);
        Assert.True(double.IsNaN(entry.Error));
        Assert.Throws<InvalidOperationException>(() => new GradientCheckResult([entry]).ThrowIfAbove());
        Assert.True(double.IsNaN(new GradientCheckResult([new GradientCheckEntry("fine", 0, 0, 0, 0), entry]).Error));
    }

    [Fact]
    public void Network_with_dropout_and_loss_passes_and_is_left_as_it_was()
    {
        Network<double> network = Network.Create<double>(2, 4, new LstmSpec(5) { Layers = 2, Dropout = 0.3 }, new DenseSpec(1));
        SequenceBatch<double> input = SequenceBatch.FromSequences<double>([[0.1, -0.4, 0.7, 0.2], [], [0.5, 0.6]], 2);
        SequenceBatch<double> target = SequenceBatch.FromSequences<double>([[0.3, -0.2], [], [0.9]]);
        double[] before = network.Flat.ToArray();
        double[] data = input.Rows.ToArray();
        GradientCheckResult result = GradientCheck.Network(
            network, new MeanSquaredError<double>(), new TrainingBatch<double>(input, target), training: true);
        result.ThrowIfAbove(1e-6);
        Assert.Equal([.. network.Parameters.Select(p => p.Name), "input"], result.Entries.Select(e => e.Name));
        Assert.Equal(before, network.Flat.ToArray());
        Assert.Equal(data, input.Rows.ToArray());
    }

    [Fact]
    public void Function_of_wrong_length_throws()
    {
        double[] x = [1, 2];
        Assert.Throws<ArgumentException>("gradient", () => GradientCheck.Function("f", x, () => 0, [1]));
        Assert.Throws<ArgumentOutOfRangeException>("step", () => GradientCheck.Function("f", x, () => 0, [1, 2], step: 0));
    }
}
