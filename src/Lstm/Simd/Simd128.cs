using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using static System.Runtime.CompilerServices.MethodImplOptions;

namespace Lstm.Simd;

/// <summary>128 bits: SSE and the like with 16 registers, AdvSimd with 32.</summary>
// SAFETY: as ISimd says, pointers are the callers' promise: Load, Store and MultiplyAdd touch 16 bytes at the pointer, LoadPieces
// as many bytes in pieces of 16. None of the instructions requires alignment.
internal readonly unsafe struct Simd128<T> : ISimd<Vector128<T>, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static int Width
    {
        [MethodImpl(AggressiveInlining)]
        get => Vector128<T>.Count;
    }

    public static int TileRows
    {
        [MethodImpl(AggressiveInlining)]
        get => AdvSimd.Arm64.IsSupported ? 6 : 3;
    }

    public static Vector128<T> Zero
    {
        [MethodImpl(AggressiveInlining)]
        get => Vector128<T>.Zero;
    }

    [MethodImpl(AggressiveInlining)]
    public static Vector128<T> Load(T* source) => Vector128.Load(source);

    [MethodImpl(AggressiveInlining)]
    public static void Store(T* destination, Vector128<T> value) => Vector128.Store(value, destination);

    [MethodImpl(AggressiveInlining)]
    public static Vector128<T> LoadPieces(T* source, nint stride) => Vector128.Load(source);

    [MethodImpl(AggressiveInlining)]
    public static Vector128<T> InterleaveLow(Vector128<T> a, Vector128<T> b) => Transposition<T>.Low(a, b);

    [MethodImpl(AggressiveInlining)]
    public static Vector128<T> InterleaveHigh(Vector128<T> a, Vector128<T> b) => Transposition<T>.High(a, b);

    [MethodImpl(AggressiveInlining)]
    public static Vector128<T> Broadcast(T value) => Vector128.Create(value);

    [MethodImpl(AggressiveInlining)]
    public static Vector128<T> Constant(double value) => typeof(T) == typeof(float)
        ? Vector128.Create((float)value).As<float, T>()
        : Vector128.Create(value).As<double, T>();

    [MethodImpl(AggressiveInlining)]
    public static Vector128<T> Add(Vector128<T> a, Vector128<T> b) => a + b;

    [MethodImpl(AggressiveInlining)]
    public static Vector128<T> Subtract(Vector128<T> a, Vector128<T> b) => a - b;

    [MethodImpl(AggressiveInlining)]
    public static Vector128<T> Multiply(Vector128<T> a, Vector128<T> b) => a * b;

    [MethodImpl(AggressiveInlining)]
    public static Vector128<T> Divide(Vector128<T> a, Vector128<T> b) => a / b;

    [MethodImpl(AggressiveInlining)]
    public static Vector128<T> MultiplyAdd(Vector128<T> a, Vector128<T> b, Vector128<T> c)
    {
        if (!SimdDispatch.IsFused)
        {
            return a * b + c;
        }

        return typeof(T) == typeof(float)
            ? Vector128.FusedMultiplyAdd(a.AsSingle(), b.AsSingle(), c.AsSingle()).As<float, T>()
            : Vector128.FusedMultiplyAdd(a.AsDouble(), b.AsDouble(), c.AsDouble()).As<double, T>();
    }

    [MethodImpl(AggressiveInlining)]
    public static Vector128<T> MultiplyAdd(T* a, nint offset, Vector128<T> b, Vector128<T> c) =>
        !SimdDispatch.IsFused ? Vector128.Load(a + offset) * b + c
        : typeof(T) == typeof(float)
            ? Vector128.FusedMultiplyAdd(b.AsSingle(), Vector128.Load((float*)a + offset), c.AsSingle()).As<float, T>()
        : Vector128.FusedMultiplyAdd(b.AsDouble(), Vector128.Load((double*)a + offset), c.AsDouble()).As<double, T>();

    // By name: the compiler does not fold the negation into a FusedMultiplyAdd.
    [MethodImpl(AggressiveInlining)]
    public static Vector128<T> NegatedMultiplyAdd(Vector128<T> a, Vector128<T> b, Vector128<T> c)
    {
        if (!SimdDispatch.IsFused)
        {
            return c - a * b;
        }

        if (AdvSimd.Arm64.IsSupported)
        {
            return typeof(T) == typeof(float)
                ? AdvSimd.FusedMultiplySubtract(c.AsSingle(), a.AsSingle(), b.AsSingle()).As<float, T>()
                : AdvSimd.Arm64.FusedMultiplySubtract(c.AsDouble(), a.AsDouble(), b.AsDouble()).As<double, T>();
        }

        return typeof(T) == typeof(float)
            ? Fma.MultiplyAddNegated(a.AsSingle(), b.AsSingle(), c.AsSingle()).As<float, T>()
            : Fma.MultiplyAddNegated(a.AsDouble(), b.AsDouble(), c.AsDouble()).As<double, T>();
    }

    [MethodImpl(AggressiveInlining)]
    public static Vector128<T> Sqrt(Vector128<T> a) => Vector128.Sqrt(a);

    [MethodImpl(AggressiveInlining)]
    public static Vector128<T> Abs(Vector128<T> a) => Vector128.Abs(a);

    [MethodImpl(AggressiveInlining)]
    public static Vector128<T> CopySign(Vector128<T> magnitude, Vector128<T> sign) => Vector128.CopySign(magnitude, sign);

    [MethodImpl(AggressiveInlining)]
    public static Vector128<T> GreaterThan(Vector128<T> a, Vector128<T> b) => Vector128.GreaterThan(a, b);

    [MethodImpl(AggressiveInlining)]
    public static Vector128<T> EqualTo(Vector128<T> a, Vector128<T> b) => Vector128.Equals(a, b);

    [MethodImpl(AggressiveInlining)]
    public static Vector128<T> Select(Vector128<T> mask, Vector128<T> a, Vector128<T> b) =>
        Vector128.ConditionalSelect(mask, a, b);

    // The x86 instruction gives its second operand where either is NaN.
    [MethodImpl(AggressiveInlining)]
    public static Vector128<T> AtMost(Vector128<T> value, Vector128<T> limit)
    {
        if (!Sse2.IsSupported)
        {
            return Select(GreaterThan(value, limit), limit, value);
        }

        return typeof(T) == typeof(float)
            ? Sse.Min(limit.AsSingle(), value.AsSingle()).As<float, T>()
            : Sse2.Min(limit.AsDouble(), value.AsDouble()).As<double, T>();
    }

    [MethodImpl(AggressiveInlining)]
    public static Vector128<T> AtLeast(Vector128<T> value, Vector128<T> limit)
    {
        if (!Sse2.IsSupported)
        {
            return Select(GreaterThan(limit, value), limit, value);
        }

        return typeof(T) == typeof(float)
            ? Sse.Max(limit.AsSingle(), value.AsSingle()).As<float, T>()
            : Sse2.Max(limit.AsDouble(), value.AsDouble()).As<double, T>();
    }

    [MethodImpl(AggressiveInlining)]
    public static Vector128<T> PowerOfTwo(Vector128<T> shifted) => typeof(T) == typeof(float)
        ? Vector128.ShiftLeft(shifted.AsUInt32(), FloatBits.MantissaBits).As<uint, T>()
        : Vector128.ShiftLeft(shifted.AsUInt64(), DoubleBits.MantissaBits).As<ulong, T>();

    [MethodImpl(AggressiveInlining)]
    public static Vector128<T> Frexp(Vector128<T> a, out Vector128<T> mantissa)
    {
        if (typeof(T) == typeof(float))
        {
            Vector128<uint> offset = a.AsUInt32() + Vector128.Create(FloatBits.One - FloatBits.SqrtHalf);
            mantissa = ((offset & Vector128.Create(FloatBits.MantissaMask)) + Vector128.Create(FloatBits.SqrtHalf)).As<uint, T>();
            Vector128<uint> biased = Vector128.ShiftRightLogical(offset, FloatBits.MantissaBits)
                | Vector128.Create(FloatBits.IntegerShift);
            return biased.As<uint, T>() - Constant(FloatBits.BiasedIntegerShift);
        }
        else
        {
            Vector128<ulong> offset = a.AsUInt64() + Vector128.Create(DoubleBits.One - DoubleBits.SqrtHalf);
            mantissa = ((offset & Vector128.Create(DoubleBits.MantissaMask)) + Vector128.Create(DoubleBits.SqrtHalf))
                .As<ulong, T>();
            Vector128<ulong> biased = Vector128.ShiftRightLogical(offset, DoubleBits.MantissaBits)
                | Vector128.Create(DoubleBits.IntegerShift);
            return biased.As<ulong, T>() - Constant(DoubleBits.BiasedIntegerShift);
        }
    }

    [MethodImpl(AggressiveInlining)]
    public static Vector128<T> Integers(uint first, uint step)
    {
        Vector128<uint> lanes = typeof(T) == typeof(float)
            ? Vector128<uint>.Indices
            : (Vector128<ulong>.Indices | Vector128.ShiftLeft(Vector128<ulong>.Indices, 32)).AsUInt32();
        return ((lanes * Vector128.Create(step)) + Vector128.Create(first)).As<uint, T>();
    }

    [MethodImpl(AggressiveInlining)]
    public static Vector128<T> MultiplyInteger(Vector128<T> integers, uint b)
        => (integers.AsUInt32() * Vector128.Create(b)).As<uint, T>();

    [MethodImpl(AggressiveInlining)]
    public static Vector128<T> XorShift(Vector128<T> integers, int bits)
        => (integers.AsUInt32() ^ Vector128.ShiftRightLogical(integers.AsUInt32(), bits)).As<uint, T>();

    [MethodImpl(AggressiveInlining)]
    public static Vector128<T> IntegerAtLeast(Vector128<T> integers, uint limit)
        => Vector128.GreaterThanOrEqual(integers.AsUInt32(), Vector128.Create(limit)).As<uint, T>();
}
