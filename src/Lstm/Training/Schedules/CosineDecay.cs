namespace Lstm.Training;

/// <summary>
/// A schedule that lowers the learning rate along half a cosine, as PyTorch's <c>CosineAnnealingLR</c>, and then keeps it.
/// </summary>
/// <remarks>
/// With t the count, at most n, the factor is e + (1 − e)·(1 + cos(πt/n))/2. PyTorch's <c>eta_min</c> is e times the learning
/// rate. In PyTorch the rate rises again after n; here it does not.
/// </remarks>
/// <param name="length">The number n of steps or epochs over which the rate falls, at least 1.</param>
/// <param name="end">The factor e at the end, finite and at least 0. Default 0.</param>
/// <param name="unit">The unit of the count t. Default <see cref="ScheduleUnit.Step"/>.</param>
/// <exception cref="ArgumentOutOfRangeException">A value is out of range.</exception>
public sealed class CosineDecay(long length, double end = 0, ScheduleUnit unit = ScheduleUnit.Step) : LearningRateSchedule
{
    /// <inheritdoc/>
    public override string Kind => "cosine";

    /// <summary>The number n of steps or epochs over which the rate falls.</summary>
    public long Length { get; } = CheckLength(length, nameof(length));

    /// <summary>The factor e that the schedule ends at.</summary>
    public double End { get; } = CheckFactor(end, nameof(end));

    /// <summary>The unit of the count t: steps or epochs.</summary>
    public ScheduleUnit Unit { get; } = CheckUnit(unit, nameof(unit));

    /// <inheritdoc/>
    protected override IReadOnlyList<(string Name, string Value)> Settings
        => [("length", Text(Length)), ("end", Text(End)), ("unit", Unit.ToString())];

    /// <inheritdoc/>
    protected override double FactorOf(ScheduleTime time)
    {
        double part = (double)Math.Min(time.In(Unit), Length) / Length;
        return End + ((1 - End) * ((1 + CosineOfHalfTurns(part)) / 2));
    }

    // cos(πx) for 0 ≤ x ≤ 1. Math.Cos differs between machines; the series of at most π/4 end below 2⁻⁵³ of their sum.
    private static double CosineOfHalfTurns(double x)
    {
        if (x > 0.5)
        {
            return -CosineOfHalfTurns(1 - x);
        }

        // cos(πx) = sin(π(½ − x)); both series are Σ ± y²ᵏ⁽⁺¹⁾/(2k(+1))!.
        bool isCosine = x <= 0.25;
        double y = Math.PI * (isCosine ? x : 0.5 - x);
        double sum = 0;
        for (int k = isCosine ? 18 : 19; k >= 2; k -= 2)
        {
            sum = (1 - sum) * (y * y) / (k * (k - 1));
        }

        return (1 - sum) * (isCosine ? 1 : y);
    }
}
