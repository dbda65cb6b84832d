namespace Lstm.Data;

/// <summary>Whether a sliding window has one target, or one for each of its steps.</summary>
public enum WindowTarget
{
    /// <summary>
    /// One target row per window, which belongs to its last step. For networks that pool each sequence to one row. The default.
    /// </summary>
    ManyToOne,

    /// <summary>One target row per step of the window. For networks with one output row per step.</summary>
    ManyToMany,
}
