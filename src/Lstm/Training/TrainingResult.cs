using System.Globalization;
using System.Text.Json.Serialization;
using Lstm.Training;

namespace Lstm;

/// <summary>The result of a training run.</summary>
[JsonNumberHandling(JsonNumberHandling.AllowNamedFloatingPointLiterals)]
public sealed record TrainingResult
{
    /// <summary>How the training run ended.</summary>
    public required TrainingOutcome Outcome { get; init; }

    /// <summary>The results of the completed epochs, one entry for each.</summary>
    public required IReadOnlyList<EpochResult> Epochs { get; init; }

    /// <summary>The number of optimizer steps, without skipped ones.</summary>
    public required long Steps { get; init; }

    /// <summary>The number of steps that were skipped because a gradient was not finite.</summary>
    public required long SkippedSteps { get; init; }

    /// <summary>
    /// The epoch of the lowest validation loss, counted from 1 as in <see cref="TrainingProgress.Epoch"/>. Null without
    /// validation batches, or if every validation loss is NaN.
    /// </summary>
    public required int? BestEpoch { get; init; }

    /// <summary>The duration of the training run.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>The result of the epoch <see cref="BestEpoch"/>. Null if there is no best epoch.</summary>
    public EpochResult? Best => BestEpoch is { } epoch ? Epochs[epoch - 1] : null;

    /// <summary>Whether training stopped early because of <see cref="TrainingOptions.Patience"/>.</summary>
    public bool StoppedEarly => Outcome == TrainingOutcome.StoppedEarly;

    /// <summary>The training loss of the last epoch. Null without epochs, or if every step of the epoch was skipped.</summary>
    public double? Loss => Epochs.Count == 0 ? null : Epochs[^1].Loss;

    /// <summary>The validation loss of the last epoch. Null without epochs or validation batches.</summary>
    public double? ValidationLoss => Epochs.Count == 0 ? null : Epochs[^1].ValidationLoss;

    /// <summary>Returns the epochs, steps, losses, outcome and duration in one line of text.</summary>
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
