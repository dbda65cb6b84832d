using System.Text.Json.Serialization;
using Lstm.Texts;

namespace Lstm;

/// <summary>
/// How far a call of Fit is: reported after each batch, after each segment of a truncated one, and after each epoch.
/// </summary>
/// <remarks>A value, so that reporting allocates nothing. Epochs and batches are counted from 1.</remarks>
[JsonNumberHandling(JsonNumberHandling.AllowNamedFloatingPointLiterals)]
public readonly record struct TrainingProgress
{
    /// <summary>The epoch, counted from 1 in this call of Fit.</summary>
    public int Epoch { get; init; }

    /// <summary>The number of epochs that this call was asked for.</summary>
    public int Epochs { get; init; }

    /// <summary>
    /// The number of the epoch's batch, counted from 1, that the report is about: complete when <see cref="Step"/> is
    /// <see cref="StepCount"/>.
    /// </summary>
    public int Batch { get; init; }

    /// <summary>The number of batches of an epoch; null where it is not known before the epoch's end.</summary>
    public int? Batches { get; init; }

    /// <summary>
    /// The number of the batch's steps that are done; less than <see cref="StepCount"/> after a segment that is not its last.
    /// </summary>
    public int Step { get; init; }

    /// <summary>The number of the batch's steps: the length of its longest sequence.</summary>
    public int StepCount { get; init; }

    /// <summary>Optimizer steps made in this call of Fit.</summary>
    public long OptimizerSteps { get; init; }

    /// <summary>Whether the epoch is complete, its validation included.</summary>
    public bool IsEpochEnd { get; init; }

    /// <summary>
    /// The loss of the batch's steps that are done; at an epoch's end the epoch's. Null where every step was skipped.
    /// </summary>
    public double? Loss { get; init; }

    /// <summary>The share of right decisions in the same steps; null where the loss decides nothing.</summary>
    public double? Accuracy { get; init; }

    /// <summary>The validation loss at an epoch's end; null otherwise, and without validation batches.</summary>
    public double? ValidationLoss { get; init; }

    /// <summary>The share of right decisions in validation; null where there is none.</summary>
    public double? ValidationAccuracy { get; init; }

    /// <summary>
    /// The gradient's norm at the latest step, before clipping; null before the first, and where a step was skipped.
    /// </summary>
    public double? GradientNorm { get; init; }

    /// <summary>
    /// The learning rate of the latest step: <see cref="Optimizer{T}.LearningRate"/> times the factor of
    /// <see cref="Trainer{T}.Schedule"/>, without the factors of single parameters. Null before the first step of this call.
    /// </summary>
    public double? LearningRate { get; init; }

    /// <summary>The time since Fit was called.</summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>
    /// The time that is left if all epochs are gone through at the pace so far; null where that is not known: the number of
    /// batches is not, or it is more than a <see cref="TimeSpan"/> holds.
    /// </summary>
    public TimeSpan? Remaining { get; init; }

    /// <summary>All members by name, in the same text in every culture.</summary>
    public override string ToString() => InvariantText.OfRecord(nameof(TrainingProgress), PrintMembers);
}
