using Lstm.Cells;
using Lstm.Formats;
using Lstm.Tests.Support;

namespace Lstm.Tests.Formats;

/// <summary>LSTM layers from and to kernels in any order of gates, any layout, joined or separate.</summary>
public class LstmKernelTests
{
    private const int Inputs = 3;
    private const int Units = 5;

    public static TheoryData<string> Orders { get; } = new(Permutations("ifgo").Concat(["ifco", "iofc", "ijfo", "ifoc"]));

    [Theory]
    [MemberData(nameof(Orders))]
    public void Write_of_what_Read_gives_keeps_every_bit(string gates)
    {
        foreach (bool inputsByGates in (bool[])[false, true])
        {
            LstmKernelLayout layout = new() { Gates = gates, InputsByGates = inputsByGates };
            Network<double> network = Made(LstmBias.Two), copy = Made(LstmBias.Two, seed: 9);
            double[] input = new double[4 * Units * Inputs], hidden = new double[4 * Units * Units];
            double[] biases = new double[8 * Units], peephole = new double[3 * Units];
            network.ReadKernels("lstm", new() { Input = input, Recurrent = hidden, Bias = biases, Peephole = peephole }, layout);
            copy.WriteKernels("lstm", new() { Input = input, Recurrent = hidden, Bias = biases, Peephole = peephole }, layout);
            AssertSame(network, copy);
        }
    }

    [Theory]
    [InlineData("ijfo", true)]
    [InlineData("iofc", false)]
    public void Joined_and_separate_kernels_are_the_same_layer(string gates, bool inputsByGates)
    {
        LstmKernelLayout layout = new() { Gates = gates, InputsByGates = inputsByGates };
        Network<double> network = Made(LstmBias.Two);
        double[] joined = new double[4 * Units * (Inputs + Units)];
        double[][] biases = Spans(4, Units), second = Spans(4, Units), peepholes = Spans(3, Units),
            inputs = Spans(4, Units * Inputs);
        double[][] hidden = Spans(4, Units * Units);
        network.ReadKernels("lstm", new()
        {
            Joined = joined,
            Input = new(inputs[0], inputs[1], inputs[2], inputs[3]),
            Recurrent = new(hidden[0], hidden[1], hidden[2], hidden[3]),
            Bias = new(biases[0], biases[1], biases[2], biases[3]),
            RecurrentBias = new(second[0], second[1], second[2], second[3]),
            Peephole = new(peepholes[0], peepholes[1], peepholes[2]),
        }, layout);
        foreach (bool isJoined in (bool[])[false, true])
        {
            Network<double> copy = Made(LstmBias.Two, seed: 9);
            copy.WriteKernels("lstm", new()
            {
                Joined = isJoined ? joined : null,
                Input = isJoined ? default : new(inputs[0], inputs[1], inputs[2], inputs[3]),
                Recurrent = isJoined ? default : new(hidden[0], hidden[1], hidden[2], hidden[3]),
                Bias = new(biases[0], biases[1], biases[2], biases[3]),
                RecurrentBias = new(second[0], second[1], second[2], second[3]),
                Peephole = new(peepholes[0], peepholes[1], peepholes[2]),
            }, layout);
            AssertSame(network, copy);
        }
    }

