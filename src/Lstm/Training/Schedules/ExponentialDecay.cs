namespace Lstm.Training;

/// <summary>
/// A schedule that multiplies the learning rate by γ after each epoch or step, as PyTorch's <c>ExponentialLR</c>.
/// </summary>
/// <remarks>
/// With t the count, the factor is γᵗ, computed by repeated squaring, which gives the same bits on every machine.
/// </remarks>
/// <param name="gamma">The factor γ per epoch or step, finite and at least 0.</param>
/// <param name="unit">The unit of the count t. Default <see cref="ScheduleUnit.Epoch"/>.</param>
/// <exception cref="ArgumentOutOfRangeException">A value is out of range.</exception>
public sealed class ExponentialDecay(double gamma, ScheduleUnit unit = ScheduleUnit.Epoch) : LearningRateSchedule
{
    /// <inheritdoc/>
    public override string Kind => "exponential";

    /// <summary>The factor γ of the learning rate per epoch or step.</summary>
    public double Gamma { get; } = CheckFactor(gamma, nameof(gamma));

    /// <summary>The unit of the count t: steps or epochs.</summary>
    public ScheduleUnit Unit { get; } = CheckUnit(unit, nameof(unit));

    /// <inheritdoc/>
    protected override IReadOnlyList<(string Name, string Value)> Settings => [("gamma", Text(Gamma)), ("unit", Unit.ToString())];

    /// <summary>x to the power of n ≥ 0 by products alone: Math.Pow differs between machines.</summary>
    internal static double Power(double x, long n)
    {
        double power = 1;
        for (; n > 0; n >>= 1, x *= x)
        {
            power = (n & 1) == 0 ? power : power * x;
        }

        return power;
    }

    /// <inheritdoc/>
    protected override double FactorOf(ScheduleTime time) => Power(Gamma, time.In(Unit));
}
