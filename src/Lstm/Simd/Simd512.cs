using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using static System.Runtime.CompilerServices.MethodImplOptions;

namespace Lstm.Simd;

/// <summary>512 bits: AVX-512, 32 registers.</summary>
// SAFETY: as ISimd says, pointers are the callers' promise: Load, Store and MultiplyAdd touch 64 bytes at the pointer, LoadPieces
// as many bytes in pieces of 16. None of the instructions requires alignment.
internal readonly unsafe struct Simd512<T> : ISimd<Vector512<T>, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static int Width
    {
        [MethodImpl(AggressiveInlining)]
        get => Vector512<T>.Count;
    }

    public static int TileRows
    {
        [MethodImpl(AggressiveInlining)]
        get => 6;
    }

    public static Vector512<T> Zero
    {
        [MethodImpl(AggressiveInlining)]
        get => Vector512<T>.Zero;
    }

    [MethodImpl(AggressiveInlining)]
    public static Vector512<T> Load(T* source) => Vector512.Load(source);

    [MethodImpl(AggressiveInlining)]
    public static void Store(T* destination, Vector512<T> value) => Vector512.Store(value, destination);

    [MethodImpl(AggressiveInlining)]
    public static Vector512<T> LoadPieces(T* source, nint stride) =>
        Vector512.Create(Simd256<T>.LoadPieces(source, stride), Simd256<T>.LoadPieces(source + (2 * stride), stride));

    [MethodImpl(AggressiveInlining)]
    public static Vector512<T> InterleaveLow(Vector512<T> a, Vector512<T> b) => typeof(T) == typeof(float)
        ? Avx512F.UnpackLow(a.AsSingle(), b.AsSingle()).As<float, T>()
        : Avx512F.UnpackLow(a.AsDouble(), b.AsDouble()).As<double, T>();

    [MethodImpl(AggressiveInlining)]
    public static Vector512<T> InterleaveHigh(Vector512<T> a, Vector512<T> b) => typeof(T) == typeof(float)
        ? Avx512F.UnpackHigh(a.AsSingle(), b.AsSingle()).As<float, T>()
        : Avx512F.UnpackHigh(a.AsDouble(), b.AsDouble()).As<double, T>();

    [MethodImpl(AggressiveInlining)]
    public static Vector512<T> Broadcast(T value) => Vector512.Create(value);

    [MethodImpl(AggressiveInlining)]
    public static Vector512<T> Constant(double value) => typeof(T) == typeof(float)
        ? Vector512.Create((float)value).As<float, T>()
        : Vector512.Create(value).As<double, T>();

    [MethodImpl(AggressiveInlining)]
    public static Vector512<T> Add(Vector512<T> a, Vector512<T> b) => a + b;

    [MethodImpl(AggressiveInlining)]
    public static Vector512<T> Subtract(Vector512<T> a, Vector512<T> b) => a - b;

    [MethodImpl(AggressiveInlining)]
    public static Vector512<T> Multiply(Vector512<T> a, Vector512<T> b) => a * b;

    [MethodImpl(AggressiveInlining)]
    public static Vector512<T> Divide(Vector512<T> a, Vector512<T> b) => a / b;

    [MethodImpl(AggressiveInlining)]
    public static Vector512<T> MultiplyAdd(Vector512<T> a, Vector512<T> b, Vector512<T> c)
    {
        if (!SimdDispatch.IsFused)
        {
            return a * b + c;
        }

        return typeof(T) == typeof(float)
            ? Vector512.FusedMultiplyAdd(a.AsSingle(), b.AsSingle(), c.AsSingle()).As<float, T>()
            : Vector512.FusedMultiplyAdd(a.AsDouble(), b.AsDouble(), c.AsDouble()).As<double, T>();
    }

    [MethodImpl(AggressiveInlining)]
    public static Vector512<T> MultiplyAdd(T* a, nint offset, Vector512<T> b, Vector512<T> c) =>
        !SimdDispatch.IsFused ? Vector512.Load(a + offset) * b + c
        : typeof(T) == typeof(float)
            ? Vector512.FusedMultiplyAdd(b.AsSingle(), Vector512.Load((float*)a + offset), c.AsSingle()).As<float, T>()
        : Vector512.FusedMultiplyAdd(b.AsDouble(), Vector512.Load((double*)a + offset), c.AsDouble()).As<double, T>();

    // By name: the compiler does not fold the negation into a FusedMultiplyAdd.
    [MethodImpl(AggressiveInlining)]
    public static Vector512<T> NegatedMultiplyAdd(Vector512<T> a, Vector512<T> b, Vector512<T> c)
    {
        if (!SimdDispatch.IsFused)
        {
            return c - a * b;
        }

        return typeof(T) == typeof(float)
            ? Avx512F.FusedMultiplyAddNegated(a.AsSingle(), b.AsSingle(), c.AsSingle()).As<float, T>()
            : Avx512F.FusedMultiplyAddNegated(a.AsDouble(), b.AsDouble(), c.AsDouble()).As<double, T>();
    }

    [MethodImpl(AggressiveInlining)]
    public static Vector512<T> Sqrt(Vector512<T> a) => Vector512.Sqrt(a);

    [MethodImpl(AggressiveInlining)]
    public static Vector512<T> Abs(Vector512<T> a) => Vector512.Abs(a);

    [MethodImpl(AggressiveInlining)]
    public static Vector512<T> CopySign(Vector512<T> magnitude, Vector512<T> sign) => Vector512.CopySign(magnitude, sign);

    [MethodImpl(AggressiveInlining)]
    public static Vector512<T> GreaterThan(Vector512<T> a, Vector512<T> b) => Vector512.GreaterThan(a, b);

    [MethodImpl(AggressiveInlining)]
    public static Vector512<T> EqualTo(Vector512<T> a, Vector512<T> b) => Vector512.Equals(a, b);

    [MethodImpl(AggressiveInlining)]
    public static Vector512<T> Select(Vector512<T> mask, Vector512<T> a, Vector512<T> b) =>
        Vector512.ConditionalSelect(mask, a, b);

    // The x86 instruction gives its second operand where either is NaN.
    [MethodImpl(AggressiveInlining)]
    public static Vector512<T> AtMost(Vector512<T> value, Vector512<T> limit) => typeof(T) == typeof(float)
        ? Avx512F.Min(limit.AsSingle(), value.AsSingle()).As<float, T>()
        : Avx512F.Min(limit.AsDouble(), value.AsDouble()).As<double, T>();

    [MethodImpl(AggressiveInlining)]
    public static Vector512<T> AtLeast(Vector512<T> value, Vector512<T> limit) => typeof(T) == typeof(float)
        ? Avx512F.Max(limit.AsSingle(), value.AsSingle()).As<float, T>()
        : Avx512F.Max(limit.AsDouble(), value.AsDouble()).As<double, T>();

    [MethodImpl(AggressiveInlining)]
    public static Vector512<T> PowerOfTwo(Vector512<T> shifted) => typeof(T) == typeof(float)
        ? Vector512.ShiftLeft(shifted.AsUInt32(), FloatBits.MantissaBits).As<uint, T>()
        : Vector512.ShiftLeft(shifted.AsUInt64(), DoubleBits.MantissaBits).As<ulong, T>();

    [MethodImpl(AggressiveInlining)]
    public static Vector512<T> Frexp(Vector512<T> a, out Vector512<T> mantissa)
    {
        if (typeof(T) == typeof(float))
        {
            Vector512<uint> offset = a.AsUInt32() + Vector512.Create(FloatBits.One - FloatBits.SqrtHalf);
            mantissa = ((offset & Vector512.Create(FloatBits.MantissaMask)) + Vector512.Create(FloatBits.SqrtHalf)).As<uint, T>();
            Vector512<uint> biased = Vector512.ShiftRightLogical(offset, FloatBits.MantissaBits)
                | Vector512.Create(FloatBits.IntegerShift);
            return biased.As<uint, T>() - Constant(FloatBits.BiasedIntegerShift);
        }
        else
        {
            Vector512<ulong> offset = a.AsUInt64() + Vector512.Create(DoubleBits.One - DoubleBits.SqrtHalf);
            mantissa = ((offset & Vector512.Create(DoubleBits.MantissaMask)) + Vector512.Create(DoubleBits.SqrtHalf))
                .As<ulong, T>();
            Vector512<ulong> biased = Vector512.ShiftRightLogical(offset, DoubleBits.MantissaBits)
                | Vector512.Create(DoubleBits.IntegerShift);
            return biased.As<ulong, T>() - Constant(DoubleBits.BiasedIntegerShift);
        }
    }

    [MethodImpl(AggressiveInlining)]
    public static Vector512<T> Integers(uint first, uint step)
    {
        Vector512<uint> lanes = typeof(T) == typeof(float)
            ? Vector512<uint>.Indices
            : (Vector512<ulong>.Indices | Vector512.ShiftLeft(Vector512<ulong>.Indices, 32)).AsUInt32();
        return ((lanes * Vector512.Create(step)) + Vector512.Create(first)).As<uint, T>();
    }

    [MethodImpl(AggressiveInlining)]
    public static Vector512<T> MultiplyInteger(Vector512<T> integers, uint b)
        => (integers.AsUInt32() * Vector512.Create(b)).As<uint, T>();

    [MethodImpl(AggressiveInlining)]
    public static Vector512<T> XorShift(Vector512<T> integers, int bits)
        => (integers.AsUInt32() ^ Vector512.ShiftRightLogical(integers.AsUInt32(), bits)).As<uint, T>();

    [MethodImpl(AggressiveInlining)]
    public static Vector512<T> IntegerAtLeast(Vector512<T> integers, uint limit)
        => Vector512.GreaterThanOrEqual(integers.AsUInt32(), Vector512.Create(limit)).As<uint, T>();
}
