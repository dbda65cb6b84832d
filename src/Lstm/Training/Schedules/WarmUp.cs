namespace Lstm.Training;

/// <summary>
/// A schedule that raises the learning rate linearly and then follows another schedule, as PyTorch's <c>LinearLR</c> in a
/// <c>SequentialLR</c>.
/// </summary>
/// <remarks>
/// With t the count and n the length, the factor for t &lt; n is s + (1 − s)·t/n times the next schedule's factor at its
/// beginning. From n on, the factor is that of the next schedule, whose count of this unit is 0 at n. The next schedule is also
/// notified of the epochs that end during the warm-up.
/// </remarks>
public sealed class WarmUp : LearningRateSchedule
{
    private readonly LearningRateSchedule _next;

    /// <summary>Initializes a warm-up schedule.</summary>
    /// <param name="length">The number n of steps or epochs of the warm-up, at least 1.</param>
    /// <param name="next">The schedule that follows. Null, the default, for the unscheduled learning rate.</param>
    /// <param name="start">The factor s of the first step, finite and at least 0. Default 0.</param>
    /// <param name="unit">The unit of the count t. Default <see cref="ScheduleUnit.Step"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of range.</exception>
    public WarmUp(long length, LearningRateSchedule? next = null, double start = 0, ScheduleUnit unit = ScheduleUnit.Step)
        : this(next ?? new ConstantRate(), length, start, unit)
    {
    }

    private WarmUp(LearningRateSchedule next, long length, double start, ScheduleUnit unit)
        : base(default, next)
    {
        _next = next;
        Length = CheckLength(length, nameof(length));
        Start = CheckFactor(start, nameof(start));
        Unit = CheckUnit(unit, nameof(unit));
    }

    /// <inheritdoc/>
    public override string Kind => "warm_up";

    /// <summary>The number n of steps or epochs of the warm-up.</summary>
    public long Length { get; }

    /// <summary>The factor s of the first step.</summary>
    public double Start { get; }

    /// <summary>The unit of the count t: steps or epochs.</summary>
    public ScheduleUnit Unit { get; }

    /// <inheritdoc/>
    protected override IReadOnlyList<(string Name, string Value)> Settings
        => [("length", Text(Length)), ("start", Text(Start)), ("unit", Unit.ToString())];

    /// <inheritdoc/>
    protected override double FactorOf(ScheduleTime time)
    {
        long count = time.In(Unit);
        return count >= Length
            ? _next.FactorAt(time.Less(Unit, Length))
            : (Start + ((1 - Start) * ((double)count / Length))) * _next.FactorAt(time.Less(Unit, count));
    }
}
