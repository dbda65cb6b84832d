namespace Lstm.Training;

/// <summary>
/// A schedule that multiplies the learning rate by γ after every n epochs or steps, as PyTorch's <c>StepLR</c>.
/// </summary>
/// <remarks>With t the count, the factor is γ^⌊t/n⌋, computed by repeated squaring.</remarks>
/// <param name="every">The number n of epochs or steps between reductions, at least 1.</param>
/// <param name="gamma">The factor γ per reduction, finite and at least 0. Default 0.1.</param>
/// <param name="unit">The unit of the count t. Default <see cref="ScheduleUnit.Epoch"/>.</param>
/// <exception cref="ArgumentOutOfRangeException">A value is out of range.</exception>
public sealed class StepDecay(long every, double gamma = 0.1, ScheduleUnit unit = ScheduleUnit.Epoch) : LearningRateSchedule
{
    /// <inheritdoc/>
    public override string Kind => "step";

    /// <summary>The number n of epochs or steps between reductions.</summary>
    public long Every { get; } = CheckLength(every, nameof(every));

    /// <summary>The factor γ of the learning rate per reduction.</summary>
    public double Gamma { get; } = CheckFactor(gamma, nameof(gamma));

    /// <summary>The unit of the count t: steps or epochs.</summary>
    public ScheduleUnit Unit { get; } = CheckUnit(unit, nameof(unit));

    /// <inheritdoc/>
    protected override IReadOnlyList<(string Name, string Value)> Settings
        => [("every", Text(Every)), ("gamma", Text(Gamma)), ("unit", Unit.ToString())];

    /// <inheritdoc/>
    protected override double FactorOf(ScheduleTime time) => ExponentialDecay.Power(Gamma, time.In(Unit) / Every);
}
