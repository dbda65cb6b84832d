


using Lstm.Cells;
using Lstm.Specs;

namespace Lstm.Tests.Layers;

/// <summary>What the parameters of LSTM layers start at, for each <see cref="LstmInitialization"/>.</summary>
public class StartingWeightsTests
{
    private const int Units = 6;
    private const int Inputs = 4;

    [Fact]
    public void Glorot_bounds_the_weights_of_each_gate_by_its_own_size()
    {
        Network<double> network = Network.Create<double>(Inputs, 3, new LstmSpec(Units));
        double limit = Math.Sqrt(6.0 / (Units + Inputs));
        double[] weights = Values(network, "lstm.weight_ih_l0");
        Assert.All(weights, weight => Assert.InRange(weight, -limit, limit));
        Assert.True(weights.Max(Math.Abs) > 0.9 * limit);
    }

    [Fact]
    public void Keras_bounds_the_weights_of_all_gates_together()
    {
        double[] weights = Values(
            Network.Create<double>(Inputs, 3, new LstmSpec(Units) { Initialization = LstmInitialization.Keras }),
            "lstm.weight_ih_l0");
        Assert.InRange(
            weights.Max(Math.Abs), 0.9 * Math.Sqrt(6.0 / ((4 * Units) + Inputs)), Math.Sqrt(6.0 / ((4 * Units) + Inputs)));
    }

    [Theory]
    [InlineData(LstmInitialization.GlorotOrthogonal)]
    [InlineData(LstmInitialization.Keras)]
    public void The_recurrent_weights_are_orthogonal(LstmInitialization initialization)
    {
        double[] weights = Values(
            Network.Create<double>(Inputs, 3, new LstmSpec(Units) { Initialization = initialization }), "lstm.weight_hh_l0");

        // Gate by gate each block is; drawn as one, the columns of all of it are.
        int blocks = initialization == LstmInitialization.Keras ? 1 : 4;
        int rows = 4 * Units / blocks;
        for (int block = 0; block < blocks; block++)
        {
            for (int i = 0; i < Units; i++)
            {
                for (int j = 0; j < Units; j++)
                {
                    double product = Enumerable.Range(block * rows, rows)
                        .Sum(row => weights[(row * Units) + i] * weights[(row * Units) + j]);
                    Assert.Equal(i == j ? 1 : 0, product, 1e-12);
                }
            }
        }
    }

    [Fact]
    public void PyTorch_has_everything_uniform()
    {
        Network<double> network = Network.Create<double>(Inputs, 3, new LstmSpec(Units)
        {
            Initialization = LstmInitialization.PyTorchUniform,
            Bias = LstmBias.Two,
        });
        double limit = 1 / Math.Sqrt(Units);
        Assert.Equal(4, network.Parameters.Count);
        Assert.All(network.Parameters, parameter =>
        {
            double[] values = Values(network, parameter.Name);
            Assert.InRange(values.Max(), 0.5 * limit, limit);
            Assert.InRange(values.Min(), -limit, -0.5 * limit);
        });
    }

    [Fact]
    public void A_forget_gate_starts_open_unless_told_otherwise()
    {
        Assert.Equal([0, 1, 0, 0], Gates(Values(Network.Create<double>(Inputs, 3, new LstmSpec(Units)), "lstm.bias_ih_l0")));
        Assert.Equal(
            [0, 2.5, 0, 0],
            Gates(Values(Network.Create<double>(Inputs, 3, new LstmSpec(Units) { ForgetBias = 2.5 }), "lstm.bias_ih_l0")));
        Assert.Equal(
            [-2.5, 0, 0, 0],
            Gates(Values(
                Network.Create<double>(
                Inputs, 3, new LstmSpec(Units) { ForgetBias = 2.5, Cell = new LstmEquations { CoupledGates = true } }),
                "lstm.bias_ih_l0")));
    }

