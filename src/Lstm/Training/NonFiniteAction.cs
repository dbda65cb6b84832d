

namespace Lstm.Training;

/// <summary>What a trainer does with a gradient that is infinite or NaN.</summary>
public enum NonFiniteAction
{
    /// <summary>Throw <see cref="NonFiniteGradientException"/>; the network is left as before the step.</summary>
    Throw,

    /// <summary>
    /// Leave the step out and go on; carried states go back to the initial ones. Targets of training batches that are not finite
    /// are then left out in the same way instead of being refused; those of validation batches are always refused.
    /// </summary>
    SkipStep,
}
