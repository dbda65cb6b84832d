using Lstm.Texts;

namespace Lstm.Training;

/// <summary>
/// The time in a training run, in steps and epochs, for which a <see cref="LearningRateSchedule"/> computes its factor.
/// </summary>
/// <param name="Step">The number of optimizer steps before this one, over all calls of Fit, at least 0.</param>
/// <param name="Epoch">The number of completed epochs, over all calls of Fit, at least 0.</param>
public readonly record struct ScheduleTime(long Step, long Epoch)
{
    /// <summary>Gets the number of steps or of epochs.</summary>
    /// <param name="unit">The unit: steps or epochs.</param>
    public long In(ScheduleUnit unit) => unit == ScheduleUnit.Step ? Step : Epoch;

    /// <summary>Gets the time <paramref name="length"/> units earlier. The count in the other unit does not change.</summary>
    /// <param name="unit">The unit: steps or epochs.</param>
    /// <param name="length">The number of units.</param>
    public ScheduleTime Less(ScheduleUnit unit, long length)
        => unit == ScheduleUnit.Step ? this with { Step = Step - length } : this with { Epoch = Epoch - length };

    /// <summary>Returns the members by name as culture-independent text.</summary>
    public override string ToString() => InvariantText.OfRecord(nameof(ScheduleTime), PrintMembers);
}
