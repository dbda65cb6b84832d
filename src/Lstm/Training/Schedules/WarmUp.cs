namespace Lstm.Training;

/// <summary>
/// Raises the learning rate along a line, and then follows another schedule; as PyTorch's <c>LinearLR</c> and
/// <c>SequentialLR</c>.
/// </summary>
/// <remarks>
/// With t the count and n the length: for t &lt; n the factor is s + (1 − s)·t/n times that of the next schedule at its
/// beginning; from n on it is the next schedule's, which counts this unit from 0 there. The next schedule hears of the epochs
/// that end during the warm-up too.
/// </remarks>
public sealed class WarmUp : LearningRateSchedule
{
    private readonly LearningRateSchedule _next;

    /// <summary>Makes the schedule.</summary>
    /// <param name="length">n, at least 1.</param>
    /// <param name="next">The schedule that follows; null for the learning rate as it is.</param>
    /// <param name="start">s, the factor of the first step, finite and at least 0. Default 0.</param>
    /// <param name="unit">What t counts. Default <see cref="ScheduleUnit.Step"/>.</param>
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

    /// <summary>n.</summary>
    public long Length { get; }

    /// <summary>s.</summary>
    public double Start { get; }

    /// <summary>The unit of the count.</summary>
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
