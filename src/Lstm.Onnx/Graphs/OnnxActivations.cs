using Lstm.Cells;
using Lstm.Onnx.Files;

namespace Lstm.Onnx.Graphs;

/// <summary>The activations of ONNX's LSTM, whose α and β are given in order to those functions that have one.</summary>
internal static class OnnxActivations
{
    /// <summary>α and β of ONNX where a file gives none; null where a function has none.</summary>
    public static (double? Alpha, double? Beta) Defaults(LstmActivationFunction function) => function switch
    {
        LstmActivationFunction.HardSigmoid => (0.2, 0.5),
        LstmActivationFunction.LeakyRelu => (0.01, null),
        LstmActivationFunction.Elu or LstmActivationFunction.ThresholdedRelu => (1.0, null),
        LstmActivationFunction.ScaledTanh or LstmActivationFunction.Affine => (1.0, 1.0),
        _ => (null, null),
    };

    /// <summary>The activations of a node: none for the standard ones; null, with the problem noted, if one is unknown.</summary>
    public static LstmActivation[]? Read(NodeContext node, int count)
    {
        string[] names = node.Attributes.Texts("activations");
        if (names.Length != 0 && names.Length != count)
        {
            node.Fail($"has {names.Length} activations; it has to have {count}");
            return null;
        }

        Queue<double> alphas = new(node.Attributes.Floats("activation_alpha")),
            betas = new(node.Attributes.Floats("activation_beta"));
        LstmActivation[] all = new LstmActivation[names.Length];
        for (int i = 0; i < all.Length; i++)
        {
            // Numbers and lists, which TryParse reads too, are no names of functions.
            if (!names[i].All(char.IsAsciiLetter)
                || !Enum.TryParse(names[i], ignoreCase: true, out LstmActivationFunction function))
            {
                node.Fail($"has the unknown activation '{Shorten.Text(names[i])}'");
                return null;
            }

            (double? alpha, double? beta) = Defaults(function);
            bool isMissing = (alpha is not null && alphas.Count == 0) || (beta is not null && betas.Count == 0);
            if (isMissing && function is (LstmActivationFunction.Affine or LstmActivationFunction.ScaledTanh))
            {
                node.Fail($"gives no α or β for its activation {function}, and ONNX has no default of it");
                return null;
            }

            if (isMissing && function == LstmActivationFunction.ThresholdedRelu)
            {
                node.Graph.Ignored.Add(
                    $"'{node.Name}' gives no α for ThresholdedRelu; it is 1, ONNX's default, where ONNX Runtime takes 0");
            }

            all[i] = new(function, Next(alpha, alphas), Next(beta, betas));
        }

        return all;

        static double Next(double? value, Queue<double> given)
            => value is { } number ? given.TryDequeue(out double first) ? first : number : 0;
    }
}
