using System.Numerics;
using Lstm.Simd;

namespace Lstm.Tests.Kernels;

public sealed class ExpFloatTests() : ElementaryTests<float>("exp", 0, 1, double.PositiveInfinity);

public sealed class ExpDoubleTests() : ElementaryTests<double>("exp", 0, 1, double.PositiveInfinity);

public sealed class SigmoidFloatTests() : ElementaryTests<float>("sigmoid", 0, 0.5, 1);

public sealed class SigmoidDoubleTests() : ElementaryTests<double>("sigmoid", 0, 0.5, 1);

public sealed class TanhFloatTests() : ElementaryTests<float>("tanh", -1, 0, 1);

public sealed class TanhDoubleTests() : ElementaryTests<double>("tanh", -1, 0, 1);

public sealed class LogFloatTests()
    : ElementaryTests<float>("log", double.NaN, double.NegativeInfinity, double.PositiveInfinity);

public sealed class LogDoubleTests()
    : ElementaryTests<double>("log", double.NaN, double.NegativeInfinity, double.PositiveInfinity);

public sealed class Log1pFloatTests()
    : ElementaryTests<float>("log1p", double.NaN, 0, double.PositiveInfinity);

public sealed class Log1pDoubleTests()
    : ElementaryTests<double>("log1p", double.NaN, 0, double.PositiveInfinity);

public sealed class SoftplusFloatTests() : ElementaryTests<float>("softplus", 0, 0.6931471805599453, double.PositiveInfinity);

public sealed class SoftplusDoubleTests() : ElementaryTests<double>("softplus", 0, 0.6931471805599453, double.PositiveInfinity);

