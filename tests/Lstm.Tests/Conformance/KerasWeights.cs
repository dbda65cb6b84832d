using System.Numerics;
using System.Numerics.Tensors;
using Lstm.Tests.Support;

namespace Lstm.Tests.Conformance;

/// <summary>
/// Keras's weights as ours: kernels are [I, O], transposed; an LSTM's gates are i f c o, in our order, and have one bias.
/// </summary>
internal static class KerasWeights
{
    /// <summary>
    /// Kernel [I, 4H], recurrent kernel [H, 4H] and, if there is one, bias [4H], into a direction such as <c>lstm</c>,
    /// <c>l0_reverse</c>.
    /// </summary>
    public static void WriteLstm<T>(
        Network<T> network, string layer, string direction, params IReadOnlyList<ReferenceTensor> weights)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Write(network, $"{layer}.weight_ih_{direction}", weights[0].Permute(1, 0));
        Write(network, $"{layer}.weight_hh_{direction}", weights[1].Permute(1, 0));
        if (weights.Count > 2)
        {
            Write(network, $"{layer}.bias_ih_{direction}", weights[2]);
        }
    }

    /// <summary>Kernel [I, O] and bias [O].</summary>
    public static void WriteDense<T>(Network<T> network, string layer, ReferenceTensor kernel, ReferenceTensor bias)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Write(network, $"{layer}.weight", kernel.Permute(1, 0));
        Write(network, $"{layer}.bias", bias);
    }

    /// <summary>A tensor as it is.</summary>
    public static void Write<T>(Network<T> network, string name, ReferenceTensor tensor)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => network.WriteParameter(name, Tensor.Create(tensor.To<T>(), [.. tensor.Shape.Select(n => (nint)n)]));
}
