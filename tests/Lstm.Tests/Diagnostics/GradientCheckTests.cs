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
