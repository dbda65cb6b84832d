namespace Lstm.Data;

/// <summary>The targets of a sliding window: one, or one for each step.</summary>
public enum WindowTarget
{
    /// <summary>
    /// One target row per window, which belongs to its last step. For networks that pool each sequence to one row. The default.
    /// </summary>
    ManyToOne,

    /// <summary>One target row per step of the window. For networks with one output row per step.</summary>
    ManyToMany,
}
