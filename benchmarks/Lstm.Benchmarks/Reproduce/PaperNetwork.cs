using System.Numerics.Tensors;
using Lstm.Cells;
using Lstm.Parameters;

namespace Lstm.Benchmarks.Reproduce;

/// <summary>Networks as the papers had them, as near as the library's parts come to them.</summary>
internal static class PaperNetwork
{
    public const int InputGate = 0;
    public const int OutputGate = 3;

    /// <summary>
    /// The cell of 1997, which has no forget gate unless one is asked for: g from [−2, 2], h from [−1, 1], errors that flow back
    /// along the cell alone.
    /// </summary>
    public static LstmSpec Cell(int units, bool hasForgetGate = false) => new(units)
    {
        Cell = new LstmEquations
        {
            CellActivation = new(LstmActivationFunction.ScaledTanh, 2, 0.5),
            HiddenActivation = new(LstmActivationFunction.ScaledTanh, 1, 0.5),
            ForgetGate = hasForgetGate,
        },
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

    /// <summary>Takes an LSTM layer's biases away: they are 0 and stay it.</summary>
    public static Network<float> WithoutBias(this Network<float> network)
    {
        network.WriteParameter(
            "lstm.bias_ih_l0", Tensor.CreateFromShape<float>(network.ReadParameter("lstm.bias_ih_l0").Lengths));
        network.SetTrainable("lstm.bias_ih_l0", false);
        return network;
    }

    /// <summary>
    /// Lets a network's outputs begin as what outputs without an LSTM have learned; their weights of hidden states are 0.
    /// </summary>
    /// <param name="network">LSTM layers whose input goes on beside their hidden states, and a dense layer.</param>
    /// <param name="outputs">The same dense layer on the input alone.</param>
    public static void StartFrom(this Network<float> network, Network<float> outputs)
    {
        Tensor<float> learned = outputs.ReadParameter("dense.weight"), weight = network.ReadParameter("dense.weight");
        nint inputs = learned.Lengths[1], hidden = weight.Lengths[1] - inputs;
        for (nint output = 0; output < weight.Lengths[0]; output++)
        {
            for (nint i = 0; i < hidden + inputs; i++)
            {
                weight[output, i] = i < hidden ? 0 : learned[output, i - hidden];
            }
        }

        network.WriteParameter("dense.weight", weight);
        network.WriteParameter("dense.bias", outputs.ReadParameter("dense.bias"));
    }
}
