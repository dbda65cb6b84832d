using System.Text.Json;
using Lstm.Cells;
using Lstm.Keras.Files;
using Lstm.Specs;

namespace Lstm.Keras.Models;

/// <summary>Keras's activations: by name, as a layer, or as an object that stands for either.</summary>
/// <param name="Function">The function.</param>
/// <param name="Alpha">Its α.</param>
/// <param name="Beta">Its β.</param>
internal sealed record KerasActivation(ActivationFunction Function, double Alpha = 0, double Beta = 0)
{
    /// <summary>x itself.</summary>
    public static KerasActivation Linear { get; } = new(ActivationFunction.Affine, 1);

    /// <summary>An activation that an option names; linear if it is null.</summary>
    /// <returns>Null for one that has no counterpart.</returns>
    public static KerasActivation? Of(JsonElement config, string option, string usual, bool isKeras3)
    {
        if (config.ValueKind != JsonValueKind.Object || !config.TryGetProperty(option, out JsonElement value))
        {
            return Named(usual, isKeras3);
        }

        return value.ValueKind switch
        {
            JsonValueKind.Null => Linear,
            JsonValueKind.String => Named(config.Text(option)!, isKeras3),
            JsonValueKind.Object when value.Text("class_name") == "function"
                => Named(value.Member("config") is { ValueKind: JsonValueKind.String } ? value.Text("config")!
                    : value.Text("registered_name") ?? string.Empty, isKeras3),
            JsonValueKind.Object => Layer(value.Text("class_name") ?? string.Empty, value.Member("config") ?? default, isKeras3),
            _ => throw JsonText.Wrong(option, value, "the name of an activation"),
        };
    }

    /// <summary>A layer that is an activation; null for any other one.</summary>
    public static KerasActivation? Layer(string kind, JsonElement config, bool isKeras3)
    {
        switch (kind)
        {
            case "Activation":
                return Of(config, "activation", "linear", isKeras3);
            case "ReLU":
                double slope = config.Number("negative_slope", 0), threshold = config.Number("threshold", 0);
                return config.Member("max_value") is not null || (slope != 0 && threshold != 0) || slope < 0 || threshold < 0
                    ? null
                    : slope != 0 ? new(ActivationFunction.LeakyRelu, slope)
                    : threshold != 0 ? new(ActivationFunction.ThresholdedRelu, threshold) : new(ActivationFunction.Relu);
            case "LeakyReLU":
                const double Usual = 0.3;
                return Positive(ActivationFunction.LeakyRelu, config.Number("negative_slope", config.Number("alpha", Usual)));
            case "ELU":
                return Positive(ActivationFunction.Elu, config.Number("alpha", 1));
            case "ThresholdedReLU":
                return Positive(ActivationFunction.ThresholdedRelu, config.Number("theta", 1));
            case "Softmax":
                return config.Number("axis", -1) == -1 ? new(ActivationFunction.Softmax) : null;
            default:
                return null;
        }
    }

    /// <summary>The activation within a cell; null for one that needs all values of a step.</summary>
    public LstmActivation? InCell() => Function switch
    {
        ActivationFunction.Sigmoid => new(LstmActivationFunction.Sigmoid),
        ActivationFunction.Tanh => new(LstmActivationFunction.Tanh),
        ActivationFunction.Relu => new(LstmActivationFunction.Relu),
        ActivationFunction.HardSigmoid => new(LstmActivationFunction.HardSigmoid, Alpha, Beta),
        ActivationFunction.LeakyRelu => new(LstmActivationFunction.LeakyRelu, Alpha),
        ActivationFunction.Elu => new(LstmActivationFunction.Elu, Alpha),
        ActivationFunction.Softsign => new(LstmActivationFunction.Softsign),
        ActivationFunction.Softplus => new(LstmActivationFunction.Softplus),
        ActivationFunction.Affine => new(LstmActivationFunction.Affine, Alpha, Beta),
        ActivationFunction.ThresholdedRelu => new(LstmActivationFunction.ThresholdedRelu, Alpha),
        _ => null,
    };

    /// <summary>The activation of a dense layer; null for one that becomes a layer of its own.</summary>
    public Activation? InDense() => Function switch
    {
        ActivationFunction.Sigmoid => Activation.Sigmoid,
        ActivationFunction.Tanh => Activation.Tanh,
        ActivationFunction.Relu => Activation.Relu,
        _ => this == Linear ? Activation.None : null,
    };

    public ActivationSpec Spec() => new(Function) { Alpha = Alpha, Beta = Beta };

    public override string ToString() => this == Linear ? "linear" : Spec().ToString();

    private static KerasActivation? Positive(ActivationFunction function, double alpha)
        => alpha is >= 0 and <= 1e30 and (0 or >= 1e-30) ? new(function, alpha) : null;

    // hard_sigmoid changed with Keras 3; the others did not.
    private static KerasActivation? Named(string name, bool isKeras3) => name switch
    {
        "linear" => Linear,
        "tanh" => new(ActivationFunction.Tanh),
        "sigmoid" => new(ActivationFunction.Sigmoid),
        "relu" => new(ActivationFunction.Relu),
        "leaky_relu" => new(ActivationFunction.LeakyRelu, 0.2),
        "elu" or "celu" => new(ActivationFunction.Elu, 1),
        "softsign" => new(ActivationFunction.Softsign),
        "softplus" => new(ActivationFunction.Softplus),
        "hard_sigmoid" => isKeras3 ? new(ActivationFunction.HardSigmoid, 1.0 / 6, 0.5)
            : new(ActivationFunction.HardSigmoid, 0.2, 0.5),
        "softmax" => new(ActivationFunction.Softmax),
        "log_softmax" => new(ActivationFunction.LogSoftmax),
        _ => null,
    };
}
