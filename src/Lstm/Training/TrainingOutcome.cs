namespace Lstm.Training;

/// <summary>How a call of Fit ended.</summary>
public enum TrainingOutcome
{
    /// <summary>All epochs were completed.</summary>
    Completed,

    /// <summary>Training stopped early because of <see cref="TrainingOptions.Patience"/>.</summary>
    StoppedEarly,

    /// <summary>The call was canceled.</summary>
    Canceled,

    /// <summary>An exception ended the call.</summary>
    Failed,
}
