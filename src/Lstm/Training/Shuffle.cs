namespace Lstm.Training;

/// <summary>The items that <see cref="TrainingOptions.Shuffle"/> reorders in each epoch.</summary>
public enum Shuffle
{
    /// <summary>No shuffling. The batches are used in the list's order.</summary>
    None,

    /// <summary>The batches are shuffled. Each batch keeps its sequences.</summary>
    Batches,

    /// <summary>
    /// The sequences of all batches are shuffled and redistributed into batches with the list's numbers of sequences. Needs a
    /// list of existing batches of one kind: features or ids of one size, targets of one kind, and weights in all batches or in
    /// none.
    /// </summary>
    Sequences,
}
