using Lstm.Diagnostics;
using Lstm.Tests.Support;

namespace Lstm.Tests.Diagnostics;

/// <summary>The norms per step, against weight gradients that hold each step by itself.</summary>
public class GradientTraceTests
{
    private static readonly int[] Lengths = [3, 0, 5, 5, 1];

    [Theory]
    [InlineData(LstmDirection.Forward, 3)]
    [InlineData(LstmDirection.Bidirectional, 18)]
    [InlineData(LstmDirection.Reverse, 9)]
    public void Steps_are_the_norms_of_the_gates_gradients(LstmDirection direction, int hidden)
    {
        // Each step of each sequence has an input of its own, 1 for this step and 0 for all others: its column of the
        // gradient of weight_ih is the step's dz.
        int inputs = Lengths.Sum();
        Network<double> network = Sample.Network<double>(1, inputs, new LstmSpec(hidden) { Direction = direction });
        int input = 0;
        List<double[]> sequences =
            [.. Lengths.Select(length => Enumerable.Range(0, length).SelectMany(_ => OneHot(inputs, input++)).ToArray())];
        using Tape<double> tape = network.CreateTape();
        Gradient<double> gradient = network.CreateGradient();
        network.Forward(SequenceBatch.FromSequences<double>(sequences, inputs), tape);
        Sample.Values<double>(4, tape.OutputGradient.Rows.Length).CopyTo(tape.OutputGradient.Rows);
        network.Backward(tape, gradient);
        GradientTrace<double> trace = new(network);
        trace.Read(tape);
        Assert.Equal(network.StateSizes.Count, trace.Layers.Count);
        foreach (LayerGradientNorms layer in trace.Layers)
        {
            Assert.Same(layer, trace[layer.Name]);
            double[] columns = new double[4 * hidden * inputs];
            gradient.Read(layer.Name.Replace("lstm.", "lstm.weight_ih_", StringComparison.Ordinal)).FlattenTo(columns);
            double[] squares = new double[5];
            input = 0;
            for (int b = 0; b < Lengths.Length; b++)
            {
                for (int t = 0; t < Lengths[b]; t++, input++)
                {
                    double square = Enumerable.Range(0, 4 * hidden).Sum(row => Math.Pow(columns[(row * inputs) + input], 2));
                    squares[t] += square;
                    Assert.Equal(Math.Sqrt(square), layer.Steps[b, t][0], 1e-12);
                    Assert.NotEqual(0, layer.Steps[b, t][0]);
                }
            }

            for (int t = 0; t < 5; t++)
            {
                Assert.Equal(Math.Sqrt(squares[t]), layer.At(t), 1e-12);
            }

            Assert.Throws<ArgumentOutOfRangeException>("step", () => layer.At(5));
            Assert.Throws<ArgumentOutOfRangeException>("step", () => layer.At(-1));
        }
    }

    [Theory]
    [InlineData(-3, false)]
    [InlineData(6, true)]
    public void A_loss_at_the_last_step_reaches_the_first_only_through_open_forget_gates(double forgetBias, bool reaches)
    {
        Network<float> network =
            Network.Create<float>(1, 1, new LstmSpec(16) { ForgetBias = forgetBias }, new PoolingSpec(Pooling.Last));
        using Tape<float> tape = network.CreateTape();
        network.Forward(Sample.Batch<float>(1, 1, 40), tape);
        tape.OutputGradient.Rows.Fill(1);
        network.Backward(tape, network.CreateGradient());
        GradientTrace<float> trace = new(network);
        trace.Read(tape);
        Assert.Equal(reaches, trace.Layers[0].At(0) > 1e-3 * trace.Layers[0].At(39));
    }

    private static double[] OneHot(int size, int index)
    {
        double[] values = new double[size];
        values[index] = 1;
        return values;
    }
}
