namespace Lstm.Training;

/// <summary>What <see cref="TrainingOptions.Shuffle"/> puts in another order in each epoch.</summary>
public enum Shuffle
{
    /// <summary>Nothing: the batches come in the list's order.</summary>
    None,

    /// <summary>The batches; each keeps its sequences.</summary>
    Batches,

    /// <summary>
    /// The sequences of all batches: they are dealt out anew, into batches of as many sequences as the list's. Needs a list whose
    /// batches exist and are alike (features or ids of one size, targets of one kind, weights in all or in none).
    /// </summary>
    Sequences,
}
