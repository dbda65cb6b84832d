using System.Text.Json;
using Lstm.Cells;

namespace Lstm.Tests.Conformance;

/// <summary>Keras 3's activations by name, with the parameters that they have when only named.</summary>
internal static class KerasActivation
{
    /// <summary>Those that have no counterpart among <see cref="LstmActivationFunction"/>.</summary>
    public static IReadOnlyList<string> WithoutCounterpart { get; } =
    [
        "exponential", "gelu", "glu", "hard_shrink", "hard_silu", "hard_swish", "hard_tanh", "log_sigmoid", "log_softmax",
        "mish", "relu6", "selu",
        "silu", "soft_shrink", "softmax", "sparse_plus", "sparse_sigmoid", "sparsemax", "squareplus", "swish", "tanh_shrink",
            "threshold",
    ];

    /// <summary>The activation of an option such as <c>recurrent_activation</c>; null stands for linear, as in Keras.</summary>
    public static LstmActivation Of(JsonElement cell, string option, string usual)
    {
        if (!cell.TryGetProperty(option, out JsonElement value))
        {
            return Of(usual);
        }

        return value.ValueKind switch
        {
            JsonValueKind.Null => Of("linear"),
            JsonValueKind.String => Of(value.GetString()!),
            _ => throw new InvalidDataException($"{option} is an object, {value}; only activations by name have a mapping."),
        };
    }

    public static LstmActivation Of(string name) => name switch
    {
        "tanh" => new(LstmActivationFunction.Tanh),
        "sigmoid" => new(LstmActivationFunction.Sigmoid),
        "relu" => new(LstmActivationFunction.Relu),
        "leaky_relu" => new(LstmActivationFunction.LeakyRelu, 0.2),
        "elu" or "celu" => new(LstmActivationFunction.Elu, 1),
        "softsign" => new(LstmActivationFunction.Softsign),
        "softplus" => new(LstmActivationFunction.Softplus),
        "hard_sigmoid" => new(LstmActivationFunction.HardSigmoid, 1.0 / 6, 0.5),
        "linear" => new(LstmActivationFunction.Affine, 1, 0),
        _ when WithoutCounterpart.Contains(name)
            => throw new NotSupportedException($"Keras's activation {name} has no counterpart."),
        _ => throw new InvalidDataException($"Keras has no activation {name}."),
    };
}
