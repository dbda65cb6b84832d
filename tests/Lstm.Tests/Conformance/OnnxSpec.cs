using Lstm.Cells;
using Lstm.Tests.Support;

namespace Lstm.Tests.Conformance;

/// <summary>The attributes of ONNX's LSTM as a spec of ours.</summary>
internal static class OnnxSpec
{
    public static LstmSpec From(OnnxAttributes attributes)
    {
        LstmSpec spec = new((int)attributes.Numbers("hidden_size").Single())
        {
            Direction = attributes.Texts("direction") is [string direction]
                ? Enum.Parse<LstmDirection>(direction, ignoreCase: true) : LstmDirection.Forward,
        };
        LstmEquations equations = new()
        {
            CoupledGates = attributes.Numbers("input_forget") is [1],
            PreActivationClip = attributes.Numbers("clip") is [double clip] ? clip : null,
        };

        // α and β are given in order to those functions that have one.
        Queue<double> alphas = new(attributes.Numbers("activation_alpha")), betas = new(attributes.Numbers("activation_beta"));
        LstmActivation[] all = [.. attributes.Texts("activations").Select(name => Activation(name, alphas, betas))];
        if (all.Length >= 3)
        {
            equations = equations with { GateActivation = all[0], CellActivation = all[1], HiddenActivation = all[2] };
        }

        if (all.Length >= 6)
        {
            equations = equations with
            {
                ReverseGateActivation = all[3],
                ReverseCellActivation = all[4],
                ReverseHiddenActivation = all[5],
            };
        }

        return spec with { Cell = equations };
    }

    private static LstmActivation Activation(string name, Queue<double> alphas, Queue<double> betas)
    {
        LstmActivationFunction function = Enum.Parse<LstmActivationFunction>(name, ignoreCase: true);
        (double? alpha, double? beta) = function switch
        {
            LstmActivationFunction.HardSigmoid => (0.2, 0.5),
            LstmActivationFunction.LeakyRelu => (0.01, null),
            LstmActivationFunction.Elu or LstmActivationFunction.ThresholdedRelu => (1.0, null),
            LstmActivationFunction.ScaledTanh or LstmActivationFunction.Affine => (1.0, 1.0),
            _ => ((double?)null, (double?)null),
        };
        return new(function, Next(alpha, alphas), Next(beta, betas));

        static double Next(double? value, Queue<double> given)
            => value is { } number ? given.TryDequeue(out double first) ? first : number : 0;
    }
}
