using Lstm.Data;
using Lstm.Texts;

namespace Lstm.Training;

/// <summary>How <see cref="Trainer{T}.Evaluate"/> goes through the batches.</summary>
public sealed record EvaluationOptions
{
    /// <summary>
    /// Whether the sequences of a batch continue those of the batch before, as in <see cref="TrainingOptions.CarryState"/>. Null,
    /// the default, carries states where the batches are made by <see cref="Lanes"/>.
    /// </summary>
    public bool? CarryState { get; init; }

    /// <summary>
    /// Most threads that share a pass, the caller's included. 0, the default, stands for one per processor. The size of the work
    /// decides how many of them take part, never more than there are processors; any number gives the same bits.
    /// </summary>
    public int Workers { get; init; }

    /// <summary>All members by name, in the same text in every culture.</summary>
    public override string ToString() => InvariantText.OfRecord(nameof(EvaluationOptions), PrintMembers);

    internal void Check()
    {
        if (Workers < 0)
        {
            throw new ArgumentException($"Workers is {Workers}; it has to be at least 0.", "options");
        }
    }
}
