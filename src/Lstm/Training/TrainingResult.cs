using System.Globalization;
using System.Text.Json.Serialization;
using Lstm.Training;

namespace Lstm;

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
    /// The epoch of the lowest validation loss, counted from 1 as in <see cref="TrainingProgress.Epoch"/>; null without
    /// validation, or where each validation loss is NaN.
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
