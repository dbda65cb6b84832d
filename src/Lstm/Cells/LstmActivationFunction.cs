

namespace Lstm.Cells;

/// <summary>
/// The functions of an <see cref="LstmActivation"/>. A parameter that a description does not mention has no effect.
/// </summary>
public enum LstmActivationFunction
{
    /// <summary>The logistic function, 1 / (1 + e⁻ˣ).</summary>
    Sigmoid,

    /// <summary>The hyperbolic tangent, tanh x.</summary>
    Tanh,

    /// <summary>The rectified linear function, max(x, 0).</summary>
    Relu,

    /// <summary>The linear function αx + β, clipped to 0 … 1. ONNX and Keras 2 use α = 0.2 and β = 0.5.</summary>
    HardSigmoid,

    /// <summary>The leaky rectified linear function: x, or αx if x is below 0, with α ≥ 0. ONNX uses α = 0.01.</summary>
    LeakyRelu,

    /// <summary>The exponential linear function: x, or α(eˣ − 1) if x is below 0, with α ≥ 0. ONNX uses α = 1.</summary>
    Elu,

    /// <summary>The softsign function, x / (1 + |x|).</summary>
    Softsign,

    /// <summary>The softplus function, log(1 + eˣ).</summary>
    Softplus,

    /// <summary>The scaled hyperbolic tangent, α tanh(βx), with α ≠ 0.</summary>
    ScaledTanh,

    /// <summary>The linear function αx + β.</summary>
    Affine,

    /// <summary>The thresholded linear function: x if x is above α, else 0. ONNX uses α = 1.</summary>
    ThresholdedRelu,
}
