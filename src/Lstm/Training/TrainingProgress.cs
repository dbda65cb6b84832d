using Lstm.Texts;

namespace Lstm;

/// <summary>Where a training is: reported after each batch, and after each epoch.</summary>
/// <remarks>A value, so that reporting allocates nothing.</remarks>
public readonly record struct TrainingProgress
{
    /// <summary>The epoch, counted from 1 in this call of Fit.</summary>
    public int Epoch { get; init; }

    /// <summary>How many epochs this call was asked for.</summary>
    public int Epochs { get; init; }

    /// <summary>How many batches of the epoch are done.</summary>
    public int Batch { get; init; }

    /// <summary>How many batches an epoch has.</summary>
    public int Batches { get; init; }

    /// <summary>Whether the epoch is complete, its validation included; else one more batch is.</summary>
    public bool IsEpochEnd { get; init; }

    /// <summary>The batch's loss; at an epoch's end the epoch's.</summary>
    public double Loss { get; init; }

    /// <summary>The share of right decisions in the same; NaN where the loss decides nothing.</summary>
    public double Accuracy { get; init; }

    /// <summary>The validation loss at an epoch's end; else, and without validation batches, NaN.</summary>
    public double ValidationLoss { get; init; }

    /// <summary>The share of right decisions in validation; NaN where there is none.</summary>
    public double ValidationAccuracy { get; init; }

    /// <summary>The gradient's norm at the latest step, before clipping; NaN before the first and where a step was skipped.</summary>
    public double GradientNorm { get; init; }

    /// <summary>The time since Fit was called.</summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>The time that is left if all epochs are gone through at the pace so far.</summary>
    public TimeSpan Remaining { get; init; }

    /// <summary>All members by name, in the same text in every culture.</summary>
    public override string ToString() => InvariantText.OfRecord(nameof(TrainingProgress), PrintMembers);
}
