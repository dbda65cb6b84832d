namespace Lstm;

/// <summary>A function applied to each value.</summary>
public enum Activation
{
    /// <summary>x.</summary>
    None,

    /// <summary>1/(1 + e⁻ˣ).</summary>
    Sigmoid,

    /// <summary>tanh x.</summary>
    Tanh,

    /// <summary>max(x, 0); the derivative at 0 is 0.</summary>
    Relu,
}
