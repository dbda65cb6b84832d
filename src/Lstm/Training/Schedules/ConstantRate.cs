namespace Lstm.Training;

/// <summary>A schedule that multiplies the learning rate by the same factor at every step.</summary>
/// <param name="factor">The factor, finite and at least 0. Default 1.</param>
/// <exception cref="ArgumentOutOfRangeException">The factor is out of range.</exception>
public sealed class ConstantRate(double factor = 1) : LearningRateSchedule
{
    /// <inheritdoc/>
    public override string Kind => "constant";

    /// <summary>The factor of the learning rate.</summary>
    public double Factor { get; } = CheckFactor(factor, nameof(factor));

    /// <inheritdoc/>
    protected override IReadOnlyList<(string Name, string Value)> Settings => [("factor", Text(Factor))];

    /// <inheritdoc/>
    protected override double FactorOf(ScheduleTime time) => Factor;
}
