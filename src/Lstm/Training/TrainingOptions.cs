using Lstm.Data;
using Lstm.Texts;
using Lstm.Training;

namespace Lstm;

/// <summary>The options of Fit of a <see cref="Trainer{T}"/>.</summary>
public sealed record TrainingOptions
{
    /// <summary>The number of passes over all batches, at least 0. Default 1.</summary>
    public int Epochs { get; init; } = 1;

    /// <summary>
    /// The number of time steps of a segment in truncated BPTT (Williams &amp; Peng 1990), at least 1. Batches are divided into
    /// segments, and each segment has one optimizer step. States are carried from segment to segment; gradients are not. Null,
    /// the default, for whole sequences.
    /// </summary>
    public int? TruncateAfter { get; init; }

    /// <summary>
    /// The number k₁ of time steps between two optimizer steps in truncated BPTT, 1 … <see cref="TruncateAfter"/>. Null, the
    /// default, for <see cref="TruncateAfter"/>. With a smaller number the segments overlap (Williams &amp; Peng 1990,
    /// BPTT(h; h')): with k₂ = <see cref="TruncateAfter"/>, each update runs over k₁ new steps and the k₂ − k₁ steps before them,
    /// and propagates the loss of the new steps back through all k₂. The loss of each step is counted once. The previous segment
    /// computed the state that a segment starts from, with the parameters it had then.
    /// </summary>
    public int? StepEvery { get; init; }

    /// <summary>
    /// The number of time steps between the states that a pass stores; the backward pass recomputes the steps between. Results
    /// have the same bits and need less memory; see <see cref="Tape{T}.RecomputeEvery"/>. 0 uses the square root of the length.
    /// Null, the default, to store all steps.
    /// </summary>
    public int? RecomputeEvery { get; init; }

    /// <summary>
    /// Whether the sequences of a batch continue those of the previous batch. If true, states are carried from batch to batch, an
    /// epoch starts from the initial states, and batches keep their order. All batches need the same number of sequences;
    /// <see cref="Lanes"/> creates such batches from long series. Batches of <see cref="SlidingWindows"/> that do not continue
    /// each other are refused. Default false.
    /// </summary>
    public bool CarryState { get; init; }

    /// <summary>
    /// The number of batches that share an optimizer step, at least 1. Default 1. The gradient is that of the loss over all units
    /// (<see cref="LossUnit"/>) of these batches, the mean under <see cref="Reduction.Mean"/> and the sum otherwise. It does not
    /// depend on how the data are divided into these batches. Cannot be combined with <see cref="TruncateAfter"/>.
    /// </summary>
    public int AccumulateBatches { get; init; } = 1;

    /// <summary>
    /// The items that are shuffled in each epoch, with an order drawn from <see cref="Seed"/>. Default
    /// <see cref="Shuffle.Batches"/>. With <see cref="CarryState"/>, and with batches that a function creates for each epoch, the
    /// batches keep their order.
    /// </summary>
    public Shuffle Shuffle { get; init; } = Shuffle.Batches;

    /// <summary>
    /// Whether an epoch skips the last batch of the list, or with <see cref="Shuffle.Sequences"/> the last shuffled batch, if the
    /// batch has fewer sequences than the first. Needs a list of existing batches. Default false.
    /// </summary>
    public bool DropSmallBatch { get; init; }

    /// <summary>The seed of the batch orders and of the dropout masks. Default 0.</summary>
    public long Seed { get; init; }

    /// <summary>
    /// The largest number of threads that share a pass, including the caller's. 0, the default, for one per processor. Small
    /// passes use fewer threads, and no pass uses more than there are processors. Any number gives the same bits.
    /// </summary>
    public int Workers { get; init; }

    /// <summary>The action when a gradient is infinite or NaN. Default <see cref="NonFiniteAction.Throw"/>.</summary>
    public NonFiniteAction OnNonFinite { get; init; }

    /// <summary>
    /// The number of epochs in a row without a better validation loss after which training stops, at least 1. Null, the default,
    /// for no early stopping.
    /// </summary>
    public int? Patience { get; init; }

    /// <summary>The amount by which a better validation loss has to be below the best one, at least 0. Default 0.</summary>
    public double MinimumImprovement { get; init; }

