namespace Lstm.Training;

/// <summary>What a loss counts: under <see cref="Reduction.Mean"/> its value is a mean over these.</summary>
public enum LossUnit
{
    /// <summary>One value of the target, or one label; each counts with the weight of its row.</summary>
    Element,

    /// <summary>One row: a step of a sequence, or a pooled sequence; it counts with its weight.</summary>
    Row,

    /// <summary>
    /// One sequence. The lengths of the target are its own, and weights, where they are given, are one per sequence.
    /// </summary>
    Sequence,
}
