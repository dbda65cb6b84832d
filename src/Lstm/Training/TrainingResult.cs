using System.Globalization;
using System.Text.Json.Serialization;

namespace Lstm;

/// <summary>How a call of Fit ended.</summary>
public enum TrainingOutcome
{
    /// <summary>All epochs were gone through.</summary>
    Completed,

    /// <summary><see cref="TrainingOptions.Patience"/> ended it.</summary>
    StoppedEarly,

    /// <summary>It was cancelled.</summary>
    Canceled,

    /// <summary>An exception ended it.</summary>
    Failed,
}

/// <summary>The result of a training run.</summary>
[JsonNumberHandling(JsonNumberHandling.AllowNamedFloatingPointLiterals)]
public sealed record TrainingResult
{
    /// <summary>How it ended.</summary>
    public required TrainingOutcome Outcome { get; init; }

    /// <summary>One entry for each epoch that was completed.</summary>
    public required IReadOnlyList<EpochResult> Epochs { get; init; }

    /// <summary>Optimizer steps made.</summary>
    public required long Steps { get; init; }

    /// <summary>Steps left out because a gradient was not finite.</summary>
    public required long SkippedSteps { get; init; }

    /// <summary>
    /// The epoch of the lowest validation loss, counted from 1 as in <see cref="TrainingProgress.Epoch"/>; null without validation, or where each
    /// validation loss is NaN.
    /// </summary>
    public required int? BestEpoch { get; init; }

    /// <summary>The time it took.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>The result of <see cref="BestEpoch"/>; null where there is none.</summary>
    public EpochResult? Best => BestEpoch is { } epoch ? Epochs[epoch - 1] : null;

    /// <summary>Whether <see cref="TrainingOptions.Patience"/> ended it.</summary>
    public bool StoppedEarly => Outcome == TrainingOutcome.StoppedEarly;

    /// <summary>The last epoch's loss; null without epochs, or where every step was skipped.</summary>
    public double? Loss => Epochs.Count == 0 ? null : Epochs[^1].Loss;

    /// <summary>The last epoch's validation loss; null without validation.</summary>
    public double? ValidationLoss => Epochs.Count == 0 ? null : Epochs[^1].ValidationLoss;

    /// <summary>Epochs, steps, losses, outcome and time in one line.</summary>
    public override string ToString()
    {
        string loss = Loss is { } last ? $", loss {Text(last)}" : string.Empty;
        string validation = ValidationLoss is { } measured ? $", validation loss {Text(measured)}" : string.Empty;
        string best = Best is { ValidationLoss: { } lowest } ? $" (best {Text(lowest)} in epoch {BestEpoch})" : string.Empty;
        string skipped = SkippedSteps == 0 ? string.Empty : $" ({SkippedSteps} skipped)";
        string ended = Outcome switch
        {
            TrainingOutcome.StoppedEarly => ", stopped early",
            TrainingOutcome.Canceled => ", canceled",
            TrainingOutcome.Failed => ", failed",
            _ => string.Empty,
        };
        return $"{Epochs.Count} epochs, {Steps} steps{skipped}{loss}{validation}{best}{ended}, {Elapsed:c}";
    }

    private static string Text(double loss) => loss.ToString("g6", CultureInfo.InvariantCulture);
}

/// <summary>One epoch's losses; the training loss is measured while the parameters change.</summary>
/// <param name="Loss">
/// The loss over all units of the epoch, but for those of skipped steps; null when every step was skipped. An epoch that was interrupted and
/// resumed has its whole loss.
/// </param>
/// <param name="Accuracy">The share of right decisions; null where the loss decides nothing.</param>
/// <param name="ValidationLoss">The validation loss; null without validation.</param>
/// <param name="ValidationAccuracy">The share of right decisions in validation; null where there are none.</param>
[JsonNumberHandling(JsonNumberHandling.AllowNamedFloatingPointLiterals)]
public readonly record struct EpochResult(double? Loss, double? Accuracy, double? ValidationLoss = null, double? ValidationAccuracy = null)
{
    /// <summary>The numbers that there are, in one line.</summary>
    public override string ToString()
        => string.Join(", ", new (string Name, double? Value)[]
            {
                ("loss", Loss), ("accuracy", Accuracy), ("validation loss", ValidationLoss), ("validation accuracy", ValidationAccuracy),
            }
            .Where(entry => entry.Value is not null)
            .Select(entry => string.Create(CultureInfo.InvariantCulture, $"{entry.Name} {entry.Value:g6}")));
}

/// <summary>A network's loss on batches it does not learn from.</summary>
/// <param name="Loss">Under <see cref="Reduction.Mean"/> the mean over all units (<see cref="LossUnit"/>) of all batches, however they are cut, else the sum.</param>
/// <param name="Accuracy">The share of right decisions – the largest logit is the label's, or a binary logit's sign is the target's; null where the loss decides nothing.</param>
[JsonNumberHandling(JsonNumberHandling.AllowNamedFloatingPointLiterals)]
public readonly record struct EvaluationResult(double Loss, double? Accuracy)
{
    /// <summary>The loss, and the accuracy if there is one, in one line.</summary>
    public override string ToString()
        => string.Create(CultureInfo.InvariantCulture, $"loss {Loss:g6}") + (Accuracy is { } accuracy ? string.Create(CultureInfo.InvariantCulture, $", accuracy {accuracy:g6}") : string.Empty);
}

/// <summary>How far a trainer is, beside the optimizer's own state; setting it resumes a training.</summary>
/// <param name="Epoch">Epochs completed.</param>
/// <param name="Batch">Batches of the present epoch that completed steps have used.</param>
/// <param name="Draw">Batches used in all: the key of the next dropout masks.</param>
/// <param name="Step">Steps of the next batch's sequences that completed segments have used; 0 unless it is within a truncated batch.</param>
public readonly record struct TrainingPosition(int Epoch, int Batch, long Draw, int Step = 0);
