using System.Globalization;
using System.Text.Json.Serialization;

namespace Lstm.Training;

/// <summary>One epoch's losses; the training loss is measured while the parameters change.</summary>
/// <param name="Loss">
/// The loss over all units of the epoch, but for those of skipped steps; null when every step was skipped. An epoch that was
/// interrupted and resumed has its whole loss.
/// </param>
/// <param name="Accuracy">The share of right decisions; null where the loss decides nothing.</param>
/// <param name="ValidationLoss">The validation loss; null without validation.</param>
/// <param name="ValidationAccuracy">The share of right decisions in validation; null where there are none.</param>
[JsonNumberHandling(JsonNumberHandling.AllowNamedFloatingPointLiterals)]
public readonly record struct EpochResult(
    double? Loss, double? Accuracy, double? ValidationLoss = null, double? ValidationAccuracy = null)
{
    /// <summary>The numbers that there are, in one line.</summary>
    public override string ToString()
        => string.Join(", ", new (string Name, double? Value)[]
            {
                ("loss", Loss), ("accuracy", Accuracy), ("validation loss", ValidationLoss),
                    ("validation accuracy", ValidationAccuracy),
            }
            .Where(entry => entry.Value is not null)
            .Select(entry => string.Create(CultureInfo.InvariantCulture, $"{entry.Name} {entry.Value:g6}")));
}
