using Lstm.Tests.Support;

namespace Lstm.Tests.Reference;

/// <summary>The oracle against central differences, before anything is compared with it.</summary>
public class NaiveLstmTests
{
    private const int Input = 3;
    private const int Hidden = 4;

    private readonly Random random = new(3);

    [Theory]
    [InlineData(1, false, 0, 0)]
    [InlineData(1, false, 1, 0)]
    [InlineData(2, false, 2, 0)]
    [InlineData(1, true, 2, 0)]
    [InlineData(3, true, 2, 0)]
    [InlineData(2, true, 1, 2)]
    public void Backward_of_ragged_batch_equals_central_differences(int layers, bool bidirectional, int biases, int projection)
    {
        NaiveLstm lstm = new NaiveLstm(Input, Hidden, layers, bidirectional, projection).Randomize(17, biases);
        CompareWithDifferences(lstm, layers, bidirectional, projection);
    }

    [Theory]
    [InlineData(true, false, 0, 0, 0)]
    [InlineData(false, true, 0, 0, 0)]
    [InlineData(false, false, 0.2, 0, 0)]
    [InlineData(false, false, 0, 0.4, 0)]
    [InlineData(true, true, 0.3, 0.5, 0)]
    [InlineData(true, false, 0.4, 0.8, 2)]
    public void Backward_of_variants_equals_central_differences(
        bool peephole, bool coupled, double cellClip, double clip, int projection)
    {
        NaiveLstm lstm = new NaiveLstm(Input, Hidden, 2, bidirectional: true, projection)
        {
            Peephole = peephole,
            CoupledGates = coupled,
            CellClip = cellClip == 0 ? double.PositiveInfinity : cellClip,
            PreActivationClip = clip == 0 ? double.PositiveInfinity : clip,
        }.Randomize(17);
        CompareWithDifferences(lstm, 2, bidirectional: true, projection);
    }

    private void CompareWithDifferences(NaiveLstm lstm, int layers, bool bidirectional, int projection)
    {
        int directions = bidirectional ? 2 : 1, output = projection > 0 ? projection : Hidden;
        int[] lengths = [3, 0, 1, 4];
        double[][][] x = Sequences(lengths, Input), dOutput = Sequences(lengths, directions * output);
        int[] perChain = [.. Enumerable.Repeat(lengths.Length, layers * directions)];
        double[][][] h0 = Sequences(perChain, output), dh = Sequences(perChain, output);
        double[][][] c0 = Sequences(perChain, Hidden), dc = Sequences(perChain, Hidden);

        double Loss()
        {
            NaiveLstm.Run run = lstm.Forward(x, h0, c0);
            return Dot(run.Output, dOutput) + Dot(run.FinalH, dh) + Dot(run.FinalC, dc);
        }

        NaiveLstm.Gradients gradients = lstm.Backward(lstm.Forward(x, h0, c0), dOutput, dh, dc);
        Assert.Equal(lstm.Parameters.Keys, gradients.Parameters.Keys);
        foreach ((string name, double[] values) in lstm.Parameters)
        {
            Close.Relative(CentralDifferences([values], Loss), gradients.Parameters[name], 1e-6, name);
        }

        Close.Relative(CentralDifferences(x.SelectMany(row => row), Loss), Flat(gradients.Input), 1e-6, "x");
        Close.Relative(CentralDifferences(h0.SelectMany(row => row), Loss), Flat(gradients.InitialH), 1e-6, "h0");
        Close.Relative(CentralDifferences(c0.SelectMany(row => row), Loss), Flat(gradients.InitialC), 1e-6, "c0");
    }

    [Fact]
    public void Forward_of_empty_sequence_keeps_initial_state()
    {
        NaiveLstm lstm = new NaiveLstm(2, 3).Randomize(1);
        NaiveLstm.Run run = lstm.Forward([[]], [[[1, 2, 3]]], [[[4, 5, 6]]]);
        Assert.Empty(run.Output[0]);
        Assert.Equal([1, 2, 3], run.FinalH[0][0]);
        Assert.Equal([4, 5, 6], run.FinalC[0][0]);
    }

    [Fact]
    public void Forward_of_one_unit_equals_equations_by_hand()
    {
        var lstm = new NaiveLstm(1, 1);
        lstm.Parameters["weight_ih_l0"] = [0.1, 0.2, 0.3, 0.4];
        lstm.Parameters["weight_hh_l0"] = [0.5, 0.6, 0.7, 0.8];
        lstm.Parameters["bias_ih_l0"] = [0.9, 1.0, 1.1, 1.2];
        NaiveLstm.Run run = lstm.Forward([[[2.0]]], [[[3.0]]], [[[4.0]]]);
        static double Sigmoid(double z) => 1 / (1 + Math.Exp(-z));
        double c = Sigmoid(0.4 + 1.8 + 1.0) * 4 + Sigmoid(0.2 + 1.5 + 0.9) * Math.Tanh(0.6 + 2.1 + 1.1);
        Assert.Equal(c, run.FinalC[0][0][0], 1e-14);
        Assert.Equal(Sigmoid(0.8 + 2.4 + 1.2) * Math.Tanh(c), run.Output[0][0][0], 1e-14);
    }

    private double[][][] Sequences(int[] lengths, int features) =>
        [.. lengths.Select(length => Enumerable.Range(0, length).Select(_ =>
            Enumerable.Range(0, features).Select(_ => 2 * random.NextDouble() - 1).ToArray()).ToArray())];

    private static double[] CentralDifferences(IEnumerable<double[]> rows, Func<double> loss)
    {
        const double Step = 1e-5;
        var result = new List<double>();
        foreach (double[] row in rows)
        {
            for (int i = 0; i < row.Length; i++)
            {
                double value = row[i];
                row[i] = value + Step;
                double above = loss();
                row[i] = value - Step;
                result.Add((above - loss()) / (2 * Step));
                row[i] = value;
            }
        }

        return [.. result];
    }

    private static double[] Flat(double[][][] values) => [.. values.SelectMany(rows => rows).SelectMany(row => row)];

    private static double Dot(double[][][] a, double[][][] b) => Flat(a).Zip(Flat(b), (x, y) => x * y).Sum();
}
