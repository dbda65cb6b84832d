using System.Globalization;
using Lstm.Texts;

namespace Lstm;

/// <summary>What a training came to.</summary>
public sealed record TrainingResult
{
    /// <summary>One entry for each epoch gone through.</summary>
    public required IReadOnlyList<EpochResult> Epochs { get; init; }

    /// <summary>Optimizer steps made.</summary>
    public required long Steps { get; init; }

    /// <summary>Steps left out because a gradient was not finite.</summary>
    public required long SkippedSteps { get; init; }

    /// <summary>Index in <see cref="Epochs"/> of the lowest validation loss; null without validation, or where each is NaN.</summary>
    public required int? BestEpoch { get; init; }

    /// <summary>Whether <see cref="TrainingOptions.Patience"/> ended it.</summary>
    public required bool StoppedEarly { get; init; }

    /// <summary>The time it took.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>The last epoch's loss; NaN without epochs.</summary>
    public double Loss => Epochs.Count == 0 ? double.NaN : Epochs[^1].Loss;

    /// <summary>The last epoch's validation loss; NaN without validation.</summary>
    public double ValidationLoss => Epochs.Count == 0 ? double.NaN : Epochs[^1].ValidationLoss;

    /// <summary>Losses, steps and time in one line.</summary>
    public override string ToString()
    {
        string validation = double.IsNaN(ValidationLoss) ? string.Empty : $", validation loss {Text(ValidationLoss)}";
        string best = BestEpoch is { } epoch ? $" (best {Text(Epochs[epoch].ValidationLoss)} in epoch {epoch + 1})" : string.Empty;
        string skipped = SkippedSteps == 0 ? string.Empty : $" ({SkippedSteps} skipped)";
        string stopped = StoppedEarly ? ", stopped early" : string.Empty;
        return $"{Epochs.Count} epochs, {Steps} steps{skipped}, loss {Text(Loss)}{validation}{best}{stopped}, {Elapsed:c}";
    }

    private static string Text(double loss) => loss.ToString("g6", CultureInfo.InvariantCulture);
}

/// <summary>One epoch's losses; the training loss is measured while the parameters change.</summary>
/// <param name="Loss">
/// The loss over all elements of the epoch, but for those of skipped steps; where the training went on in the middle of an epoch, over the rest of it. NaN when every
/// step was skipped.
/// </param>
/// <param name="Accuracy">The share of right decisions; NaN where the loss decides nothing.</param>
/// <param name="ValidationLoss">The validation loss; NaN without validation.</param>
/// <param name="ValidationAccuracy">The share of right decisions in validation; NaN where there are none.</param>
public readonly record struct EpochResult(double Loss, double Accuracy, double ValidationLoss, double ValidationAccuracy)
{
    /// <summary>All members by name, in the same text in every culture.</summary>
    public override string ToString() => InvariantText.OfRecord(nameof(EpochResult), PrintMembers);
}

/// <summary>A network's loss on batches it does not learn from.</summary>
/// <param name="Loss">Under <see cref="Reduction.Mean"/> the mean over all units (<see cref="LossUnit"/>) of all batches, however they are cut, else the sum.</param>
/// <param name="Accuracy">The share of right decisions – the largest logit is the label's, or a binary logit's sign is the target's; NaN where the loss decides nothing.</param>
public readonly record struct EvaluationResult(double Loss, double Accuracy)
{
    /// <summary>All members by name, in the same text in every culture.</summary>
    public override string ToString() => InvariantText.OfRecord(nameof(EvaluationResult), PrintMembers);
}

/// <summary>How far a trainer is, beside the optimizer's own state; setting it resumes a training.</summary>
/// <param name="Epoch">Epochs completed.</param>
/// <param name="Batch">Batches of the present epoch that completed steps have used.</param>
/// <param name="Draw">Batches used in all: the key of the next dropout masks.</param>
public readonly record struct TrainingPosition(int Epoch, int Batch, long Draw);
