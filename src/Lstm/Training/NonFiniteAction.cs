

namespace Lstm.Training;

/// <summary>The action of a trainer when a gradient is infinite or NaN.</summary>
public enum NonFiniteAction
{
    /// <summary>Throws <see cref="NonFiniteGradientException"/>. The network stays as before the step.</summary>
    Throw,

    /// <summary>
    /// Skips the step and continues training; carried states are reset to the initial states. A step is also skipped if a target
    /// of a training batch is not finite, instead of an exception. A validation target that is not finite always throws.
    /// </summary>
    SkipStep,
}
