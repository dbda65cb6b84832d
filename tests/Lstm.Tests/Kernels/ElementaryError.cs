using System.Numerics;

namespace Lstm.Tests.Kernels;

/// <summary>The largest error of a function of <c>Elementary</c> over many arguments, in units of the last place.</summary>
/// <param name="Ulp">|result − truth| over the distance of neighbouring numbers at the truth; ∞ where only one is NaN.</param>
/// <param name="Argument">Where.</param>
/// <param name="Count">Arguments looked at.</param>
internal readonly record struct ElementaryError(double Ulp, double Argument, long Count)
{
    private const int Block = 4096;

    /// <summary>Sweeps the floats with the bit patterns start, start + stride, … below 2³²: all of them for 0 and 1.</summary>
    public static ElementaryError Measure<TFunction>(uint start, uint stride)
        where TFunction : struct, IElementaryFunction
    {
        var arguments = new float[Block];
        var results = new float[Block];
        ElementaryError worst = default;
        for (ulong bits = start; bits <= uint.MaxValue;)
        {
            int count = 0;
            for (; count < Block && bits <= uint.MaxValue; count++, bits += stride)
            {
                arguments[count] = BitConverter.UInt32BitsToSingle((uint)bits);
            }

            worst = Worse<TFunction, float>(worst, arguments.AsSpan(0, count), results.AsSpan(0, count));
        }

        return worst;
    }

    /// <summary>Looks at the doubles given.</summary>
    public static ElementaryError Measure<TFunction>(ReadOnlySpan<double> arguments)
        where TFunction : struct, IElementaryFunction =>
        Worse<TFunction, double>(default, arguments, new double[arguments.Length]);

    private static ElementaryError Worse<TFunction, T>(ElementaryError worst, ReadOnlySpan<T> arguments, Span<T> results)
        where TFunction : struct, IElementaryFunction
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ElementaryKernel<TFunction, T>.Run(arguments, results);
        for (int k = 0; k < arguments.Length; k++)
        {
            double x = double.CreateTruncating(arguments[k]);
            double y = double.CreateTruncating(results[k]);
            double ulp = typeof(T) == typeof(float)
                ? FloatUlp(y, FloatTruth<TFunction>(x))
                : DoubleUlp(y, x, DoubleTruth<TFunction>(x));
            if (ulp > worst.Ulp)
            {
                worst = worst with { Ulp = ulp, Argument = x };
            }
        }

        return worst with { Count = worst.Count + arguments.Length };
    }

    private static double FloatUlp(double y, double truth)
    {
        if (double.IsNaN(y) || double.IsNaN(truth))
        {
            return double.IsNaN(y) && double.IsNaN(truth) ? 0 : double.PositiveInfinity;
        }

        if (y == truth || (y == 0 && Math.Abs(truth) < 1.1754943508222875e-38))
        {
            return 0;
        }

        // The number after the largest is 2¹²⁸, which is what an overflow stands for.
        double beyond = Math.ScaleB(1, 128);
        y = Math.Clamp(y, -beyond, beyond);
        truth = Math.Clamp(truth, -beyond, beyond);
        int exponent = Math.Clamp(Math.ILogB(truth), -126, 127);
        return Math.Abs(y - truth) / Math.ScaleB(1, exponent - 23);
    }

    // Correct to a few units of the last place of a double, 2⁻²⁷ of a float's.
    private static double FloatTruth<TFunction>(double x) =>
        typeof(TFunction) == typeof(ExpFunction) ? Math.Exp(x)
        : typeof(TFunction) == typeof(LogFunction) ? Math.Log(x)
        : typeof(TFunction) == typeof(Log1pFunction) ? Log1p(x)
        : typeof(TFunction) == typeof(TanhFunction) ? Math.Tanh(x)
        : typeof(TFunction) == typeof(SigmoidFunction) ? 1 / (1 + Math.Exp(-x))
        : Math.Max(x, 0) + Log1p(Math.Exp(-Math.Abs(x)));

    // The error of 1 + x, common to both factors, cancels in log(y)/(y − 1), which is flat (Kahan).
    private static double Log1p(double x)
    {
        double y = 1 + x;
        return y == 1 || x == double.PositiveInfinity ? x : Math.Log(y) * (x / (y - 1));
    }

    private static double DoubleUlp(double y, double x, ElementaryReference truth)
    {
        if (double.IsNaN(y) || double.IsNaN(truth.High) || double.IsInfinity(truth.High))
        {
            return double.IsNaN(y) == double.IsNaN(x) ? 0 : double.PositiveInfinity;
        }

        if (Math.Abs(truth.High) < 2.2250738585072014e-308)
        {
            return Math.Abs(y) < 2.3e-308 ? 0 : double.PositiveInfinity;
        }

        double error = Math.Abs(y - truth.High - truth.Low);
        return error / Math.ScaleB(1, Math.ILogB(truth.High) - 52);
    }

    private static ElementaryReference DoubleTruth<TFunction>(double x) =>
        typeof(TFunction) == typeof(ExpFunction) ? ElementaryReference.Exp(x)
        : typeof(TFunction) == typeof(LogFunction) ? ElementaryReference.Log(x)
        : typeof(TFunction) == typeof(Log1pFunction) ? ElementaryReference.Log1p(x)
        : typeof(TFunction) == typeof(TanhFunction) ? ElementaryReference.Tanh(x)
        : typeof(TFunction) == typeof(SigmoidFunction) ? ElementaryReference.Sigmoid(x)
        : ElementaryReference.Softplus(x);
}
