using Lstm.Tests.Support;

namespace Lstm.Tests.Cells;

/// <summary>One step by hand against the network that runs the whole sequence.</summary>
public class LstmCellTests
{
    private readonly Random _random = new(11);

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(3, 5, 2)]
    [InlineData(40, 17, 4)]
    public void Loop_of_cells_equals_network_bit_for_bit(int inputs, int units, int rows)
    {
        const int Steps = 6;
        LstmCell<double> cell = new(inputs, units, seed: 3);
        double[][] x = [.. Enumerable.Range(0, Steps).Select(_ => Draw(rows * inputs))];
        double[][] dy = [.. Enumerable.Range(0, Steps).Select(_ => Draw(rows * units))];
        LstmStep<double>[] steps = [.. x.Select(_ => cell.CreateStep(rows))];
        double[] h = new double[rows * units], c = new double[rows * units];
        for (int t = 0; t < Steps; t++)
        {
            cell.Forward(x[t], h, c, steps[t]);
            (h, c) = (steps[t].Hidden.ToArray(), steps[t].Cell.ToArray());
        }

        Gradient<double> gradient = cell.CreateGradient();
        double[] dh = dy[^1], dc = new double[rows * units];
        for (int t = Steps - 1; t >= 0; t--)
        {
            cell.Backward(steps[t], dh, dc, gradient);
            dc = steps[t].CellGradient.ToArray();
            dh = steps[t].HiddenGradient.ToArray();
            for (int i = 0; t > 0 && i < dh.Length; i++)
            {
                dh[i] += dy[t - 1][i];
            }
        }

        // The same as one batch: [step][row][feature] is a tensor [T, B, I].
        SequenceBatch<double> batch = ToBatch(x, rows, inputs);
        using Tape<double> tape = cell.Network.CreateTape();
        Gradient<double> whole = cell.CreateGradient();
        NetworkState<double> state = cell.Network.CreateState(rows);
        cell.Network.Forward(batch, state, tape);
        ToBatch(dy, rows, units).Rows.CopyTo(tape.OutputGradient.Rows);
        cell.Network.Backward(tape, whole);

        Close.SameBits<double>(state.Hidden(0), h, "h");
        Close.SameBits<double>(state.Cell(0), c, "c");

        // dh is added up in another order here (the output's gradient last), so the gradients are close, not equal.
        foreach (Parameter parameter in cell.Network.Parameters)
        {
            Close.Relative<double>(Flat(whole, parameter), Flat(gradient, parameter), 1e-12, parameter.Name);
        }

        Close.Relative<double>(tape.InitialStateGradient.Hidden(0), dh, 1e-12, "dh");
        Close.Relative<double>(tape.InitialStateGradient.Cell(0), dc, 1e-12, "dc");
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(4, 7, 3)]
    public void Backward_equals_central_differences(int inputs, int units, int rows)
        => GradientCheck.Cell(new LstmCell<double>(inputs, units, seed: 5), rows).ThrowIfAbove(1e-6);

    [Fact]
    public void Cell_of_network_with_two_layers_throws()
        => Assert.Throws<ArgumentException>("network", () => new LstmCell<float>(Network.Create<float>(2, new LstmSpec(3) { Layers = 2 })));

    [Fact]
    public void Forward_of_wrong_length_names_argument_and_sizes()
    {
        LstmCell<float> cell = new(2, 3);
        LstmStep<float> step = cell.CreateStep(2);
        ArgumentException error = Assert.Throws<ArgumentException>("hidden", () => cell.Forward(new float[4], new float[5], new float[6], step));
        Assert.Contains("5", error.Message);
        Assert.Contains("6", error.Message);
    }

    [Fact]
    public void Forward_of_another_cells_record_throws_and_keeps_it()
    {
        LstmStep<float> step = new LstmCell<float>(2, 3).CreateStep();
        Assert.Throws<ArgumentException>("step", () => new LstmCell<float>(2, 3).Forward([1, 1], [1, 1, 1], [1, 1, 1], step));
        Assert.Throws<ArgumentException>("step", () => new LstmCell<float>(1, 3).Forward([1], [1, 1, 1], [1, 1, 1], step));
        Assert.Equal([0, 0, 0], step.Hidden.ToArray());
    }

    [Fact]
    public void Backward_before_Forward_throws()
    {
        LstmCell<float> cell = new(2, 3);
        Assert.Throws<InvalidOperationException>(() => cell.Backward(cell.CreateStep(), new float[3], new float[3], cell.CreateGradient()));
    }

    private static SequenceBatch<double> ToBatch(double[][] steps, int rows, int features)
        => SequenceBatch.FromSequences<double>(
            [.. Enumerable.Range(0, rows).Select(b => steps.SelectMany(step => step.Skip(b * features).Take(features)).ToArray())], features);

    private static double[] Flat(Gradient<double> gradient, Parameter parameter)
    {
        double[] values = new double[parameter.Count];
        parameter.Unpack<double>(gradient.Flat, values);
        return values;
    }

    private double[] Draw(int count) => [.. Enumerable.Range(0, count).Select(_ => (2 * _random.NextDouble()) - 1)];
}
