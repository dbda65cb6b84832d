using System.Numerics.Tensors;

namespace Lstm.Benchmarks.Reproduce;

/// <summary>Networks as the papers had them, as near as the library's parts come to them.</summary>
internal static class PaperNetwork
{
    public const int InputGate = 0;
    public const int ForgetGate = 1;
    public const int OutputGate = 3;

    /// <summary>The cell of 1997: no forget gate, g from [−2, 2], h from [−1, 1], errors that flow back along the cell alone.</summary>
    public static LstmSpec Cell(int units) => new(units)
    {
        CellActivation = new LstmActivation(LstmActivationFunction.ScaledTanh, 2, 0.5),
        HiddenActivation = new LstmActivation(LstmActivationFunction.ScaledTanh, 1, 0.5),
        ForgetGate = false,
        TruncatedGradient = true,
    };

    /// <summary>A network whose every weight and bias is uniform in ± <paramref name="range"/>.</summary>
    public static Network<float> Create(int inputSize, int seed, double range, params ReadOnlySpan<LayerSpec> layers)
    {
        Network<float> network = Network.Create<float>(inputSize, seed, layers);
        Random random = new(seed);
        foreach (Parameter parameter in network.Parameters)
        {
            Draw(network, parameter, random, range);
        }

        return network;
    }

    /// <summary>Draws one parameter anew, uniform in ± <paramref name="range"/>.</summary>
    public static void Draw(Network<float> network, Parameter parameter, Random random, double range)
    {
        float[] values = [.. Enumerable.Range(0, parameter.Count).Select(_ => (float)(range * ((2 * random.NextDouble()) - 1)))];
        network.WriteParameter(parameter.Name, Tensor.Create(values, [.. parameter.Shape.Select(size => (nint)size)]));
    }

    /// <summary>Sets the biases of one gate of the LSTM layer, a value for each unit.</summary>
    public static Network<float> WithBias(this Network<float> network, int gate, params ReadOnlySpan<float> values)
    {
        Tensor<float> bias = network.ReadParameter("lstm.bias_ih_l0");
        for (int unit = 0; unit < values.Length; unit++)
        {
            bias[(gate * values.Length) + unit] = values[unit];
        }

        network.WriteParameter("lstm.bias_ih_l0", bias);
        return network;
    }
}
