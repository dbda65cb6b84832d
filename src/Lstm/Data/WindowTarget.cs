namespace Lstm.Data;

/// <summary>The rows of a sliding window that have a target: the last one, or all.</summary>
public enum WindowTarget
{
    /// <summary>One target row per window: what follows its last step. For networks that pool a sequence to one row.</summary>
    ManyToOne,

    /// <summary>One target row per step of the window: what follows that step.</summary>
    ManyToMany,
}
