using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.Arm;
using static System.Runtime.CompilerServices.MethodImplOptions;

namespace Lstm.Simd;

/// <summary>One lane: hardware without vectors, single elements, and the reference for the other widths.</summary>
// SAFETY: as ISimd says, pointers are the callers' promise: Load, Store and MultiplyAdd touch one element at the pointer.
internal readonly unsafe struct SimdScalar<T> : ISimd<T, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static int Width
    {
        [MethodImpl(AggressiveInlining)]
        get => 1;
    }

    // Scalars live in the vector registers, so the register file decides here too.
    public static int TileRows
    {
        [MethodImpl(AggressiveInlining)]
        get => AdvSimd.Arm64.IsSupported ? 6 : 3;
    }

    public static T Zero
    {
        [MethodImpl(AggressiveInlining)]
        get => T.Zero;
    }

    [MethodImpl(AggressiveInlining)]
    public static T Load(T* source) => *source;

    [MethodImpl(AggressiveInlining)]
    public static void Store(T* destination, T value) => *destination = value;

    [MethodImpl(AggressiveInlining)]
    public static T LoadPieces(T* source, nint stride) => *source;

    [MethodImpl(AggressiveInlining)]
    public static T InterleaveLow(T a, T b) => a;

    [MethodImpl(AggressiveInlining)]
    public static T InterleaveHigh(T a, T b) => b;

    [MethodImpl(AggressiveInlining)]
    public static T Broadcast(T value) => value;

    [MethodImpl(AggressiveInlining)]
    public static T Constant(double value) => typeof(T) == typeof(float)
        ? Unsafe.BitCast<float, T>((float)value)
        : Unsafe.BitCast<double, T>(value);

    [MethodImpl(AggressiveInlining)]
    public static T Add(T a, T b) => a + b;

    [MethodImpl(AggressiveInlining)]
    public static T Subtract(T a, T b) => a - b;

    [MethodImpl(AggressiveInlining)]
    public static T Multiply(T a, T b) => a * b;

    [MethodImpl(AggressiveInlining)]
    public static T Divide(T a, T b) => a / b;

    [MethodImpl(AggressiveInlining)]
    public static T MultiplyAdd(T a, T b, T c) => SimdDispatch.IsFused ? T.FusedMultiplyAdd(a, b, c) : a * b + c;

    [MethodImpl(AggressiveInlining)]
    public static T MultiplyAdd(T* a, nint offset, T b, T c) => MultiplyAdd(a[offset], b, c);

    [MethodImpl(AggressiveInlining)]
    public static T NegatedMultiplyAdd(T a, T b, T c) => SimdDispatch.IsFused ? T.FusedMultiplyAdd(-a, b, c) : c - a * b;

    [MethodImpl(AggressiveInlining)]
    public static T Sqrt(T a) => T.Sqrt(a);

    [MethodImpl(AggressiveInlining)]
    public static T Abs(T a) => T.Abs(a);

    [MethodImpl(AggressiveInlining)]
    public static T CopySign(T magnitude, T sign) => T.CopySign(magnitude, sign);

    [MethodImpl(AggressiveInlining)]
    public static T GreaterThan(T a, T b) => a > b ? T.AllBitsSet : T.Zero;

    [MethodImpl(AggressiveInlining)]
    public static T EqualTo(T a, T b) => a == b ? T.AllBitsSet : T.Zero;

    [MethodImpl(AggressiveInlining)]
    public static T Select(T mask, T a, T b) => typeof(T) == typeof(float)
        ? Unsafe.BitCast<T, uint>(mask) != 0 ? a : b
        : Unsafe.BitCast<T, ulong>(mask) != 0 ? a : b;

    [MethodImpl(AggressiveInlining)]
    public static T AtMost(T value, T limit) => value > limit ? limit : value;

    [MethodImpl(AggressiveInlining)]
    public static T AtLeast(T value, T limit) => value < limit ? limit : value;

    [MethodImpl(AggressiveInlining)]
    public static T PowerOfTwo(T shifted) => typeof(T) == typeof(float)
        ? Unsafe.BitCast<uint, T>(Unsafe.BitCast<T, uint>(shifted) << FloatBits.MantissaBits)
        : Unsafe.BitCast<ulong, T>(Unsafe.BitCast<T, ulong>(shifted) << DoubleBits.MantissaBits);

    [MethodImpl(AggressiveInlining)]
    public static T Frexp(T a, out T mantissa)
    {
        if (typeof(T) == typeof(float))
        {
            uint offset = Unsafe.BitCast<T, uint>(a) + (FloatBits.One - FloatBits.SqrtHalf);
            mantissa = Unsafe.BitCast<uint, T>((offset & FloatBits.MantissaMask) + FloatBits.SqrtHalf);
            uint biased = (offset >> FloatBits.MantissaBits) | FloatBits.IntegerShift;
            return Unsafe.BitCast<uint, T>(biased) - Constant(FloatBits.BiasedIntegerShift);
        }
        else
        {
            ulong offset = Unsafe.BitCast<T, ulong>(a) + (DoubleBits.One - DoubleBits.SqrtHalf);
            mantissa = Unsafe.BitCast<ulong, T>((offset & DoubleBits.MantissaMask) + DoubleBits.SqrtHalf);
            ulong biased = (offset >> DoubleBits.MantissaBits) | DoubleBits.IntegerShift;
            return Unsafe.BitCast<ulong, T>(biased) - Constant(DoubleBits.BiasedIntegerShift);
        }
    }

    [MethodImpl(AggressiveInlining)]
    public static T Integers(uint first, uint step) => Pack(first);

    [MethodImpl(AggressiveInlining)]
    public static T MultiplyInteger(T integers, uint b) => Pack(Unpack(integers) * b);

    [MethodImpl(AggressiveInlining)]
    public static T XorShift(T integers, int bits) => Pack(Unpack(integers) ^ (Unpack(integers) >> bits));

    [MethodImpl(AggressiveInlining)]
    public static T IntegerAtLeast(T integers, uint limit) => Unpack(integers) >= limit ? T.AllBitsSet : T.Zero;

    [MethodImpl(AggressiveInlining)]
    private static T Pack(uint integer) => typeof(T) == typeof(float)
        ? Unsafe.BitCast<uint, T>(integer)
        : Unsafe.BitCast<ulong, T>(integer | ((ulong)integer << 32));

    [MethodImpl(AggressiveInlining)]
    private static uint Unpack(T integers) => typeof(T) == typeof(float)
        ? Unsafe.BitCast<T, uint>(integers)
        : (uint)Unsafe.BitCast<T, ulong>(integers);
}