/// <summary>Errors, exact values and equal bits of one function, given its values at −∞, 0 and ∞.</summary>
public abstract class ElementaryTests<T>(string function, double atMinusInfinity, double atZero, double atInfinity)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Apply apply = function switch
    {
        "exp" => ElementaryKernel<ExpFunction, T>.Run,
        "sigmoid" => ElementaryKernel<SigmoidFunction, T>.Run,
        "tanh" => ElementaryKernel<TanhFunction, T>.Run,
        "log" => ElementaryKernel<LogFunction, T>.Run,
        "log1p" => ElementaryKernel<Log1pFunction, T>.Run,
        _ => ElementaryKernel<SoftplusFunction, T>.Run,
    };

    private delegate void Apply(SimdWidth width, ReadOnlySpan<T> source, Span<T> destination);

    private static bool IsFloat => typeof(T) == typeof(float);

    [Fact]
    public void Error_is_at_most_two_ulp_in_float_and_four_in_double()
    {
        ElementaryError error = function switch
        {
            "exp" => Measure<ExpFunction>(-708.39, 709.78),
            "sigmoid" => Measure<SigmoidFunction>(-708.39, 100),
            "tanh" => Measure<TanhFunction>(-25, 25),
            "log" => Measure<LogFunction>(2.3e-308, 1e308),
            "log1p" => Measure<Log1pFunction>(-0.9999999999999, 1e308),
            _ => Measure<SoftplusFunction>(-708.39, 1e4),
        };
        Assert.True(error.Ulp <= (IsFloat ? 2 : 4), $"{error.Ulp} ulp at {error.Argument:R}");
    }

    [Fact]
    public void Special_values_are_exact()
    {
        Assert.Equal(T.CreateTruncating(atMinusInfinity), At(T.NegativeInfinity));
        Assert.Equal(T.CreateTruncating(atZero), At(T.Zero));
        Assert.Equal(T.CreateTruncating(atZero), At(T.NegativeZero));
        Assert.Equal(T.CreateTruncating(atInfinity), At(T.PositiveInfinity));
        if (double.IsNaN(atMinusInfinity))
        {
            T pole = function == "log" ? T.Zero : T.NegativeOne;
            Assert.Equal(T.NegativeInfinity, At(pole));
            Assert.Equal(T.NaN, At(T.BitDecrement(pole)));
        }

        if (function == "log")
        {
            Assert.Equal(T.Zero, At(T.One));
        }
    }

    [Fact]
    public void NaN_of_any_payload_gives_NaN()
    {
        var random = new Random(3);
        for (int k = 0; k < 250; k++)
        {
            uint high = (uint)random.NextInt64(0x7F800001, 0x80000000) | ((uint)random.Next(2) << 31);
            ulong wide = (ulong)random.NextInt64(0x7FF0000000000001, long.MaxValue) | ((ulong)random.Next(2) << 63);
            T nan = IsFloat
                ? (T)(object)BitConverter.UInt32BitsToSingle(high)
                : (T)(object)BitConverter.UInt64BitsToDouble(wide);
            foreach (T result in Every(Enumerable.Repeat(nan, 17).ToArray()))
            {
                Assert.True(T.IsNaN(result));
            }
        }
    }

    [Fact]
    public void Every_width_and_every_place_in_the_span_give_the_same_bits()
    {
        // 37 leaves a tail on every width, and shifting the arguments moves each into it.
        T[] arguments = Samples();
        T[] expected = Run(SimdWidth.Scalar, arguments);
        foreach (SimdWidth width in Enum.GetValues<SimdWidth>().Where(SimdDispatch.IsAccelerated))
        {
            AssertSameBits(expected, Run(width, arguments), arguments);
            for (int from = 0; from <= 64; from++)
            {
                AssertSameBits(expected[from..(from + 37)], Run(width, arguments[from..(from + 37)]), arguments[from..]);
            }
        }
    }

    [Fact]
    public void Run_in_place_equals_run_into_another_span()
    {
        T[] arguments = Samples();
        T[] expected = Run(SimdDispatch.Best, arguments);
        T[] inPlace = (T[])arguments.Clone();
        apply(SimdDispatch.Best, inPlace, inPlace);
        AssertSameBits(expected, inPlace, arguments);
    }

    [Fact]
    public void Results_never_fall_by_more_than_their_error_where_the_argument_rises()
    {
        T[] arguments = Samples();
        Array.Sort(arguments);
        T[] results = Run(SimdDispatch.Best, arguments);
        for (int k = 1; k < arguments.Length; k++)
        {
            if (!T.IsNaN(results[k - 1]) && !T.IsNaN(arguments[k - 1]))
            {
                T slack = T.Abs(results[k]) * T.CreateTruncating(IsFloat ? 4 * 6e-8 : 8 * 1.2e-16);
                Assert.True(results[k] + slack >= results[k - 1] || !T.IsFinite(results[k]), $"at {arguments[k]:R}");
            }
        }
    }

    [Fact]
    public void Tanh_and_log1p_near_zero_are_their_argument_and_tanh_is_odd()
    {
        if (function is not ("tanh" or "log1p"))
        {
            return;
        }

        AssertSameBits([T.NegativeZero], [At(T.NegativeZero)], [T.NegativeZero]);
        AssertSameBits([T.Zero], [At(T.Zero)], [T.Zero]);
        for (T tiny = T.CreateTruncating(1e-20); tiny > T.Zero; tiny *= T.CreateTruncating(0.37))
        {
            AssertSameBits([tiny, -tiny], [At(tiny), At(-tiny)], [tiny, -tiny]);
        }

        if (function == "tanh")
        {
            T[] arguments = Samples();
            T[] negated = Run(SimdDispatch.Best, arguments.Select(x => -x).ToArray());
            AssertSameBits(Run(SimdDispatch.Best, arguments).Select(y => -y).ToArray(), negated, arguments);
        }
    }

    // The float stride is odd, so it meets every pattern of low bits; the benchmarks sweep all 2³².
    private static ElementaryError Measure<TFunction>(double low, double high)
        where TFunction : struct, IElementaryFunction => IsFloat
            ? ElementaryError.Measure<TFunction>(1, 4001)
            : ElementaryError.Measure<TFunction>(Doubles(low, high));

    private T At(T x) => Run(SimdDispatch.Best, Enumerable.Repeat(x, 16).ToArray())[0];

    private T[] Run(SimdWidth width, T[] arguments)
    {
        var results = new T[arguments.Length];
        apply(width, arguments, results);
        return results;
    }

    private IEnumerable<T> Every(T[] arguments) =>
        Enum.GetValues<SimdWidth>().Where(SimdDispatch.IsAccelerated).SelectMany(width => Run(width, arguments));

    private static void AssertSameBits(T[] expected, T[] actual, T[] arguments)
    {
        for (int k = 0; k < expected.Length; k++)
        {
            bool equal = expected[k] == actual[k] && T.IsNegative(expected[k]) == T.IsNegative(actual[k]);
            if (!equal && !(T.IsNaN(expected[k]) && T.IsNaN(actual[k])))
            {
                Assert.Fail($"{actual[k]:R} instead of {expected[k]:R} at {arguments[k]:R}");
            }
        }
    }

    // All magnitudes, the range where the function bends, and the borders.
    private static T[] Samples()
    {
        var random = new Random(7);
        T[] borders = [T.Zero, T.NegativeZero, T.One, T.NegativeOne, T.PositiveInfinity, T.NegativeInfinity, T.NaN, T.Epsilon];
        IEnumerable<double> bends = Enumerable.Range(0, 8000).Select(k => random.NextDouble() * 200 - 100);
        int largest = IsFloat ? 127 : 1023;
        IEnumerable<T> magnitudes = Enumerable.Range(0, 8000).Select(k =>
            T.ScaleB(T.CreateTruncating((1 + random.NextDouble()) * (k % 2 * 2 - 1)), random.Next(-largest - 20, largest + 1)));
        return [.. borders, .. bends.Select(T.CreateTruncating), .. magnitudes];
    }

    // Arguments whose result is a normal number, thinned out by magnitude and dense where the function bends.
    private static double[] Doubles(double low, double high)
    {
        var random = new Random(5);
        var arguments = new List<double>();
        while (arguments.Count < 30000)
        {
            int exponent = random.Next(2) == 0 ? random.Next(-900, 900) : random.Next(-30, 11);
            double magnitude = Math.ScaleB(1 + random.NextDouble(), exponent);
            double x = low >= 0 || random.Next(2) == 0 ? magnitude : -magnitude;
            arguments.Add(Math.Clamp(x, low, high));
            arguments.Add(Math.Clamp(Math.Max(low, -20) + random.NextDouble() * 40, low, high));
        }

        return [.. arguments];
    }
}
