namespace Lstm.Training;

/// <summary>
/// How a <see cref="CustomOptimizer{T}"/> decays weights. λ is the parameter's weight decay, η its learning rate.
/// </summary>
public enum WeightDecayKind
{
    /// <summary>
    /// The update gets the gradient g + λ·p, as in <see cref="Sgd{T}"/>, <see cref="Adam{T}"/> and <see cref="RMSprop{T}"/>.
    /// </summary>
    Gradient,

    /// <summary>The parameter is multiplied by 1 − η·λ before the update, as in <see cref="AdamW{T}"/>.</summary>
    Decoupled,

    /// <summary>The update does it, with <see cref="ParameterUpdate{T}.WeightDecay"/>.</summary>
    ByUpdate,
}
