using Lstm.Texts;

namespace Lstm.Training;

/// <summary>The moment of a training for which a <see cref="LearningRateSchedule"/> gives the learning rate.</summary>
/// <param name="Step">Optimizer steps made before this one, at least 0, over all calls of Fit.</param>
/// <param name="Epoch">Epochs completed, at least 0, over all calls of Fit.</param>
public readonly record struct ScheduleTime(long Step, long Epoch)
{
    /// <summary>The count in a unit.</summary>
    /// <param name="unit">Steps or epochs.</param>
    public long In(ScheduleUnit unit) => unit == ScheduleUnit.Step ? Step : Epoch;

    /// <summary>The moment that lies <paramref name="length"/> units earlier; the other count is kept.</summary>
    /// <param name="unit">Steps or epochs.</param>
    /// <param name="length">The number of units.</param>
    public ScheduleTime Less(ScheduleUnit unit, long length)
        => unit == ScheduleUnit.Step ? this with { Step = Step - length } : this with { Epoch = Epoch - length };

    /// <summary>The members by name, in the same text in every culture.</summary>
    public override string ToString() => InvariantText.OfRecord(nameof(ScheduleTime), PrintMembers);
}
