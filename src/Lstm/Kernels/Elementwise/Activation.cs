namespace Lstm;

/// <summary>The function that a layer applies to each of its outputs.</summary>
public enum Activation
{
    /// <summary>No function: the output is x.</summary>
    None,

    /// <summary>The logistic function, 1/(1 + e⁻ˣ).</summary>
    Sigmoid,

    /// <summary>The hyperbolic tangent, tanh x.</summary>
    Tanh,

    /// <summary>The rectifier, max(x, 0); its derivative at 0 is 0.</summary>
    Relu,
}
