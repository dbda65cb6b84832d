using System.Globalization;
using System.Text.Json.Serialization;

namespace Lstm.Training;

/// <summary>A network's loss on batches it does not learn from.</summary>
/// <param name="Loss">
/// Under <see cref="Reduction.Mean"/> the mean over all units (<see cref="LossUnit"/>) of all batches, however they are cut, else
/// the sum.
/// </param>
/// <param name="Accuracy">
/// The share of right decisions – the largest logit is the label's, or a binary logit's sign is the target's; null where the loss
/// decides nothing.
/// </param>
[JsonNumberHandling(JsonNumberHandling.AllowNamedFloatingPointLiterals)]
public readonly record struct EvaluationResult(double Loss, double? Accuracy)
{
    /// <summary>The loss, and the accuracy if there is one, in one line.</summary>
    public override string ToString()
        => string.Create(CultureInfo.InvariantCulture, $"loss {Loss:g6}")
            + (Accuracy is { } accuracy
                ? string.Create(CultureInfo.InvariantCulture, $", accuracy {accuracy:g6}")
                : string.Empty);
}
