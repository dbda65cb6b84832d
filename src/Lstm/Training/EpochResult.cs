using System.Globalization;
using System.Text.Json.Serialization;

namespace Lstm.Training;

/// <summary>The losses of one epoch. The training loss is measured while the parameters change.</summary>
/// <param name="Loss">
/// The training loss over all units of the epoch except those of skipped steps. Null if every step was skipped. For an epoch that
/// was interrupted and resumed, the loss covers the whole epoch.
/// </param>
/// <param name="Accuracy">
/// The fraction of correct decisions in training. Null if the loss does not decide between classes.
/// </param>
/// <param name="ValidationLoss">The validation loss. Null without validation batches.</param>
/// <param name="ValidationAccuracy">The fraction of correct decisions in validation. Null if there are none.</param>
[JsonNumberHandling(JsonNumberHandling.AllowNamedFloatingPointLiterals)]
public readonly record struct EpochResult(
    double? Loss, double? Accuracy, double? ValidationLoss = null, double? ValidationAccuracy = null)
{
    /// <summary>Returns the losses and accuracies that are not null, in one line of text.</summary>
    public override string ToString()
        => string.Join(", ", new (string Name, double? Value)[]
            {
                ("loss", Loss), ("accuracy", Accuracy), ("validation loss", ValidationLoss),
                    ("validation accuracy", ValidationAccuracy),
            }
            .Where(entry => entry.Value is not null)
            .Select(entry => string.Create(CultureInfo.InvariantCulture, $"{entry.Name} {entry.Value:g6}")));
}
