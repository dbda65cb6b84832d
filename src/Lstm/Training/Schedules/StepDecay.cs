namespace Lstm.Training;

/// <summary>Multiplies the learning rate by γ after every n steps or epochs, as PyTorch's <c>StepLR</c>.</summary>
/// <remarks>With t the count: the factor is γ^⌊t/n⌋, by repeated squaring.</remarks>
/// <param name="every">n, at least 1.</param>
/// <param name="gamma">γ, finite and at least 0. Default 0.1.</param>
/// <param name="unit">What t counts. Default <see cref="ScheduleUnit.Epoch"/>.</param>
/// <exception cref="ArgumentOutOfRangeException">A value is out of range.</exception>
public sealed class StepDecay(long every, double gamma = 0.1, ScheduleUnit unit = ScheduleUnit.Epoch) : LearningRateSchedule
{
    /// <inheritdoc/>
    public override string Kind => "step";

    /// <summary>n.</summary>
    public long Every { get; } = CheckLength(every, nameof(every));

    /// <summary>γ.</summary>
    public double Gamma { get; } = CheckFactor(gamma, nameof(gamma));

    /// <summary>The unit of the count.</summary>
    public ScheduleUnit Unit { get; } = CheckUnit(unit, nameof(unit));

    /// <inheritdoc/>
    protected override IReadOnlyList<(string Name, string Value)> Settings
        => [("every", Text(Every)), ("gamma", Text(Gamma)), ("unit", Unit.ToString())];

    /// <inheritdoc/>
    protected override double FactorOf(ScheduleTime time) => ExponentialDecay.Power(Gamma, time.In(Unit) / Every);
}