    [Theory]
    [InlineData(LstmInitialization.GlorotOrthogonal)]
    [InlineData(LstmInitialization.PyTorchUniform)]
    public void A_forget_bias_is_not_added_to_by_the_second_bias(LstmInitialization initialization)
    {
        Network<double> network = Network.Create<double>(Inputs, 3, new LstmSpec(Units)
        {
            ForgetBias = 2,
            Bias = LstmBias.Two,
            Initialization = initialization,
        });
        Assert.All(Values(network, "lstm.bias_ih_l0")[Units..(2 * Units)], bias => Assert.Equal(2, bias));
        Assert.All(Values(network, "lstm.bias_hh_l0")[Units..(2 * Units)], bias => Assert.Equal(0, bias));
    }

    [Theory]
    [InlineData(LstmInitialization.GlorotOrthogonal)]
    [InlineData(LstmInitialization.PyTorchUniform)]
    public void A_memory_span_spreads_the_forget_gates_over_its_times(LstmInitialization initialization)
    {
        const int Many = 400, Span = 1001;
        LstmSpec spec = new(Many)
        {
            MemorySpan = Span,
            Bias = LstmBias.Two,
            Direction = LstmDirection.Bidirectional,
            Initialization = initialization,
        };
        Network<double> network = Network.Create<double>(1, 5, spec);
        double[] forward = Values(network, "lstm.bias_ih_l0"), reverse = Values(network, "lstm.bias_ih_l0_reverse");
        Assert.NotEqual(forward[Many..(2 * Many)], reverse[Many..(2 * Many)]);
        Assert.Equal(forward[Many..(2 * Many)], forward[..Many].Select(bias => -bias));

        // e^b is uniform from 1 to 1000: so many of its values lie a fiftieth of that apart, and its mean is near the middle.
        double[] times = [.. forward[Many..(2 * Many)].Select(Math.Exp)];
        Assert.All(times, time => Assert.InRange(time, 1, Span - 1));
        Assert.InRange(times.Average(), 450, 550);
        Assert.InRange(times.Min(), 1, 20);
        Assert.InRange(times.Max(), 980, 1000);
        Assert.All(Values(network, "lstm.bias_hh_l0")[..(2 * Many)], bias => Assert.Equal(0, bias));
    }

    [Fact]
    public void A_memory_span_of_2_is_a_forget_gate_of_a_half()
        => Assert.Equal(
            [0, 0, 0, 0],
            Gates(Values(Network.Create<double>(Inputs, 3, new LstmSpec(Units) { MemorySpan = 2 }), "lstm.bias_ih_l0")));

    [Fact]
    public void A_memory_span_of_coupled_gates_is_in_the_input_gate()
    {
        double[] bias = Values(
            Network.Create<double>(
            Inputs, 3, new LstmSpec(Units) { MemorySpan = 50, Cell = new LstmEquations { CoupledGates = true } }),
            "lstm.bias_ih_l0");
        Assert.All(bias[..Units], value => Assert.InRange(value, -Math.Log(49), 0));
        Assert.All(bias[Units..], value => Assert.Equal(0, value));
        Assert.True(bias[..Units].Min() < -1);
    }

    [Fact]
    public void Networks_of_float_start_at_the_rounded_values_of_double()
    {
        LstmSpec[] specs = [new LstmSpec(Units) { MemorySpan = 100, Layers = 2 }, new LstmSpec(3)
        {
            Initialization = LstmInitialization.PyTorchUniform,
        }];
        Network<float> single = Network.Create<float>(Inputs, 9, specs);
        Network<double> twice = Network.Create<double>(Inputs, 9, specs);
        Assert.All(single.Parameters, parameter => Assert.Equal(
            Values(twice, parameter.Name).Select(value => (float)value), single.ReadParameter(parameter.Name)));
    }

    private static double[] Values(Network<double> network, string name) => [.. network.ReadParameter(name)];

    // The bias of each gate, which all of its units share.
    private static double[] Gates(double[] bias)
    {
        Assert.All(bias.Select((value, i) => (value, i)), one => Assert.Equal(bias[one.i / Units * Units], one.value));
        return [.. Enumerable.Range(0, 4).Select(gate => bias[gate * Units])];
    }
}
