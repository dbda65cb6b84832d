using System.Globalization;
using System.Text.Json.Serialization;

namespace Lstm.Training;

/// <summary>The result of <see cref="Trainer{T}.Evaluate"/>: the loss and the accuracy on the batches.</summary>
/// <param name="Loss">
/// The loss: under <see cref="Reduction.Mean"/> the mean over all units (<see cref="LossUnit"/>) of all batches, which does not
/// depend on how the data are divided into batches; under <see cref="Reduction.Sum"/> the sum.
/// </param>
/// <param name="Accuracy">
/// The fraction of correct decisions: the label has the largest logit, or a binary logit has the sign of the target. Null if the
/// loss does not decide between classes.
/// </param>
[JsonNumberHandling(JsonNumberHandling.AllowNamedFloatingPointLiterals)]
public readonly record struct EvaluationResult(double Loss, double? Accuracy)
{
    /// <summary>Returns the loss, and the accuracy if it is not null, in one line of text.</summary>
    public override string ToString()
        => string.Create(CultureInfo.InvariantCulture, $"loss {Loss:g6}")
            + (Accuracy is { } accuracy
                ? string.Create(CultureInfo.InvariantCulture, $", accuracy {accuracy:g6}")
                : string.Empty);
}
