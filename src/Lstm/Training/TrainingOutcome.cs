namespace Lstm.Training;

/// <summary>How a call of Fit ended.</summary>
public enum TrainingOutcome
{
    /// <summary>All epochs were gone through.</summary>
    Completed,

    /// <summary><see cref="TrainingOptions.Patience"/> ended it.</summary>
    StoppedEarly,

    /// <summary>It was cancelled.</summary>
    Canceled,

    /// <summary>An exception ended it.</summary>
    Failed,
}
