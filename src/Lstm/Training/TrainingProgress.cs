using System.Text.Json.Serialization;
using Lstm.Texts;

namespace Lstm;

/// <summary>
/// The progress of a call of Fit, reported after each batch, each segment of a truncated batch, and each epoch.
/// </summary>
/// <remarks>The type is a structure, so that reports allocate nothing. Epochs and batches are counted from 1.</remarks>
[JsonNumberHandling(JsonNumberHandling.AllowNamedFloatingPointLiterals)]
public readonly record struct TrainingProgress
{
    /// <summary>The number of the epoch, counted from 1 in this call of Fit.</summary>
    public int Epoch { get; init; }

    /// <summary>The number of epochs requested in this call of Fit.</summary>
    public int Epochs { get; init; }

    /// <summary>
    /// The number of the reported batch in the epoch, counted from 1. The batch is complete if <see cref="Step"/> equals
    /// <see cref="StepCount"/>.
    /// </summary>
    public int Batch { get; init; }

    /// <summary>The number of batches in an epoch. Null if it is not known before the epoch's end.</summary>
    public int? Batches { get; init; }

    /// <summary>
    /// The number of the batch's completed time steps; less than <see cref="StepCount"/> before the batch's last segment is done.
    /// </summary>
    public int Step { get; init; }

    /// <summary>The number of time steps in the batch: the length of its longest sequence.</summary>
    public int StepCount { get; init; }

    /// <summary>The number of optimizer steps in this call of Fit.</summary>
    public long OptimizerSteps { get; init; }

    /// <summary>Whether the epoch is complete, including its validation.</summary>
    public bool IsEpochEnd { get; init; }

    /// <summary>
    /// The loss of the batch's completed time steps, or of the epoch at its end. Null if every step was skipped.
    /// </summary>
    public double? Loss { get; init; }

    /// <summary>
    /// The fraction of correct decisions in the steps of <see cref="Loss"/>. Null if the loss does not decide between classes.
    /// </summary>
    public double? Accuracy { get; init; }

    /// <summary>The validation loss at an epoch's end. Null before the end, and without validation batches.</summary>
    public double? ValidationLoss { get; init; }

    /// <summary>The fraction of correct decisions in validation at an epoch's end. Null if there are none.</summary>
    public double? ValidationAccuracy { get; init; }

    /// <summary>
    /// The norm of the gradient at the latest step, before clipping. Null before the first step, and if the step was skipped.
    /// </summary>
    public double? GradientNorm { get; init; }

    /// <summary>
    /// The learning rate of the latest step: <see cref="Optimizer{T}.LearningRate"/> times the factor of
    /// <see cref="Trainer{T}.Schedule"/>, without the parameters' own factors. Null before the first step of this call.
    /// </summary>
    public double? LearningRate { get; init; }

    /// <summary>The time since the call of Fit began.</summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>
    /// The estimated remaining time if all epochs run at the present pace. Null if the number of batches is not known, or if the
    /// time is longer than a <see cref="TimeSpan"/> can hold.
    /// </summary>
    public TimeSpan? Remaining { get; init; }

    /// <summary>Returns all members by name as culture-independent text.</summary>
    public override string ToString() => InvariantText.OfRecord(nameof(TrainingProgress), PrintMembers);
}
