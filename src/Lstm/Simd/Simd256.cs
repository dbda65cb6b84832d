using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using static System.Runtime.CompilerServices.MethodImplOptions;

namespace Lstm.Simd;

/// <summary>256 bits: AVX2, 16 registers.</summary>
// SAFETY: as ISimd says, pointers are the callers' promise: Load, Store and MultiplyAdd touch 32 bytes at the pointer, LoadPieces
// as many bytes in pieces of 16. None of the instructions requires alignment.
internal readonly unsafe struct Simd256<T> : ISimd<Vector256<T>, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static int Width
    {
        [MethodImpl(AggressiveInlining)]
        get => Vector256<T>.Count;
    }

    public static int TileRows
    {
        [MethodImpl(AggressiveInlining)]
        get => 3;
    }

    public static Vector256<T> Zero
    {
        [MethodImpl(AggressiveInlining)]
        get => Vector256<T>.Zero;
    }

    [MethodImpl(AggressiveInlining)]
    public static Vector256<T> Load(T* source) => Vector256.Load(source);

    [MethodImpl(AggressiveInlining)]
    public static void Store(T* destination, Vector256<T> value) => Vector256.Store(value, destination);

    [MethodImpl(AggressiveInlining)]
    public static Vector256<T> LoadPieces(T* source, nint stride) =>
        Vector256.Create(Vector128.Load(source), Vector128.Load(source + stride));

    [MethodImpl(AggressiveInlining)]
    public static Vector256<T> InterleaveLow(Vector256<T> a, Vector256<T> b) => typeof(T) == typeof(float)
        ? Avx.UnpackLow(a.AsSingle(), b.AsSingle()).As<float, T>()
        : Avx.UnpackLow(a.AsDouble(), b.AsDouble()).As<double, T>();

    [MethodImpl(AggressiveInlining)]
    public static Vector256<T> InterleaveHigh(Vector256<T> a, Vector256<T> b) => typeof(T) == typeof(float)
        ? Avx.UnpackHigh(a.AsSingle(), b.AsSingle()).As<float, T>()
        : Avx.UnpackHigh(a.AsDouble(), b.AsDouble()).As<double, T>();

    [MethodImpl(AggressiveInlining)]
    public static Vector256<T> Broadcast(T value) => Vector256.Create(value);

    [MethodImpl(AggressiveInlining)]
    public static Vector256<T> Constant(double value) => typeof(T) == typeof(float)
        ? Vector256.Create((float)value).As<float, T>()
        : Vector256.Create(value).As<double, T>();

    [MethodImpl(AggressiveInlining)]
    public static Vector256<T> Add(Vector256<T> a, Vector256<T> b) => a + b;

    [MethodImpl(AggressiveInlining)]
    public static Vector256<T> Subtract(Vector256<T> a, Vector256<T> b) => a - b;

    [MethodImpl(AggressiveInlining)]
    public static Vector256<T> Multiply(Vector256<T> a, Vector256<T> b) => a * b;

    [MethodImpl(AggressiveInlining)]
    public static Vector256<T> Divide(Vector256<T> a, Vector256<T> b) => a / b;

    [MethodImpl(AggressiveInlining)]
    public static Vector256<T> MultiplyAdd(Vector256<T> a, Vector256<T> b, Vector256<T> c)
    {
        if (!SimdDispatch.IsFused)
        {
            return a * b + c;
        }

        return typeof(T) == typeof(float)
            ? Vector256.FusedMultiplyAdd(a.AsSingle(), b.AsSingle(), c.AsSingle()).As<float, T>()
            : Vector256.FusedMultiplyAdd(a.AsDouble(), b.AsDouble(), c.AsDouble()).As<double, T>();
    }

    [MethodImpl(AggressiveInlining)]
    public static Vector256<T> MultiplyAdd(T* a, nint offset, Vector256<T> b, Vector256<T> c) =>
        !SimdDispatch.IsFused ? Vector256.Load(a + offset) * b + c
        : typeof(T) == typeof(float)
            ? Vector256.FusedMultiplyAdd(b.AsSingle(), Vector256.Load((float*)a + offset), c.AsSingle()).As<float, T>()
        : Vector256.FusedMultiplyAdd(b.AsDouble(), Vector256.Load((double*)a + offset), c.AsDouble()).As<double, T>();

    // By name: the compiler does not fold the negation into a FusedMultiplyAdd.
    [MethodImpl(AggressiveInlining)]
    public static Vector256<T> NegatedMultiplyAdd(Vector256<T> a, Vector256<T> b, Vector256<T> c)
    {
        if (!SimdDispatch.IsFused)
        {
            return c - a * b;
        }

        return typeof(T) == typeof(float)
            ? Fma.MultiplyAddNegated(a.AsSingle(), b.AsSingle(), c.AsSingle()).As<float, T>()
            : Fma.MultiplyAddNegated(a.AsDouble(), b.AsDouble(), c.AsDouble()).As<double, T>();
    }

    [MethodImpl(AggressiveInlining)]
    public static Vector256<T> Sqrt(Vector256<T> a) => Vector256.Sqrt(a);

    [MethodImpl(AggressiveInlining)]
    public static Vector256<T> Abs(Vector256<T> a) => Vector256.Abs(a);

    [MethodImpl(AggressiveInlining)]
    public static Vector256<T> CopySign(Vector256<T> magnitude, Vector256<T> sign) => Vector256.CopySign(magnitude, sign);

    [MethodImpl(AggressiveInlining)]
    public static Vector256<T> GreaterThan(Vector256<T> a, Vector256<T> b) => Vector256.GreaterThan(a, b);

    [MethodImpl(AggressiveInlining)]
    public static Vector256<T> EqualTo(Vector256<T> a, Vector256<T> b) => Vector256.Equals(a, b);

    [MethodImpl(AggressiveInlining)]
    public static Vector256<T> Select(Vector256<T> mask, Vector256<T> a, Vector256<T> b) =>
        Vector256.ConditionalSelect(mask, a, b);

    // The x86 instruction gives its second operand where either is NaN.
    [MethodImpl(AggressiveInlining)]
    public static Vector256<T> AtMost(Vector256<T> value, Vector256<T> limit) => typeof(T) == typeof(float)
        ? Avx.Min(limit.AsSingle(), value.AsSingle()).As<float, T>()
        : Avx.Min(limit.AsDouble(), value.AsDouble()).As<double, T>();

    [MethodImpl(AggressiveInlining)]
    public static Vector256<T> AtLeast(Vector256<T> value, Vector256<T> limit) => typeof(T) == typeof(float)
        ? Avx.Max(limit.AsSingle(), value.AsSingle()).As<float, T>()
        : Avx.Max(limit.AsDouble(), value.AsDouble()).As<double, T>();

    [MethodImpl(AggressiveInlining)]
    public static Vector256<T> PowerOfTwo(Vector256<T> shifted) => typeof(T) == typeof(float)
        ? Vector256.ShiftLeft(shifted.AsUInt32(), FloatBits.MantissaBits).As<uint, T>()
        : Vector256.ShiftLeft(shifted.AsUInt64(), DoubleBits.MantissaBits).As<ulong, T>();

    [MethodImpl(AggressiveInlining)]
    public static Vector256<T> Frexp(Vector256<T> a, out Vector256<T> mantissa)
    {
        if (typeof(T) == typeof(float))
        {
            Vector256<uint> offset = a.AsUInt32() + Vector256.Create(FloatBits.One - FloatBits.SqrtHalf);
            mantissa = ((offset & Vector256.Create(FloatBits.MantissaMask)) + Vector256.Create(FloatBits.SqrtHalf)).As<uint, T>();
            Vector256<uint> biased = Vector256.ShiftRightLogical(offset, FloatBits.MantissaBits)
                | Vector256.Create(FloatBits.IntegerShift);
            return biased.As<uint, T>() - Constant(FloatBits.BiasedIntegerShift);
        }
        else
        {
            Vector256<ulong> offset = a.AsUInt64() + Vector256.Create(DoubleBits.One - DoubleBits.SqrtHalf);
            mantissa = ((offset & Vector256.Create(DoubleBits.MantissaMask)) + Vector256.Create(DoubleBits.SqrtHalf))
                .As<ulong, T>();
            Vector256<ulong> biased = Vector256.ShiftRightLogical(offset, DoubleBits.MantissaBits)
                | Vector256.Create(DoubleBits.IntegerShift);
            return biased.As<ulong, T>() - Constant(DoubleBits.BiasedIntegerShift);
        }
    }

    [MethodImpl(AggressiveInlining)]
    public static Vector256<T> Integers(uint first, uint step)
    {
        Vector256<uint> lanes = typeof(T) == typeof(float)
            ? Vector256<uint>.Indices
            : (Vector256<ulong>.Indices | Vector256.ShiftLeft(Vector256<ulong>.Indices, 32)).AsUInt32();
        return ((lanes * Vector256.Create(step)) + Vector256.Create(first)).As<uint, T>();
    }

    [MethodImpl(AggressiveInlining)]
    public static Vector256<T> MultiplyInteger(Vector256<T> integers, uint b)
        => (integers.AsUInt32() * Vector256.Create(b)).As<uint, T>();

    [MethodImpl(AggressiveInlining)]
    public static Vector256<T> XorShift(Vector256<T> integers, int bits)
        => (integers.AsUInt32() ^ Vector256.ShiftRightLogical(integers.AsUInt32(), bits)).As<uint, T>();

    [MethodImpl(AggressiveInlining)]
    public static Vector256<T> IntegerAtLeast(Vector256<T> integers, uint limit)
        => Vector256.GreaterThanOrEqual(integers.AsUInt32(), Vector256.Create(limit)).As<uint, T>();
}
