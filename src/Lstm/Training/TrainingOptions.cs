using Lstm.Data;
using Lstm.Texts;
using Lstm.Training;

namespace Lstm;

/// <summary>How Fit of a <see cref="Trainer{T}"/> goes through the batches.</summary>
public sealed record TrainingOptions
{
    /// <summary>How often all batches are gone through, at least 0. Default 1.</summary>
    public int Epochs { get; init; } = 1;

    /// <summary>
    /// Truncated BPTT (Williams &amp; Peng 1990): batches are cut into segments of this many steps, each with an optimizer step
    /// of its own; states pass from segment to segment, gradients do not. Null (the default) for whole sequences.
    /// </summary>
    public int? TruncateAfter { get; init; }

    /// <summary>
    /// After how many steps an optimizer step is made, 1 … <see cref="TruncateAfter"/>, which is also the default (null). With
    /// fewer, the segments overlap (Williams &amp; Peng 1990, BPTT(h; h')): each of the updates, one for these k₁ steps, runs
    /// over them and the k₂ − k₁ steps before them, k₂ being <see cref="TruncateAfter"/>, and propagates the loss of the k₁ new
    /// steps back through all k₂. The loss of each step is counted once; the state that a segment starts from was computed by the
    /// segment before it, with the parameters of that time.
    /// </summary>
    public int? StepEvery { get; init; }

    /// <summary>
    /// Steps after which a pass keeps its states, to compute what lies between again when it goes back: less memory, the same
    /// bits; see <see cref="Tape{T}.RecomputeEvery"/>. 0 for the square root of the length; null, the default, to keep
    /// everything.
    /// </summary>
    public int? RecomputeEvery { get; init; }

    /// <summary>
    /// Whether the sequences of a batch continue those of the batch before: states are carried on, from the initial one at the
    /// start of an epoch, and batches keep their order. All batches have the same number of sequences then; <see cref="Lanes"/>
    /// makes such batches of long series. Batches of <see cref="SlidingWindows"/> that do not continue each other are refused.
    /// Default false.
    /// </summary>
    public bool CarryState { get; init; }

    /// <summary>
    /// How many batches share an optimizer step, at least 1; under <see cref="Reduction.Mean"/> the gradient is that of the mean
    /// over all units (<see cref="LossUnit"/>) of these batches, however they are cut, else of the sum. Not to be combined with
    /// <see cref="TruncateAfter"/>. Default 1.
    /// </summary>
    public int AccumulateBatches { get; init; } = 1;

    /// <summary>
    /// What each epoch takes in an order of its own, drawn from <see cref="Seed"/>. Default <see cref="Shuffle.Batches"/>. With
    /// <see cref="CarryState"/>, and with batches that a function makes for each epoch, the order is the given one.
    /// </summary>
    public Shuffle Shuffle { get; init; } = Shuffle.Batches;

    /// <summary>
    /// Whether an epoch leaves out the last batch of the list (of <see cref="Shuffle.Sequences"/>, the last that is dealt out) if
    /// it has fewer sequences than the first. Needs a list whose batches exist. Default false.
    /// </summary>
    public bool DropSmallBatch { get; init; }

    /// <summary>Seed of the orders and of the dropout masks. Default 0.</summary>
    public long Seed { get; init; }

    /// <summary>
    /// Most threads that share a pass, the caller's included. 0, the default, stands for one per processor. The size of the work
    /// decides how many of them take part, never more than there are processors; any number gives the same bits.
    /// </summary>
    public int Workers { get; init; }

    /// <summary>What to do with a gradient that is not finite. Default <see cref="NonFiniteAction.Throw"/>.</summary>
    public NonFiniteAction OnNonFinite { get; init; }

    /// <summary>
    /// Stops after this many epochs in a row without a better validation loss, at least 1; null (the default) for never.
    /// </summary>
    public int? Patience { get; init; }

    /// <summary>By how much a validation loss has to be below the best to be better, at least 0. Default 0.</summary>
    public double MinimumImprovement { get; init; }

    /// <summary>
    /// Whether the network ends with the parameters of the epoch of the best validation loss. Default false. The optimizer's
    /// state is not taken back. A training that is cancelled or fails keeps the parameters of its last step;
    /// <see cref="Trainer{T}.RestoreBest"/> then gives it the best.
    /// </summary>
    public bool RestoreBest { get; init; }

    /// <summary>When checkpoints are saved, and where. Null, the default, for none.</summary>
    public CheckpointOptions? Checkpoint { get; init; }

    /// <summary>All members by name, in the same text in every culture.</summary>
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
                $"OnNonFinite is {OnNonFinite} and Shuffle is {Shuffle}; each has to be one of its enumeration's values.",
                "options");
        }

        if (!(MinimumImprovement >= 0 && double.IsFinite(MinimumImprovement)))
        {
            throw new ArgumentException(
                InvariantText.Of($"MinimumImprovement is {MinimumImprovement}; it has to be finite and at least 0."), "options");
        }

        if (AccumulateBatches > 1 && TruncateAfter is not null)
        {
            throw new ArgumentException(
                $"AccumulateBatches is {AccumulateBatches}, which cannot be combined with TruncateAfter ({TruncateAfter}): " +
                $"each segment makes a step.", "options");
        }

        if (StepEvery is not null && !(StepEvery <= TruncateAfter))
        {
            throw new ArgumentException(
                TruncateAfter is { } back ? $"StepEvery is {StepEvery}; it has to be at most TruncateAfter, which is {back}."
                : $"StepEvery is {StepEvery}, but there is no TruncateAfter: it says how far back those steps go.", "options");
        }

        if (!validates && (Patience is not null || RestoreBest || MinimumImprovement > 0))
        {
            throw new ArgumentException(
                "Patience, RestoreBest and MinimumImprovement need validation batches; there are none.", "options");
        }

        if (CarryState && Shuffle == Shuffle.Sequences)
        {
            throw new ArgumentException(
                "Shuffle is Sequences, but CarryState needs the batches in their order. Leave one of the two out.", "options");
        }

        if (RecomputeEvery > 0 && RecomputeEvery >= TruncateAfter)
        {
            throw new ArgumentException(
                $"RecomputeEvery is {RecomputeEvery}, which has no effect: TruncateAfter is {TruncateAfter}, and no pass is " +
                $"longer. Leave RecomputeEvery out, or set it below.", "options");
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
                $"The position is behind step {position.Step} within a batch, where truncation left it, but TruncateAfter is " +
                $"null. "
                + "Resume with the options that the training had.");
        }
    }

    private static void AtLeast(int value, int least, string name)
    {
        if (value < least)
        {
            throw new ArgumentException($"{name} is {value}; it has to be at least {least}.", "options");
        }
    }
}
