namespace Lstm.Training;

/// <summary>How the losses of a batch's units are combined into one number.</summary>
public enum Reduction
{
    /// <summary>The weighted mean over all units that count, Σ w·l / Σ w. Without weights, w is 1.</summary>
    Mean,

    /// <summary>The weighted sum over all units, Σ w·l.</summary>
    Sum,
}
