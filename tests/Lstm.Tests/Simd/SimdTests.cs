using System.Numerics;
using Lstm.Formats.Safetensors;
using Lstm.Simd;

namespace Lstm.Tests.Simd;

public sealed class SimdFloatTests : SimdTests<float>
{
    protected override float[] Payloads { get; } =
    [
        BitConverter.UInt32BitsToSingle(0x7FC12345), BitConverter.UInt32BitsToSingle(0xFFC00001),
        BitConverter.UInt32BitsToSingle(0x7F800001), BitConverter.UInt32BitsToSingle(0xFFFFFFFF),
    ];

    protected override float SmallestNormal => 1.17549435E-38f;

    protected override double Rounder => 12582912.0 + 127;

    protected override int LargestExponent => 127;
}

public sealed class SimdDoubleTests : SimdTests<double>
{
    protected override double[] Payloads { get; } =
    [
        BitConverter.UInt64BitsToDouble(0x7FF8123456789ABC), BitConverter.UInt64BitsToDouble(0xFFF8000000000001),
        BitConverter.UInt64BitsToDouble(0x7FF0000000000001), BitConverter.UInt64BitsToDouble(0xFFFFFFFFFFFFFFFF),
    ];

    protected override double SmallestNormal => 2.2250738585072014E-308;

    protected override double Rounder => 6755399441055744.0 + 1023;

    protected override int LargestExponent => 1023;
}

