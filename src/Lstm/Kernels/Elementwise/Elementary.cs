using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Simd;
using static System.Runtime.CompilerServices.MethodImplOptions;

namespace Lstm.Kernels.Elementwise;

/// <summary>exp, log, log1p, tanh, sigmoid and softplus, inlined into the kernels that use them.</summary>
/// <remarks>
/// <para>One source for every width, and no operation whose result the platform chooses: every width gives the same bits. Within
/// 2 ulp for float and 4 for double, with and without fused multiply-adds. Exact at 0 and ±∞, NaN in → NaN out, tanh odd; a
/// result below the normal numbers may be 0.</para>
/// <para>The exponentials write x = n·ln 2 + r, |r| ≤ ½·ln 2, and eˣ = 2ⁿ·eʳ with eʳ = 1 + r + r²·Q(r). The logarithms
/// write x = 2ᵉ·m, m in [√½, √2), and log x = e·ln 2 + log m.</para>
/// </remarks>
internal static class Elementary<TSimd, TVec, T>
    where TSimd : struct, ISimd<TVec, T>
    where TVec : unmanaged
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static bool IsFloat
    {
        [MethodImpl(AggressiveInlining)]
        get => typeof(T) == typeof(float);
    }

    /// <summary>
    /// A constant that rounds a small number to an integer when added to it, and leaves the bits that PowerOfTwo reads.
    /// </summary>
    private static TVec Rounder
    {
        [MethodImpl(AggressiveInlining)]
        get => TSimd.Constant(IsFloat ? 1.5 * (1 << 23) + 127 : 1.5 * (1L << 52) + 1023);
    }

    private const double Log2E = 1.4426950408889634;

    // ln 2 in two parts. The first has 15 (float) or 40 bits (double), so its product with an exponent is exact even where
    // multiply-adds round twice; together they are within 2⁻⁴⁴ and 2⁻¹⁰² of ln 2.
    private static double Ln2High
    {
        [MethodImpl(AggressiveInlining)]
        get => IsFloat ? 0.693145751953125 : 0.6931471805601177;
    }

    private static double Ln2Low
    {
        [MethodImpl(AggressiveInlining)]
        get => IsFloat ? 1.428606765330187e-06 : -1.7239444525614835e-13;
    }

    private static double SmallestNormal
    {
        [MethodImpl(AggressiveInlining)]
        get => IsFloat ? 1.1754943508222875e-38 : 2.2250738585072014e-308;
    }

    /// <summary>eˣ.</summary>
    [MethodImpl(AggressiveInlining)]
    public static TVec Exp(TVec x)
    {
        // The limits reach n = 128 (1024), where the result is ∞, and n = −127 (−1023), where it is 0.
        TVec limited = TSimd.AtMost(x, TSimd.Constant(IsFloat ? 89 : 710));
        limited = TSimd.AtLeast(limited, TSimd.Constant(IsFloat ? -88 : -709));
        TVec shifted = TSimd.MultiplyAdd(limited, TSimd.Constant(Log2E), Rounder);
        TVec n = TSimd.Subtract(shifted, Rounder);
        TVec r = TSimd.NegatedMultiplyAdd(n, TSimd.Constant(Ln2High), limited);
        r = TSimd.NegatedMultiplyAdd(n, TSimd.Constant(Ln2Low), r);
        TVec one = TSimd.Constant(1);
        TVec p = TSimd.MultiplyAdd(TSimd.MultiplyAdd(ExpTail(r, 1, 1), r, one), r, one);

        // eʳ may be below 1 where n = 128, so 2ⁿ has to be applied as 2·2ⁿ⁻¹ there; below, 2ⁿ⁻¹ would be 0 too early.
        TVec power = TSimd.PowerOfTwo(shifted);
        TVec result = TSimd.Multiply(p, power);
        TVec doubled = TSimd.Add(p, p);
        TVec halved = TSimd.PowerOfTwo(TSimd.Subtract(shifted, one));
        TVec large = TSimd.Multiply(doubled, halved);
        return TSimd.Select(TSimd.GreaterThan(x, TSimd.Zero), large, result);
    }

    /// <summary>1 / (1 + e⁻ˣ).</summary>
    [MethodImpl(AggressiveInlining)]
    public static TVec Sigmoid(TVec x)
    {
        // Above the limit 1 + e⁻ˣ rounds to 1.
        TVec limited = TSimd.AtMost(x, TSimd.Constant(80));
        TVec shifted = TSimd.MultiplyAdd(limited, TSimd.Constant(-Log2E), Rounder);
        TVec n = TSimd.Subtract(shifted, Rounder);
        TVec r = TSimd.MultiplyAdd(n, TSimd.Constant(Ln2High), limited);
        r = TSimd.MultiplyAdd(n, TSimd.Constant(Ln2Low), r);

        // 1 + e⁻ˣ = 1 + 2ⁿ − 2ⁿ·m, where 1 + 2ⁿ is exact but for large n; the rest of it then belongs to the smaller term.
        // Rounding e⁻ˣ or a part of the sum first would cost another half ulp.
        TVec m = OneMinusExp(r, 1);
        TVec power = TSimd.PowerOfTwo(shifted);
        TVec one = TSimd.Constant(1);
        TVec sum = TSimd.Add(power, one);
        TVec rest = TSimd.Subtract(one, TSimd.Subtract(sum, power));
        TVec result = TSimd.Divide(one, TSimd.Add(sum, TSimd.NegatedMultiplyAdd(m, power, rest)));

        // Below log of the smallest normal number: 0, whatever came out.
        TVec vanishes = TSimd.GreaterThan(TSimd.Constant(IsFloat ? -87.33655 : -708.3964185322642), x);
        return TSimd.Select(vanishes, TSimd.Zero, result);
    }

    /// <summary>tanh x = (1 − e^−2|x|) / (1 + e^−2|x|), with the sign of x.</summary>
    /// <remarks>
    /// With −2|x| = n·ln 2 − 2r and m = (1 − e⁻²ʳ)/2, half the quotient's parts are (1 − 2ⁿ)/2 + 2ⁿ·m and (1 + 2ⁿ)/2 − 2ⁿ·m. For
    /// n = 0 the first is m = r − r²·…, with full relative accuracy; n ≤ 0 means that no error is ever magnified.
    /// </remarks>
    [MethodImpl(AggressiveInlining)]
    public static TVec Tanh(TVec x)
    {
        // Beyond the limit the result rounds to 1.
        TVec limited = TSimd.AtMost(TSimd.Abs(x), TSimd.Constant(IsFloat ? 10 : 20));
        TVec shifted = TSimd.MultiplyAdd(limited, TSimd.Constant(-2 * Log2E), Rounder);
        TVec n = TSimd.Subtract(shifted, Rounder);
        TVec r = TSimd.MultiplyAdd(n, TSimd.Constant(Ln2High / 2), limited);
        r = TSimd.MultiplyAdd(n, TSimd.Constant(Ln2Low / 2), r);

        TVec m = OneMinusExp(r, 2);
        TVec power = TSimd.PowerOfTwo(shifted);
        TVec half = TSimd.Constant(0.5);
        TVec above = TSimd.MultiplyAdd(m, power, TSimd.NegatedMultiplyAdd(power, half, half));
        TVec below = TSimd.NegatedMultiplyAdd(m, power, TSimd.MultiplyAdd(power, half, half));
        return TSimd.CopySign(TSimd.Divide(above, below), x);
    }

    /// <summary>The natural logarithm.</summary>
    [MethodImpl(AggressiveInlining)]
    public static TVec Log(TVec x)
    {
        // 2²⁴ (2⁵⁴) makes any number below the normal ones normal.
        TVec smallestNormal = TSimd.Constant(SmallestNormal);
        TVec scaled = TSimd.Multiply(x, TSimd.Constant(IsFloat ? 1 << 24 : 1L << 54));
        TVec normal = TSimd.Select(TSimd.GreaterThan(smallestNormal, x), scaled, x);
        TVec e = TSimd.Frexp(normal, out TVec m);
        TVec corrected = TSimd.Subtract(e, TSimd.Constant(IsFloat ? 24 : 54));
        e = TSimd.Select(TSimd.GreaterThan(normal, x), corrected, e);
        return LogDomain(LogReduced(e, m, TSimd.Zero), x, TSimd.Zero);
    }

    /// <summary>log(1 + x), with full relative accuracy near 0.</summary>
    [MethodImpl(AggressiveInlining)]
    public static TVec Log1p(TVec x)
    {
        // y = 1 + x rounded, and what rounding lost, exactly; log(y + lost) = log y + lost/y to first order.
        TVec one = TSimd.Constant(1);
        TVec y = TSimd.Add(x, one);
        TVec lost = TSimd.Select(
            TSimd.GreaterThan(x, one),
            TSimd.Subtract(one, TSimd.Subtract(y, x)),
            TSimd.Subtract(x, TSimd.Subtract(y, one)));
        TVec e = TSimd.Frexp(y, out TVec m);
        TVec result = LogDomain(LogReduced(e, m, TSimd.Divide(lost, y)), x, TSimd.Constant(-1));
        return TSimd.Select(TSimd.EqualTo(x, TSimd.Zero), x, result);
    }

    /// <summary>log(1 + eˣ) = max(x, 0) + log1p(e^−|x|).</summary>
    [MethodImpl(AggressiveInlining)]
    public static TVec Softplus(TVec x)
    {
        TVec above = TSimd.Select(TSimd.GreaterThan(x, TSimd.Zero), x, TSimd.Zero);
        return TSimd.Add(above, Log1p(Exp(TSimd.Subtract(TSimd.Zero, TSimd.Abs(x)))));
    }

    /// <summary>(1 − e^(−k·r)) / k = r − r²·Q(r) for a reduced k·r.</summary>
    [MethodImpl(AggressiveInlining)]
    private static TVec OneMinusExp(TVec r, double k) =>
        TSimd.NegatedMultiplyAdd(TSimd.Multiply(r, r), ExpTail(r, -k, 1 / k), r);

    /// <summary>scale·Q(r), Q(r) = (e^(k·r) − 1 − k·r) / r², |k·r| ≤ ½·ln 2; k (either sign) and scale powers of two.</summary>
    /// <remarks>
    /// Minimax (Remez) for the error relative to eʳ − 1, after rounding the coefficients: 2⁻²⁶ (float), 2⁻⁵⁴·⁷ (double).
    /// The powers of k only move their exponents.
    /// </remarks>
    [MethodImpl(AggressiveInlining)]
    private static TVec ExpTail(TVec r, double k, double scale)
    {
        double k2 = scale * k * k, k3 = k2 * k, k4 = k3 * k, k5 = k4 * k, k6 = k5 * k;
        TVec q;
        if (IsFloat)
        {
            q = TSimd.Constant(0.0013836428988724947 * k6);
            q = TSimd.MultiplyAdd(q, r, TSimd.Constant(0.00836713146418333 * k5));
            q = TSimd.MultiplyAdd(q, r, TSimd.Constant(0.04166774824261665 * k4));
            q = TSimd.MultiplyAdd(q, r, TSimd.Constant(0.16666539013385773 * k3));
            return TSimd.MultiplyAdd(q, r, TSimd.Constant(0.4999999701976776 * k2));
        }

        double k7 = k6 * k, k8 = k7 * k, k9 = k8 * k, k10 = k9 * k, k11 = k10 * k;
        q = TSimd.Constant(2.505378409107624e-08 * k11);
        q = TSimd.MultiplyAdd(q, r, TSimd.Constant(2.762609279919311e-07 * k10));
        q = TSimd.MultiplyAdd(q, r, TSimd.Constant(2.7557407658717368e-06 * k9));
        q = TSimd.MultiplyAdd(q, r, TSimd.Constant(2.4801505142712055e-05 * k8));
        q = TSimd.MultiplyAdd(q, r, TSimd.Constant(0.0001984126971874227 * k7));
        q = TSimd.MultiplyAdd(q, r, TSimd.Constant(0.0013888888931667183 * k6));
        q = TSimd.MultiplyAdd(q, r, TSimd.Constant(0.008333333333389719 * k5));
        q = TSimd.MultiplyAdd(q, r, TSimd.Constant(0.041666666666576466 * k4));
        q = TSimd.MultiplyAdd(q, r, TSimd.Constant(0.16666666666666588 * k3));
        return TSimd.MultiplyAdd(q, r, TSimd.Constant(0.5000000000000006 * k2));
    }

    /// <summary>e·ln 2 + log m + correction, m in [√½, √2), |correction| at most a rounding error of m.</summary>
    /// <remarks>
    /// With f = m − 1 (exact) and s = f/(2 + f): log m = log((1 + s)/(1 − s)) = 2s + s·R(s²) = f − (f²/2 − s·(f²/2 + R)).
    /// The large terms come last, and f is exact.
    /// </remarks>
    [MethodImpl(AggressiveInlining)]
    private static TVec LogReduced(TVec e, TVec m, TVec correction)
    {
        TVec f = TSimd.Subtract(m, TSimd.Constant(1));
        TVec s = TSimd.Divide(f, TSimd.Add(f, TSimd.Constant(2)));
        TVec z = TSimd.Multiply(s, s);

        // R(z)/z on z ≤ (3 − 2√2)², minimax for the error relative to log m: 2⁻³⁰ (float), 2⁻⁵⁹ (double).
        TVec q;
        if (IsFloat)
        {
            q = TSimd.Constant(0.29871460795402527);
            q = TSimd.MultiplyAdd(q, z, TSimd.Constant(0.3997756838798523));
            q = TSimd.MultiplyAdd(q, z, TSimd.Constant(0.6666677594184875));
        }
        else
        {
            q = TSimd.Constant(0.14798255858245005);
            q = TSimd.MultiplyAdd(q, z, TSimd.Constant(0.1531383232884057));
            q = TSimd.MultiplyAdd(q, z, TSimd.Constant(0.18183572352169167));
            q = TSimd.MultiplyAdd(q, z, TSimd.Constant(0.2222219842898711));
            q = TSimd.MultiplyAdd(q, z, TSimd.Constant(0.28571428743686567));
            q = TSimd.MultiplyAdd(q, z, TSimd.Constant(0.3999999999940935));
            q = TSimd.MultiplyAdd(q, z, TSimd.Constant(0.6666666666666735));
        }

        TVec halfSquare = TSimd.Multiply(TSimd.Multiply(f, f), TSimd.Constant(0.5));
        TVec low = TSimd.MultiplyAdd(e, TSimd.Constant(Ln2Low), correction);
        low = TSimd.MultiplyAdd(s, TSimd.MultiplyAdd(q, z, halfSquare), low);
        TVec tail = TSimd.Subtract(TSimd.Subtract(halfSquare, low), f);
        return TSimd.Subtract(TSimd.Multiply(e, TSimd.Constant(Ln2High)), tail);
    }

    /// <summary>Replaces a logarithm whose argument is no finite number above <paramref name="pole"/>, its pole.</summary>
    [MethodImpl(AggressiveInlining)]
    private static TVec LogDomain(TVec finite, TVec x, TVec pole)
    {
        TVec infinity = TSimd.Constant(double.PositiveInfinity);
        TVec result = TSimd.Select(TSimd.GreaterThan(infinity, x), finite, x);
        result = TSimd.Select(TSimd.GreaterThan(pole, x), TSimd.Constant(double.NaN), result);
        return TSimd.Select(TSimd.EqualTo(x, pole), TSimd.Constant(double.NegativeInfinity), result);
    }
}
