using Lstm.Texts;

namespace Lstm;

/// <summary>How <see cref="Trainer{T}.Evaluate"/> goes through the batches.</summary>
public sealed record EvaluationOptions
{
    /// <summary>
    /// Whether the sequences of a batch continue those of the batch before, as in <see cref="TrainingOptions.CarryState"/>. Null, the default,
    /// carries states where the batches are made by <see cref="Lanes"/>.
    /// </summary>
    public bool? CarryState { get; init; }

    /// <summary>
    /// Threads that share the work, the caller's included, at least 1; 0, the default, chooses by the size of the work. Any number gives the same
    /// bits.
    /// </summary>
    public int Workers { get; init; }

    /// <summary>All members by name, in the same text in every culture.</summary>
    public override string ToString() => InvariantText.OfRecord(nameof(EvaluationOptions), PrintMembers);
}
