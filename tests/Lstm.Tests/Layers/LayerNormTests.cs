using Lstm.Parameters;
using Lstm.Specs;
using Lstm.Tests.Reference;
using Lstm.Tests.Support;

namespace Lstm.Tests.Layers;

/// <summary>Layer-normalised LSTMs, and zoneout as it is drawn, against the naive reference.</summary>
[Trait("Category", "Widths")]
public class LayerNormTests
{
    private static readonly int[] Lengths = [7, 0, 3, 11, 1];

    [Theory]
    [InlineData(1, 3, LstmBias.One, 0)]
    [InlineData(5, 1, LstmBias.None, 0)]
    [InlineData(8, 40, LstmBias.One, 0)]
    [InlineData(9, 2, LstmBias.One, 0.4)]
    [InlineData(17, 7, LstmBias.One, 0.25)]
    [InlineData(33, 3, LstmBias.None, 0.6)]
    public void Pass_of_a_normalised_layer_equals_naive(int units, int inputs, LstmBias bias, double zoneout)
        => Compare(
            new LstmSpec(units)
            {
                Normalization = new LayerNormalization { Epsilon = 1e-3 },
                Bias = bias,
                Regularization = new() { HiddenZoneout = zoneout },
            }, inputs);

    [Theory]
    [InlineData(5, 3, LstmBias.One, 0.4)]
    [InlineData(17, 2, LstmBias.None, 0.25)]
    public void Pass_with_zoneout_equals_naive(int units, int inputs, LstmBias bias, double zoneout)
        => Compare(new LstmSpec(units) { Bias = bias, Regularization = new() { HiddenZoneout = zoneout } }, inputs);

    [Fact]
    public void A_row_of_equal_values_is_shown_as_the_bias_alone()
    {
        Network<double> network = Sample.Network<double>(1, 2, new LstmSpec(1) { Normalization = new LayerNormalization() });
        double beta = network.ReadParameter("lstm.norm_c_bias_l0")[0];
        SequenceBatch<double> output = network.Predict(Sample.Batch<double>(1, 2, 4));
        Assert.All(
            output.Rows.ToArray(), h => Assert.True(Math.Abs(h) < Math.Tanh(Math.Abs(beta)) && Math.Sign(h) == Math.Sign(beta)));
    }

    private static void Compare(LstmSpec spec, int inputs)
    {
        int units = spec.HiddenSize;
        Network<double> network = Sample.Network<double>(5, inputs, spec);
        using Tape<double> tape = network.CreateTape();
        tape.DropoutSeed = 4;
        NetworkState<double> initial = Sample.State(network, Lengths.Length, 6), final = initial.Clone(),
            finalGradient = Sample.State(network, Lengths.Length, 9);
        SequenceBatch<double> input = Sample.Batch<double>(1, inputs, Lengths),
            cotangent = Sample.Batch<double>(2, units, Lengths);
        SequenceBatch<double> output = network.Forward(input, final, tape);
        List<double[]> h = output.ToList();
        cotangent.Rows.CopyTo(tape.OutputGradient.Rows);
        tape.FinalStateGradient = finalGradient;
        Gradient<double> gradient = network.CreateGradient();
        network.Backward(tape, gradient);

        NaiveLayerNormLstm naive = new(units, spec.Normalization is not null, spec.Normalization?.Epsilon ?? 0)
        {
            Parameters = network.Parameters.ToDictionary(
                parameter => Own(parameter), parameter => Values(network.ReadParameter(parameter.Name))),
        };
        Dictionary<string, double[]> expected =
            naive.Parameters.ToDictionary(pair => pair.Key, pair => new double[pair.Value.Length]);
        int kept = 0;
        for (int b = 0; b < Lengths.Length; b++)
        {
            double[] before = initial.HiddenRow(0, b).ToArray();
            double[][] update = [.. Enumerable.Range(0, Lengths[b]).Select(t => Renewed(h[b], before, t, units))];
            kept += update.Sum(row => row.Count(u => u == 0));
            double[][] dH = Rows(cotangent, b), dC = [.. dH.Select(_ => new double[units])];
            double[] lastH = finalGradient.HiddenRow(0, b).ToArray(), lastC = finalGradient.CellRow(0, b).ToArray();
            if (dH.Length > 0)
            {
                dH[^1] = [.. dH[^1].Zip(lastH, (one, other) => one + other)];
                dC[^1] = lastC;
            }

            NaiveLayerNormLstm.Result result = naive.Run(Rows(input, b), before, initial.CellRow(0, b).ToArray(), update, dH, dC);
            Close.Relative<double>(result.H.SelectMany(row => row).ToArray(), h[b], 1e-11, $"h {b}");
            Close.Relative<double>(
                result.InputGradient.SelectMany(row => row).ToArray(), tape.InputGradient.GetSequence(b), 1e-9, $"dx {b}");
            if (dH.Length > 0)
            {
                Close.Relative<double>(result.C[^1], final.CellRow(0, b), 1e-11, $"c {b}");
                Close.Relative<double>(result.InitialHGradient, tape.InitialStateGradient.HiddenRow(0, b), 1e-9, $"dh {b}");
                Close.Relative<double>(result.InitialCGradient, tape.InitialStateGradient.CellRow(0, b), 1e-9, $"dc {b}");
            }

            foreach ((string name, double[] values) in result.Gradients)
            {
                expected[name] = [.. expected[name].Zip(values, (sum, value) => sum + value)];
            }
        }

        // Within five standard deviations of what the rate says.
        int all = Lengths.Sum() * units;
        Assert.InRange(kept - (all * spec.Regularization.HiddenZoneout), -Deviation(), Deviation());
        foreach (Parameter parameter in network.Parameters)
        {
            Close.Relative(expected[Own(parameter)], Values(gradient.Read(parameter.Name)), 1e-9, parameter.Name);
        }

        double Deviation() => 5 * Math.Sqrt(all * spec.Regularization.HiddenZoneout * (1 - spec.Regularization.HiddenZoneout));
    }

    // A unit that is zoned out has the bits of the step before, which no renewed one comes to have.
    private static double[] Renewed(double[] h, double[] before, int step, int units)
        => [.. Enumerable.Range(0, units)
            .Select(u => h[(step * units) + u] == (step == 0 ? before[u] : h[((step - 1) * units) + u]) ? 0.0 : 1)];

    private static double[][] Rows(SequenceBatch<double> batch, int b)
        => [.. Enumerable.Range(0, batch.Lengths[b]).Select(t => batch[b, t].ToArray())];

    private static string Own(Parameter parameter) => parameter.Name["lstm.".Length..^"_l0".Length];

    private static double[] Values(System.Numerics.Tensors.Tensor<double> tensor)
    {
        double[] values = new double[tensor.FlattenedLength];
        tensor.FlattenTo(values);
        return values;
    }
}
