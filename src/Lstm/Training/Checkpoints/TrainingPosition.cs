using Lstm.Texts;

namespace Lstm.Training;

/// <summary>The position of a trainer in a training run: completed epochs, batches and time steps.</summary>
/// <param name="Epoch">The number of completed epochs.</param>
/// <param name="Batch">The number of batches of the present epoch that completed steps have used.</param>
/// <param name="Draw">The number of batches used in total, which is the key of the next dropout masks.</param>
/// <param name="Step">
/// The number of time steps of the next batch that completed segments have used; 0 unless the position is within a truncated
/// batch.
/// </param>
public readonly record struct TrainingPosition(int Epoch, int Batch, long Draw, int Step = 0)
{
    /// <summary>Returns the members by name as culture-independent text.</summary>
    public override string ToString() => InvariantText.OfRecord(nameof(TrainingPosition), PrintMembers);
}
