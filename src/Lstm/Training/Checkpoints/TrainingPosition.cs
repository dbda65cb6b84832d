using Lstm.Texts;

namespace Lstm.Training;

/// <summary>How far a trainer is, beside the optimizer's own state; setting it resumes a training.</summary>
/// <param name="Epoch">Epochs completed.</param>
/// <param name="Batch">Batches of the present epoch that completed steps have used.</param>
/// <param name="Draw">Batches used in all: the key of the next dropout masks.</param>
/// <param name="Step">
/// Steps of the next batch's sequences that completed segments have used; 0 unless it is within a truncated batch.
/// </param>
public readonly record struct TrainingPosition(int Epoch, int Batch, long Draw, int Step = 0)
{
    /// <summary>The members by name, in the same text in every culture.</summary>
    public override string ToString() => InvariantText.OfRecord(nameof(TrainingPosition), PrintMembers);
}
