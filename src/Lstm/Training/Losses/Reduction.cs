namespace Lstm.Training;

/// <summary>How the losses of a batch's units become one number.</summary>
public enum Reduction
{
    /// <summary>The mean over all units that count: Σ w·l / Σ w, where w is 1 without weights.</summary>
    Mean,

    /// <summary>The sum: Σ w·l.</summary>
    Sum,
}