    // Every value names its gate, unit and input.
    [Fact]
    public void Values_of_Keras_kernels_come_to_their_places()
    {
        Network<float> network = Network.Create<float>(Inputs, new LstmSpec(Units));
        float[] kernel = new float[Inputs * 4 * Units], recurrent = new float[Units * 4 * Units], bias = new float[4 * Units];
        for (int gate = 0; gate < 4; gate++)
        {
            for (int unit = 0; unit < Units; unit++)
            {
                int column = (gate * Units) + unit;
                bias[column] = (100 * gate) + unit;
                for (int k = 0; k < Inputs; k++)
                {
                    kernel[(k * 4 * Units) + column] = (1000 * k) + bias[column];
                }

                for (int k = 0; k < Units; k++)
                {
                    recurrent[(k * 4 * Units) + column] = -(1000 * k) - bias[column];
                }
            }
        }

        network.WriteKernels(
            "lstm", new() { Input = kernel, Recurrent = recurrent, Bias = bias },
            LstmKernelLayout.Onnx with { InputsByGates = true });

        // ONNX's i o f c in the order of ours: i f g o are its 0, 2, 3, 1.
        int[] places = [0, 2, 3, 1];
        float[] weightIh = new float[kernel.Length], weightHh = new float[recurrent.Length], biasIh = new float[bias.Length];
        network.ReadParameter("lstm.weight_ih_l0", weightIh);
        network.ReadParameter("lstm.weight_hh_l0", weightHh);
        network.ReadParameter("lstm.bias_ih_l0", biasIh);
        for (int row = 0; row < 4 * Units; row++)
        {
            float expected = (100 * places[row / Units]) + (row % Units);
            Assert.Equal(expected, biasIh[row]);
            Assert.All(Enumerable.Range(0, Inputs), k => Assert.Equal((1000 * k) + expected, weightIh[(row * Inputs) + k]));
            Assert.All(Enumerable.Range(0, Units), k => Assert.Equal(-(1000 * k) - expected, weightHh[(row * Units) + k]));
        }
    }

    [Theory]
    [InlineData(LstmBias.One, 3f, 0f)]
    [InlineData(LstmBias.Two, 2f, 1f)]
    public void Biases_are_summed_or_kept_and_a_forget_bias_is_folded_in(LstmBias bias, float first, float second)
    {
        Network<float> network = Network.Create<float>(Inputs, new LstmSpec(Units) { Bias = bias });
        float[] both = [.. Enumerable.Repeat(2f, 4 * Units), .. Enumerable.Repeat(1f, 4 * Units)];
        LstmKernelLayout layout = new() { ForgetBias = 0.5 };
        float[] kernel = new float[4 * Units * Inputs], recurrent = new float[4 * Units * Units];
        network.WriteKernels("lstm", new() { Input = kernel, Recurrent = recurrent, Bias = both }, layout);
        float[] ih = new float[4 * Units], hh = new float[4 * Units], back = new float[8 * Units], sum = new float[4 * Units];
        network.ReadParameter("lstm.bias_ih_l0", ih);
        Assert.All(Enumerable.Range(0, 4 * Units), row => Assert.Equal(first + (row / Units == 1 ? 0.5f : 0), ih[row]));
        if (bias == LstmBias.Two)
        {
            network.ReadParameter("lstm.bias_hh_l0", hh);
            Assert.All(hh, value => Assert.Equal(second, value));
        }

        network.ReadKernels("lstm", new() { Bias = back }, layout);
        Assert.All(back[..(4 * Units)], value => Assert.Equal(first, value));
        Assert.All(back[(4 * Units)..], value => Assert.Equal(second, value));
        network.ReadKernels("lstm", new() { Bias = sum }, layout);
        Assert.All(sum, value => Assert.Equal(3f, value));
    }

    [Fact]
    public void Projection_is_transposed_with_the_inputs()
    {
        Network<float> network = Network.Create<float>(Inputs, new LstmSpec(Units) { Projection = new(2) });
        float[] kernel = new float[4 * Units * Inputs], recurrent = new float[4 * Units * 2];
        float[] projection = [.. Enumerable.Range(0, 2 * Units).Select(i => (float)i)];
        network.WriteKernels(
            "lstm", new() { Input = kernel, Recurrent = recurrent, Projection = projection }, LstmKernelLayout.Keras);
        float[] own = new float[projection.Length], back = new float[projection.Length];
        network.ReadParameter("lstm.weight_hr_l0", own);
        Assert.Equal([0, 2, 4, 6, 8, 1, 3, 5, 7, 9], own);
        network.ReadKernels("lstm", new() { Projection = back }, LstmKernelLayout.Keras);
        Assert.Equal(projection, back);
    }

