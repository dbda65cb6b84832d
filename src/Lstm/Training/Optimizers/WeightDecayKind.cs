namespace Lstm.Training;

/// <summary>
/// How weight decay is applied in a <see cref="CustomOptimizer{T}"/>. λ is the parameter's weight decay, η its learning rate.
/// </summary>
public enum WeightDecayKind
{
    /// <summary>
    /// The gradient that the update reads is g + λ·p, as in <see cref="Sgd{T}"/>, <see cref="Adam{T}"/> and
    /// <see cref="RMSprop{T}"/>.
    /// </summary>
    Gradient,

    /// <summary>The parameter is multiplied by 1 − η·λ before the update, as in <see cref="AdamW{T}"/>.</summary>
    Decoupled,

    /// <summary>
    /// The custom optimizer applies <see cref="ParameterUpdate{T}.WeightDecay"/> in its own update; the library does nothing.
    /// </summary>
    ByUpdate,
}