    /// <summary>
    /// Whether the network gets the parameters of the epoch with the best validation loss at the end of training. Default false.
    /// The optimizer's state is not restored. If training is canceled or fails, the network keeps the parameters of the last
    /// step; call <see cref="Trainer{T}.RestoreBest"/> to get the best ones.
    /// </summary>
    public bool RestoreBest { get; init; }

    /// <summary>The file and the interval of checkpoints. Null, the default, for no checkpoints.</summary>
    public CheckpointOptions? Checkpoint { get; init; }

    /// <summary>Returns all members by name as culture-independent text.</summary>
    public override string ToString() => InvariantText.OfRecord(nameof(TrainingOptions), PrintMembers);

    internal void Check(bool validates)
    {
        AtLeast(Epochs, 0, nameof(Epochs));
        AtLeast(TruncateAfter ?? 1, 1, nameof(TruncateAfter));
        AtLeast(StepEvery ?? 1, 1, nameof(StepEvery));
        AtLeast(RecomputeEvery ?? 0, 0, nameof(RecomputeEvery));
        AtLeast(AccumulateBatches, 1, nameof(AccumulateBatches));
        AtLeast(Workers, 0, nameof(Workers));
        AtLeast(Patience ?? 1, 1, nameof(Patience));
        Checkpoint?.Check();
        if (!Enum.IsDefined(OnNonFinite) || !Enum.IsDefined(Shuffle))
        {
            throw new ArgumentException(
                $"OnNonFinite is {OnNonFinite} and Shuffle is {Shuffle}; each has to be a member of its enumeration.",
                "options");
        }

        if (!(MinimumImprovement >= 0 && double.IsFinite(MinimumImprovement)))
        {
            throw new ArgumentException(
                InvariantText.Of($"MinimumImprovement is {MinimumImprovement}; give a finite value of at least 0."), "options");
        }

        if (AccumulateBatches > 1 && TruncateAfter is not null)
        {
            throw new ArgumentException(
                $"AccumulateBatches is {AccumulateBatches}, which cannot be combined with TruncateAfter ({TruncateAfter}): " +
                $"each segment has one step. Leave one of the two out.", "options");
        }

        if (StepEvery is not null && !(StepEvery <= TruncateAfter))
        {
            throw new ArgumentException(
                TruncateAfter is { } back
                    ? $"StepEvery is {StepEvery}; the value has to be at most TruncateAfter, which is {back}."
                    : $"StepEvery is {StepEvery}, but TruncateAfter is null. Set TruncateAfter, or leave StepEvery out.",
                "options");
        }

        if (!validates && (Patience is not null || RestoreBest || MinimumImprovement > 0))
        {
            throw new ArgumentException(
                "Patience, RestoreBest and MinimumImprovement need validation batches; give validationBatches.", "options");
        }

        if (CarryState && Shuffle == Shuffle.Sequences)
        {
            throw new ArgumentException(
                "Shuffle is Sequences, but CarryState needs the batches in the given order. Leave one of the two out.",
                "options");
        }

        if (RecomputeEvery > 0 && RecomputeEvery >= TruncateAfter)
        {
            throw new ArgumentException(
                $"RecomputeEvery is {RecomputeEvery}, which has no effect: TruncateAfter is {TruncateAfter}, and no pass is " +
                $"longer. Leave RecomputeEvery out, or set a smaller value.", "options");
        }
    }

    /// <summary>Refuses a position that a training with these options cannot go on from.</summary>
    /// <param name="position">The position.</param>
    /// <param name="batches">The number of batches of an epoch; null where it is not known.</param>
    internal void CheckPosition(TrainingPosition position, int? batches)
    {
        if (position.Batch >= (batches ?? int.MaxValue)
            || position.Batch < 0 || position.Epoch < 0 || position.Draw < 0 || position.Step < 0)
        {
            throw new InvalidOperationException(
                InvariantText.Of(
                $"The position {position} is not one in an epoch of {batches?.ToString() ?? "any number of"} batches."));
        }

        if (position.Step > 0 && TruncateAfter is null)
        {
            throw new InvalidOperationException(
                $"The position is after step {position.Step} within a truncated batch, but TruncateAfter is null. "
                + "Resume with the options of the interrupted training run.");
        }
    }

    private static void AtLeast(int value, int least, string name)
    {
        if (value < least)
        {
            throw new ArgumentException($"{name} is {value}; the value has to be at least {least}.", "options");
        }
    }
}
