namespace Lstm.Training;

/// <summary>The unit of time that a <see cref="LearningRateSchedule"/> counts in.</summary>
public enum ScheduleUnit
{
    /// <summary>Optimizer steps: <see cref="Optimizer{T}.Steps"/>. Skipped steps do not count.</summary>
    Step,

    /// <summary>Epochs: <see cref="TrainingPosition.Epoch"/>.</summary>
    Epoch,
}