    [Fact]
    public void Reverse_direction_and_layers_of_a_stack_are_found_by_number()
    {
        Network<double> network = Network.Create<double>(
            Inputs, new LstmSpec(Units) { Layers = 2, Direction = LstmDirection.Bidirectional, Name = "encoder" });
        double[] kernel = [.. Enumerable.Range(0, 4 * Units * 2 * Units).Select(i => (double)i)],
            recurrent = new double[4 * Units * Units];
        network.WriteKernels(
            "encoder", new() { Input = kernel, Recurrent = recurrent }, LstmKernelLayout.PyTorch, stackLayer: 1, reverse: true);
        double[] read = new double[kernel.Length];
        network.ReadParameter("encoder.weight_ih_l1_reverse", read);
        Assert.Equal(kernel, read);
    }

    [Fact]
    public void Everything_that_does_not_fit_is_listed_with_both_shapes_and_nothing_is_written()
    {
        Network<double> network = Made(LstmBias.None), before = Made(LstmBias.None);
        ArgumentException e = Assert.Throws<ArgumentException>(() => network.WriteKernels(
            "lstm",
            new()
            {
                Input = new double[59],
                Bias = new double[4 * Units],
                Projection = new double[4],
                Peephole = new(new double[5], new double[4], new double[5]),
            },
            LstmKernelLayout.Keras));
        Assert.Contains("Input has 59 values; it is [3, 20], 60 values", e.Message);
        Assert.Contains("Recurrent is missing; it is [5, 20]", e.Message);
        Assert.Contains("a bias is given; the layer has none", e.Message);
        Assert.Contains("Projection is given; the layer has none", e.Message);
        Assert.Contains("Peephole, gate 1, has 4 values; it is 3 spans of [5], 5 values", e.Message);
        AssertSame(before, network);
        Assert.Contains("permutation", Assert.Throws<ArgumentException>(
            () => network.ReadKernels("lstm", default, new LstmKernelLayout { Gates = "ifgg" })).Message);
        Assert.Contains("lstm.weight_ih_l0", Assert.Throws<ArgumentException>(
            () => network.ReadKernels("gru", default, LstmKernelLayout.PyTorch)).Message);
        Assert.Contains("room for 7 values; it is [20, 3], 60 values", Assert.Throws<ArgumentException>(
            () => network.ReadKernels("lstm", new() { Input = new double[7] }, LstmKernelLayout.PyTorch)).Message);
    }

    [Fact]
    public void Spans_of_parameters_are_refused_unless_they_have_every_value()
    {
        Network<double> network = Made(LstmBias.One);
        double[] bias = new double[4 * Units];
        network.ReadParameter("lstm.bias_ih_l0", bias);
        bias[3] = 7;
        network.WriteParameter("lstm.bias_ih_l0", bias.AsSpan());
        double[] read = new double[bias.Length];
        network.ReadParameter("lstm.bias_ih_l0", read);
        Assert.Equal(bias, read);
        Assert.Contains(
            "[20], 20 values",
            Assert.Throws<ArgumentException>(() => network.ReadParameter("lstm.bias_ih_l0", new double[3])).Message);
        Assert.Contains("3 values", Assert.Throws<ArgumentException>(
            () => network.WriteParameter("lstm.bias_ih_l0", new ReadOnlySpan<double>([1, 2, 3]))).Message);
    }

    private static Network<double> Made(LstmBias bias, long seed = 3)
        => Sample.Network<double>(
            (int)seed, Inputs, new LstmSpec(Units) { Bias = bias, Cell = new LstmEquations { Peephole = true } });

    private static void AssertSame(Network<double> expected, Network<double> actual)
        => Close.SameBits<double>(expected.Flat, actual.Flat, "parameters");

    private static double[][] Spans(int count, int length) => [.. Enumerable.Range(0, count).Select(_ => new double[length])];

    private static IEnumerable<string> Permutations(string letters) => letters.Length == 1
        ? [letters]
        : letters.SelectMany((letter, i) => Permutations(letters.Remove(i, 1)).Select(rest => letter + rest));
}
