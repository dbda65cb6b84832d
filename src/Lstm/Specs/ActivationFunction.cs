namespace Lstm.Specs;

/// <summary>The functions of an <see cref="ActivationSpec"/>. A parameter that is not mentioned has no effect.</summary>
public enum ActivationFunction
{
    /// <summary>1 / (1 + e⁻ˣ).</summary>
    Sigmoid,

    /// <summary>tanh x.</summary>
    Tanh,

    /// <summary>max(x, 0).</summary>
    Relu,

    /// <summary>αx + β, bounded to 0 … 1; ONNX and Keras 2 have α = 0.2, β = 0.5.</summary>
    HardSigmoid,

    /// <summary>x, or αx below 0; α ≥ 0, in ONNX 0.01.</summary>
    LeakyRelu,

    /// <summary>x, or α(eˣ − 1) below 0; α ≥ 0, in ONNX 1.</summary>
    Elu,

    /// <summary>x / (1 + |x|).</summary>
    Softsign,

    /// <summary>log(1 + eˣ).</summary>
    Softplus,

    /// <summary>α tanh(βx), α ≠ 0.</summary>
    ScaledTanh,

    /// <summary>αx + β.</summary>
    Affine,

    /// <summary>x above α, else 0; in ONNX α = 1.</summary>
    ThresholdedRelu,

    /// <summary>e^xₖ / Σ e^xⱼ over the values of a step: probabilities.</summary>
    Softmax,

    /// <summary>The logarithm of <see cref="Softmax"/>.</summary>
    LogSoftmax,
}
