using Lstm.Cells;
using Lstm.Diagnostics;
using Lstm.Parameters;
using Lstm.Specs;
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

    public static TheoryData<string> Regularised => [.. Specs.Keys];

    private static readonly Dictionary<string, LstmSpec> Specs = new()
    {
        ["input dropout"] = new LstmSpec(9) { Regularization = new() { InputDropout = 0.5 } },
        ["recurrent dropout"] = new LstmSpec(9) { Regularization = new() { RecurrentDropout = 0.5 } },
        ["candidate dropout"] = new LstmSpec(9) { Cell = new LstmEquations { CandidateDropout = 0.5 } },
        ["weight dropout"] = new LstmSpec(9) { Regularization = new() { WeightDropout = 0.5 } },
        ["zoneout"] = new LstmSpec(9) { Regularization = new() { HiddenZoneout = 0.4, CellZoneout = 0.5 } },
        ["all, projected and normalised"] = new LstmSpec(9)
        {
            Regularization = new()
            {
                InputDropout = 0.2,
                RecurrentDropout = 0.2,
                WeightDropout = 0.2,
                HiddenZoneout = 0.2,
                CellZoneout = 0.2,
            },
            Cell = new LstmEquations { CandidateDropout = 0.2 },
            Projection = new(5),
            Normalization = new LayerNormalization(),
        },
    };

    [Theory]
    [MemberData(nameof(Regularised))]
    public void Loop_of_cells_in_training_equals_network_in_training_bit_for_bit(string name)
    {
        const int Steps = 5, Rows = 3, Inputs = 4;
        LstmCell<double> cell = new(Network.Create<double>(Inputs, 3, Specs[name]));
        double[][] x = [.. Enumerable.Range(0, Steps).Select(_ => Draw(Rows * Inputs))];
        double[] h = new double[Rows * cell.HiddenSize], c = new double[Rows * cell.CellSize];
        List<double[]> outputs = [];
        for (int t = 0; t < Steps; t++)
        {
            LstmStep<double> step = cell.CreateStep(Rows);
            (step.Training, step.DropoutSeed, step.DropoutDraw, step.Index) = (true, 5, 7, t);
            cell.Forward(x[t], h, c, step);
            (h, c) = (step.Hidden.ToArray(), step.Cell.ToArray());
            outputs.Add(h);
        }

        SequenceBatch<double> batch = ToBatch(x, Rows, Inputs);
        using Tape<double> tape = cell.Network.CreateTape();
        (tape.DropoutSeed, tape.DropoutDraw) = (5, 7);
        NetworkState<double> state = cell.Network.CreateState(Rows);
        SequenceBatch<double> output = cell.Network.Forward(batch, state, tape);
        for (int t = 0; t < Steps; t++)
        {
            for (int b = 0; b < Rows; b++)
            {
                Close.SameBits<double>(
                    output[b, t], outputs[t].AsSpan(b * cell.HiddenSize, cell.HiddenSize), $"h of row {b} at step {t}");
            }
        }

        Close.SameBits<double>(state.Cell(0), c, "c");
    }

    [Theory]
    [MemberData(nameof(Regularised))]
    public void Forward_is_that_of_inference_unless_told_otherwise(string name)
    {
        Network<double> network = Network.Create<double>(4, 3, Specs[name]);
        LstmCell<double> cell = new(network);
        double[] x = Draw(4), h = Draw(cell.HiddenSize), c = Draw(cell.CellSize);
        LstmStep<double> step = cell.CreateStep();
        NetworkState<double> state = network.CreateState(1);
        h.CopyTo(state.Hidden(0));
        c.CopyTo(state.Cell(0));
        double[] expected = network.Predict(SequenceBatch.FromSequences<double>([x], 4), state).Rows.ToArray();
        for (int again = 0; again < 2; again++)
        {
            cell.Forward(x, h, c, step);
            Close.SameBits<double>(expected, step.Hidden, "h");
        }
    }

    [Theory]
    [MemberData(nameof(Regularised))]
    public void Backward_of_dropout_equals_central_differences(string name)
    {
        LstmCell<double> cell = new(Network.Create<double>(4, 3, Specs[name]));
        GradientCheck.Cell(cell).ThrowIfAbove(1e-6);
        GradientCheck.Cell(cell, training: true).ThrowIfAbove(1e-6);
    }

    [Fact]
    public void What_is_set_on_a_step_after_Forward_does_not_change_its_masks()
    {
        LstmCell<double> cell = new(Network.Create<double>(4, 3, new LstmSpec(9)
        {
            Regularization = new() { HiddenZoneout = 0.5 },
            Cell = new LstmEquations { CandidateDropout = 0.5 },
        }));
        double[] x = Draw(4), h = Draw(9), c = Draw(9), dh = Draw(9), dc = Draw(9);
        double[] expected = Gradient(step => { }),
            actual = Gradient(step => (step.Index, step.DropoutDraw, step.DropoutSeed, step.Training) = (5, 6, 7, false));
        Close.SameBits<double>(expected, actual, "dx");

        double[] Gradient(Action<LstmStep<double>> between)
        {
            LstmStep<double> step = cell.CreateStep();
            step.Training = true;
            cell.Forward(x, h, c, step);
            between(step);
            cell.Backward(step, dh, dc, cell.CreateGradient());
            return step.InputGradient.ToArray();
        }
    }

    [Fact]
    public void Index_of_a_step_is_not_negative()
        => Assert.Throws<ArgumentOutOfRangeException>("Index", () => new LstmCell<float>(1, 1).CreateStep().Index = -1);

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(4, 7, 3)]
    public void Backward_equals_central_differences(int inputs, int units, int rows)
        => GradientCheck.Cell(new LstmCell<double>(inputs, units, seed: 5), rows).ThrowIfAbove(1e-6);

    [Fact]
    public void Cell_of_network_with_two_layers_throws()
        => Assert.Throws<ArgumentException>("network", () => new LstmCell<float>(Network.Create<float>(2, new LstmSpec(3)
        {
            Layers = 2,
        })));

    [Fact]
    public void Forward_of_wrong_length_names_argument_and_sizes()
    {
        LstmCell<float> cell = new(2, 3);
        LstmStep<float> step = cell.CreateStep(2);
        ArgumentException error =
            Assert.Throws<ArgumentException>("hidden", () => cell.Forward(new float[4], new float[5], new float[6], step));
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
        Assert.Throws<InvalidOperationException>(
            () => cell.Backward(cell.CreateStep(), new float[3], new float[3], cell.CreateGradient()));
    }

    private static SequenceBatch<double> ToBatch(double[][] steps, int rows, int features)
        => SequenceBatch.FromSequences<double>(
            [.. Enumerable.Range(0, rows)
                .Select(b => steps.SelectMany(step => step.Skip(b * features).Take(features)).ToArray())], features);

    private static double[] Flat(Gradient<double> gradient, Parameter parameter)
    {
        double[] values = new double[parameter.Count];
        parameter.Unpack<double>(gradient.Flat, values);
        return values;
    }

    private double[] Draw(int count) => [.. Enumerable.Range(0, count).Select(_ => (2 * _random.NextDouble()) - 1)];
}
