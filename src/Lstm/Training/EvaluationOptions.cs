using Lstm.Data;
using Lstm.Texts;

namespace Lstm.Training;

/// <summary>The options of <see cref="Trainer{T}.Evaluate"/>.</summary>
public sealed record EvaluationOptions
{
    /// <summary>
    /// Whether the sequences of a batch continue those of the previous batch, as in <see cref="TrainingOptions.CarryState"/>.
    /// Null, the default, for true if <see cref="Lanes"/> creates the batches.
    /// </summary>
    public bool? CarryState { get; init; }

    /// <summary>
    /// The largest number of threads that share a pass, including the caller's. 0, the default, for one per processor. Small
    /// passes use fewer threads, and no pass uses more than there are processors. Any number gives the same bits.
    /// </summary>
    public int Workers { get; init; }

    /// <summary>Returns all members by name as culture-independent text.</summary>
    public override string ToString() => InvariantText.OfRecord(nameof(EvaluationOptions), PrintMembers);

    internal void Check()
    {
        if (Workers < 0)
        {
            throw new ArgumentException($"Workers is {Workers}; the value has to be at least 0.", "options");
        }
    }
}
