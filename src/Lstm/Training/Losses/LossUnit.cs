namespace Lstm.Training;

/// <summary>The units that a loss is computed for. Under <see cref="Reduction.Mean"/> the loss is a mean over them.</summary>
public enum LossUnit
{
    /// <summary>One value of the target, or one label. The weight of the unit is the weight of its row.</summary>
    Element,

    /// <summary>One row: a step of a sequence, or a pooled sequence. The weight of the unit is the weight of the row.</summary>
    Row,

    /// <summary>
    /// One sequence. The target's lengths may differ from the output's. Weights, if given, are one per sequence.
    /// </summary>
    Sequence,
}
