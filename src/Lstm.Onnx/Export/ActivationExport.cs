using Lstm.Specs;

namespace Lstm.Onnx.Export;

/// <summary>Writes functions of single values.</summary>
internal static class ActivationExport
{
    public static string Write(
        GraphWriter writer, string layer, ActivationFunction function, double alpha, double beta, string x)
    {
        switch (function)
        {
            case ActivationFunction.Softmax or ActivationFunction.LogSoftmax:
                return writer.Node(layer, function.ToString(), [x], GraphWriter.Int("axis", -1));
            case ActivationFunction.Affine:
                string scaled = writer.Node(layer, "Mul", [x, writer.Number(alpha)]);
                return beta == 0 ? scaled : writer.Node(layer, "Add", [scaled, writer.Number(beta)]);
            case ActivationFunction.ScaledTanh:
                string tanh = writer.Node(layer, "Tanh", [writer.Node(layer, "Mul", [x, writer.Number(beta)])]);
                return writer.Node(layer, "Mul", [tanh, writer.Number(alpha)]);
            case ActivationFunction.HardSigmoid:
                return writer.Node(
                    layer, "HardSigmoid", [x], GraphWriter.Float("alpha", alpha), GraphWriter.Float("beta", beta));
            case ActivationFunction.LeakyRelu or ActivationFunction.Elu or ActivationFunction.ThresholdedRelu:
                return writer.Node(layer, function.ToString(), [x], GraphWriter.Float("alpha", alpha));
            default:
                return writer.Node(layer, function.ToString(), [x]);
        }
    }
}
