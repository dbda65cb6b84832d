namespace Lstm.Diagnostics;

/// <summary>A derivative from differences of fourth order.</summary>
/// <param name="Value">It.</param>
/// <param name="Rounding">By how much the function's rounding may have changed it.</param>
internal readonly record struct DifferenceQuotient(double Value, double Rounding)
{
    private const double UnitInLastPlace = 2.220446049250313e-16;
    private const double WorthAnotherLook = 1e-8;

    /// <summary>The error of an analytic value relative to the larger of both, at least to <paramref name="least"/>.</summary>
    public double ErrorOf(double analytic, double least)
        => Relative(Math.Max(0, Math.Abs(analytic - Value) - Rounding), analytic, least);

    /// <summary>
    /// The derivative by a value, which is left changed: over ±2ε; where the analytic one differs, over finer ε if they bring the
    /// two nearer; and where nothing but rounding excuses the difference, over coarser ones if they show that it is none of
    /// rounding's.
    /// </summary>
    public static DifferenceQuotient Nearest(Func<double> function, ref double place, double step, double analytic, double least)
    {
        double x = place;
        DifferenceQuotient nearest = Over(function, ref place, x, step);
        for (double finer = step / 8; finer >= step / 64 && nearest.ErrorOf(analytic, least) > WorthAnotherLook; finer /= 8)
        {
            DifferenceQuotient other = Over(function, ref place, x, finer);
            bool isMeaningful = other.Rounding <= 1e-7 * Math.Max(Math.Abs(other.Value), least);
            nearest = isMeaningful && other.ErrorOf(analytic, least) < nearest.ErrorOf(analytic, least) ? other : nearest;
        }

        return nearest.IsExcused(analytic, least) ? LookFromAfar(function, ref place, x, step, analytic, nearest) : nearest;
    }

    // Rounding drowns the quotient, but less so over a longer way: there a slope shows, if two ways agree on it. What curvature
    // makes of longer ways grows by 8⁴ from one to the next, so that they do not agree.
    private static DifferenceQuotient LookFromAfar(
        Func<double> function, ref double place, double x, double step, double analytic, DifferenceQuotient near)
    {
        DifferenceQuotient before = near;
        for (double way = 8 * step; way <= 64 * step; way *= 8)
        {
            DifferenceQuotient far = Over(function, ref place, x, way);
            if (Math.Abs(analytic - far.Value) > (4 * Math.Abs(far.Value - before.Value)) + far.Rounding)
            {
                return far;
            }

            before = far;
        }

        return near;
    }

    private static DifferenceQuotient Over(Func<double> function, ref double place, double x, double step)
    {
        double largest = 0;
        double above = At(ref place, x + step), below = At(ref place, x - step);
        double farAbove = At(ref place, x + (2 * step)), farBelow = At(ref place, x - (2 * step));
        return new DifferenceQuotient(
            ((8 * (above - below)) - (farAbove - farBelow)) / (12 * step), 8 * UnitInLastPlace * largest / step);

        double At(ref double place, double value)
        {
            place = value;
            double result = function();
            largest = Math.Max(largest, Math.Abs(result));
            return result;
        }
    }

    // Whether only rounding keeps a difference that is worth another look from being an error.
    private bool IsExcused(double analytic, double least)
        => ErrorOf(analytic, least) <= WorthAnotherLook
            && Relative(Math.Abs(analytic - Value), analytic, least) > WorthAnotherLook;

    private double Relative(double difference, double analytic, double least)
        => difference == 0 ? 0 : difference / Math.Max(Math.Max(Math.Abs(analytic), Math.Abs(Value)), least);
}
