using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Lstm.Tests.Support;

/// <summary>Comparisons of whole tensors that say where and by how much.</summary>
internal static class Close
{
    /// <summary>
    /// Asserts |a − n| / max(|a|, |n|, floor · the largest |value| of both tensors) ≤ <paramref name="tolerance"/> for
    /// every element. Equal infinities and two NaN are equal; a NaN beside a number is not.
    /// </summary>
    public static void Relative<T>(
        ReadOnlySpan<T> expected, ReadOnlySpan<T> actual, double tolerance, string what, double floor = 1e-3)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Assert.True(expected.Length == actual.Length, $"{what}: {actual.Length} elements, expected {expected.Length}.");
        (double error, int index) = RelativeError(expected, actual, floor);
        Assert.True(error <= tolerance, index < 0 ? what
            : $"{what}: relative error {error:e2} > {tolerance:e0} at [{index}] of {expected.Length}: expected "
                + $"{expected[index]:r}, actual {actual[index]:r}.");
    }

    /// <inheritdoc cref="Relative{T}(ReadOnlySpan{T}, ReadOnlySpan{T}, double, string, double)"/>
    public static void Relative<T>(T[] expected, T[] actual, double tolerance, string what, double floor = 1e-3)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Relative<T>(expected.AsSpan(), actual.AsSpan(), tolerance, what, floor);

    /// <summary>Asserts that every element is within <paramref name="tolerance"/> of the expected one; a NaN never is.</summary>
    public static void Within<T>(ReadOnlySpan<double> expected, ReadOnlySpan<T> actual, Tolerance tolerance, string what)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Assert.True(expected.Length == actual.Length, $"{what}: {actual.Length} elements, expected {expected.Length}.");
        double ofLargest = tolerance.OfLargest * LargestMagnitude(expected);
        for (int i = 0; i < expected.Length; i++)
        {
            double error = Math.Abs(double.CreateChecked(actual[i]) - expected[i]);
            double limit = tolerance.Absolute + (tolerance.Relative * Math.Abs(expected[i])) + ofLargest;
            Assert.True(
                error <= limit,
                $"{what}: error {error:e2} > {limit:e1} at [{i}] of {expected.Length}: expected {expected[i]:r}, actual "
                + $"{actual[i]:r}.");
        }
    }

    /// <summary>
    /// The largest relative error in the sense of <see cref="Relative"/>, and where it is; (0, -1) if there is none.
    /// </summary>
    public static (double Error, int Index) RelativeError<T>(
        ReadOnlySpan<T> expected, ReadOnlySpan<T> actual, double floor = 1e-3)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double smallest = floor * Math.Max(LargestMagnitude(expected), LargestMagnitude(actual));
        double worst = 0;
        int index = -1;
        for (int i = 0; i < expected.Length; i++)
        {
            double a = double.CreateChecked(expected[i]), n = double.CreateChecked(actual[i]);
            if (a.Equals(n))
            {
                continue;
            }

            double error = Math.Abs(a - n) / Math.Max(smallest, Math.Max(Math.Abs(a), Math.Abs(n)));
            error = double.IsNaN(error) ? double.PositiveInfinity : error;
            if (error > worst)
            {
                (worst, index) = (error, i);
            }
        }

        return (worst, index);
    }

    /// <summary>Asserts the same bits in every element: −0 differs from 0, and NaN payloads count.</summary>
    public static void SameBits<T>(ReadOnlySpan<T> expected, ReadOnlySpan<T> actual, string what)
        where T : unmanaged
    {
        Assert.True(expected.Length == actual.Length, $"{what}: {actual.Length} elements, expected {expected.Length}.");
        ReadOnlySpan<byte> a = MemoryMarshal.AsBytes(expected), b = MemoryMarshal.AsBytes(actual);
        int same = a.CommonPrefixLength(b);
        if (same < a.Length)
        {
            int index = same / Unsafe.SizeOf<T>();
            Assert.Fail($"{what}: first different bits at [{index}] of {expected.Length}: "
                + $"expected {Describe(expected[index])}, actual {Describe(actual[index])}.");
        }
    }

    /// <inheritdoc cref="SameBits{T}(ReadOnlySpan{T}, ReadOnlySpan{T}, string)"/>
    public static void SameBits<T>(T[] expected, T[] actual, string what)
        where T : unmanaged => SameBits<T>(expected.AsSpan(), actual.AsSpan(), what);

    private static double LargestMagnitude<T>(ReadOnlySpan<T> values)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double largest = 0;
        foreach (T value in values)
        {
            double magnitude = Math.Abs(double.CreateChecked(value));
            largest = magnitude > largest && double.IsFinite(magnitude) ? magnitude : largest;
        }

        return largest;
    }

    private static string Describe<T>(T value) => value switch
    {
        float number => $"{number:r} (0x{BitConverter.SingleToUInt32Bits(number):x8})",
        double number => $"{number:r} (0x{BitConverter.DoubleToUInt64Bits(number):x16})",
        _ => $"{value}",
    };
}