/// <summary>Every operation on every width the machine has gives the bits of one lane, on awkward numbers.</summary>
public abstract unsafe class SimdTests<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static readonly string[] Operations =
    [
        "Load and Store", "Broadcast", "Constant", "Abs", "CopySign", "Select by GreaterThan", "Select by EqualTo",
        "PowerOfTwo", "Frexp exponent", "Frexp mantissa",
        "Integers", "MultiplyInteger", "XorShift", "Select by IntegerAtLeast",
        "Add", "Subtract", "Multiply", "Divide", "MultiplyAdd", "MultiplyAdd of memory", "NegatedMultiplyAdd", "Sqrt",
        "AtMost", "AtLeast", "Zero",
    ];

    // The operations that move bits, where a NaN's payload counts too: those before Add.
    private const int Moves = 15;

    protected abstract T[] Payloads { get; }

    protected abstract T SmallestNormal { get; }

    protected abstract double Rounder { get; }

    protected abstract int LargestExponent { get; }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Operations_on_every_width_equal_one_lane(int widthIndex)
    {
        var width = (SimdWidth)widthIndex;
        Assert.SkipUnless(SimdDispatch.IsAccelerated(width), $"This machine has no {width}.");
        (T[] a, T[] b, T[] c) = Triples();
        T[] expected = Run(SimdWidth.Scalar, a, b, c);
        T[] actual = Run(width, a, b, c);
        for (int k = 0; k < expected.Length; k++)
        {
            int operation = k / a.Length, at = k % a.Length;
            bool equal = Bits(expected[k]) == Bits(actual[k])
                || (operation >= Moves && T.IsNaN(expected[k]) && T.IsNaN(actual[k]));
            string call = $"{Operations[operation]}({a[at]:R}, {b[at]:R}, {c[at]:R})";
            Assert.True(equal, $"{call}: {actual[k]:R}, one lane {expected[k]:R}");
        }
    }

    [Fact]
    public void MultiplyAdd_is_fused_exactly_when_the_process_says_so()
    {
        // (1 + ε)² = 1 + 2ε + ε²: ε² survives a fused multiply-add only.
        T epsilon = T.BitIncrement(T.One) - T.One;
        T near = T.One + epsilon;
        T minus = -(T.One + epsilon + epsilon);
        T expected = SimdDispatch.IsFused ? epsilon * epsilon : T.Zero;
        foreach (SimdWidth width in Widths())
        {
            T[] results = Run(width, Filled(near), Filled(near), Filled(minus));
            Assert.Equal(expected, Result(results, "MultiplyAdd"));
            Assert.Equal(expected, Result(results, "MultiplyAdd of memory"));
            results = Run(width, Filled(near), Filled(near), Filled(-minus));
            Assert.Equal(-expected, Result(results, "NegatedMultiplyAdd"));
        }
    }

    [Fact]
    public void PowerOfTwo_of_every_exponent_is_exact_and_ends_in_0_and_infinity()
    {
        for (int n = -LargestExponent; n <= LargestExponent + 1; n++)
        {
            T expected = n == -LargestExponent ? T.Zero
                : n > LargestExponent ? T.PositiveInfinity : T.ScaleB(T.One, n);
            T[] results = Run(SimdDispatch.Best, Filled(T.CreateTruncating(Rounder + n)), Filled(T.One), Filled(T.One));
            Assert.Equal(expected, Result(results, "PowerOfTwo"));
        }
    }

    [Fact]
    public void Frexp_of_a_positive_normal_number_puts_it_together_again()
    {
        var random = new Random(11);
        for (int k = 0; k < 500; k++)
        {
            T a = T.ScaleB(T.CreateTruncating(1 + random.NextDouble()), random.Next(1 - LargestExponent, LargestExponent));
            T[] results = Run(SimdDispatch.Best, Filled(a), Filled(T.One), Filled(T.One));
            T exponent = Result(results, "Frexp exponent"), mantissa = Result(results, "Frexp mantissa");
            Assert.InRange(double.CreateTruncating(mantissa), Math.Sqrt(0.5) * 0.99999999, Math.Sqrt(2));
            Assert.Equal(a, T.ScaleB(mantissa, int.CreateTruncating(exponent)));
        }
    }

    [Fact]
    public void Run_on_a_width_the_machine_lacks_throws()
    {
        foreach (SimdWidth width in Enum.GetValues<SimdWidth>().Append((SimdWidth)9))
        {
            if (!SimdDispatch.IsAccelerated(width))
            {
                Assert.Throws<PlatformNotSupportedException>(() => Run(width, Filled(T.One), Filled(T.One), Filled(T.One)));
            }
        }

        Assert.True(SimdDispatch.IsAccelerated(SimdDispatch.Best));
    }

    private static IEnumerable<SimdWidth> Widths() => Enum.GetValues<SimdWidth>().Where(SimdDispatch.IsAccelerated);

    private static T[] Filled(T value) => Enumerable.Repeat(value, 16).ToArray();

    private static T Result(T[] results, string operation) =>
        results[Array.IndexOf(Operations, operation) * (results.Length / Operations.Length)];

    private static ulong Bits(T value) => value is float f ? BitConverter.SingleToUInt32Bits(f)
        : BitConverter.DoubleToUInt64Bits(double.CreateTruncating(value));

    private (T[] A, T[] B, T[] C) Triples()
    {
        T largest = T.BitDecrement(T.PositiveInfinity);
        T[] values =
        [
            T.Zero, T.NegativeZero, T.One, T.NegativeOne, T.PositiveInfinity, T.NegativeInfinity, largest, -largest,
            T.Epsilon, -T.Epsilon, T.BitDecrement(SmallestNormal), SmallestNormal, -SmallestNormal,
            T.BitIncrement(T.One), T.BitDecrement(T.One), T.CreateTruncating(0.7071067811865475),
            T.CreateTruncating(1.4142135623730951),
            T.CreateTruncating(3.3), T.CreateTruncating(-1e-3), T.CreateTruncating(Rounder - 5), .. Payloads,
        ];
        (T A, T B, T C)[] triples = (from a in values from b in values from c in values select (a, b, c)).ToArray();

        // A multiple of every width: the kernel below has no tail.
        Array.Resize(ref triples, triples.Length / 16 * 16);
        return (triples.Select(t => t.A).ToArray(), triples.Select(t => t.B).ToArray(), triples.Select(t => t.C).ToArray());
    }

    private static T[] Run(SimdWidth width, T[] a, T[] b, T[] c)
    {
        var results = new T[Operations.Length * a.Length];
        fixed (T* pa = a, pb = b, pc = c, to = results)
        {
            var kernel = new AllOperations(pa, pb, pc, to, a.Length);
            SimdDispatch.Run<T, AllOperations>(width, ref kernel);
        }

        return results;
    }

    private readonly struct AllOperations(T* a, T* b, T* c, T* results, int length) : IKernel<T>
    {
        public void Invoke<TSimd, TVec>()
            where TSimd : struct, ISimd<TVec, T>
            where TVec : unmanaged
        {
            for (int k = 0; k < length; k += TSimd.Width)
            {
                TVec x = TSimd.Load(a + k), y = TSimd.Load(b + k), z = TSimd.Load(c + k);
                TVec exponent = TSimd.Frexp(x, out TVec mantissa);
                T* to = results + k;
                Next(length, ref to, x);
                Next(length, ref to, TSimd.Broadcast(a[k / 16 * 16]));
                Next(length, ref to, TSimd.Constant(0.1));
                Next(length, ref to, TSimd.Abs(x));
                Next(length, ref to, TSimd.CopySign(x, y));
                Next(length, ref to, TSimd.Select(TSimd.GreaterThan(x, y), x, z));
                Next(length, ref to, TSimd.Select(TSimd.EqualTo(x, y), x, z));
                Next(length, ref to, TSimd.PowerOfTwo(x));
                Next(length, ref to, exponent);
                Next(length, ref to, mantissa);
                TVec integers = TSimd.Integers(unchecked((uint)k * 0x9E3779B9), 0x9E3779B9);
                Next(length, ref to, integers);
                Next(length, ref to, TSimd.MultiplyInteger(integers, 0x21F0AAAD));
                Next(length, ref to, TSimd.XorShift(integers, 15));
                Next(length, ref to, TSimd.Select(TSimd.IntegerAtLeast(integers, 0x80000000), x, y));
                Next(length, ref to, TSimd.Add(x, y));
                Next(length, ref to, TSimd.Subtract(x, y));
                Next(length, ref to, TSimd.Multiply(x, y));
                Next(length, ref to, TSimd.Divide(x, y));
                Next(length, ref to, TSimd.MultiplyAdd(x, y, z));
                Next(length, ref to, TSimd.MultiplyAdd(a, k, y, z));
                Next(length, ref to, TSimd.NegatedMultiplyAdd(x, y, z));
                Next(length, ref to, TSimd.Sqrt(x));
                Next(length, ref to, TSimd.AtMost(x, TSimd.Constant(3)));
                Next(length, ref to, TSimd.AtLeast(x, TSimd.Constant(-3)));
                Next(length, ref to, TSimd.Zero);

                static void Next(int stride, ref T* destination, TVec value)
                {
                    TSimd.Store(destination, value);
                    destination += stride;
                }
            }
        }
    }
}
