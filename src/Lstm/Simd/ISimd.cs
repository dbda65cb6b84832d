using System.Numerics;

namespace Lstm.Simd;

/// <summary>The vector operations the kernels are written in: one set of instructions of one width.</summary>
/// <remarks>
/// The operations act on the raw vector type, not on a wrapper: a wrapping struct costs register moves. Each is exactly rounded
/// and lane-wise, so every width gives the same bits; only <see cref="MultiplyAdd(TVec, TVec, TVec)"/> has two forms, fused where
/// the hardware fuses and two roundings where it does not, which makes the two classes of hardware of docs/reproducibility.md. A
/// mask is a vector made by <see cref="GreaterThan"/>, fit only for <see cref="Select"/>.
/// </remarks>
/// <typeparam name="TVec">The vector: <c>Vector512&lt;T&gt;</c>, …, or <c>T</c> itself for one lane.</typeparam>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
// SAFETY: an operation that takes a pointer reads or writes exactly the elements its summary names, at any alignment. It checks
// nothing, since a check would cost as much as the access: the kernel that calls it names the check that makes its pointers true.
// The tests run every kernel with operands of exactly their length between unreadable pages, at each width.
internal unsafe interface ISimd<TVec, T>
    where TVec : unmanaged
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Number of lanes.</summary>
    static abstract int Width { get; }

    /// <summary>Rows of a register tile that is four vectors wide: what the register file holds without spilling.</summary>
    static abstract int TileRows { get; }

    /// <summary>All lanes 0.</summary>
    static abstract TVec Zero { get; }

    /// <summary>Reads <see cref="Width"/> adjacent elements.</summary>
    static abstract TVec Load(T* source);

    /// <summary>Writes <see cref="Width"/> adjacent elements.</summary>
    static abstract void Store(T* destination, TVec value);

    /// <summary>
    /// Reads pieces of 16 bytes, as many as a vector has, <paramref name="stride"/> elements from one to the next.
    /// </summary>
    /// <remarks>
    /// This and the two interleaving operations require <see cref="Transposition{T}.Interleaves"/> and more than one lane.
    /// </remarks>
    static abstract TVec LoadPieces(T* source, nint stride);

    /// <summary>Interleaves a₀ b₀ a₁ b₁ … the lower halves of each piece of 16 bytes.</summary>
    static abstract TVec InterleaveLow(TVec a, TVec b);

    /// <summary>Interleaves the upper halves of each piece of 16 bytes.</summary>
    static abstract TVec InterleaveHigh(TVec a, TVec b);

    /// <summary>All lanes equal to <paramref name="value"/>.</summary>
    static abstract TVec Broadcast(T value);

    /// <summary>All lanes equal to <paramref name="value"/> rounded to <typeparamref name="T"/>; folds into a constant.</summary>
    static abstract TVec Constant(double value);

    static abstract TVec Add(TVec a, TVec b);

    static abstract TVec Subtract(TVec a, TVec b);

    static abstract TVec Multiply(TVec a, TVec b);

    static abstract TVec Divide(TVec a, TVec b);

    /// <summary>a·b + c.</summary>
    static abstract TVec MultiplyAdd(TVec a, TVec b, TVec c);

    /// <summary>a[offset …]·b + c, reading <see cref="Width"/> adjacent elements of a.</summary>
    /// <remarks>
    /// In a loop it is one instruction, where the compiler adds a load and a move for a separate load. A constant offset becomes
    /// part of the address.
    /// </remarks>
    static abstract TVec MultiplyAdd(T* a, nint offset, TVec b, TVec c);

    /// <summary>c − a·b.</summary>
    static abstract TVec NegatedMultiplyAdd(TVec a, TVec b, TVec c);

    static abstract TVec Sqrt(TVec a);

    static abstract TVec Abs(TVec a);

    /// <summary>The bits of |magnitude| with the sign bit of <paramref name="sign"/>.</summary>
    static abstract TVec CopySign(TVec magnitude, TVec sign);

    /// <summary>Lanes where a &gt; b; false where either is NaN.</summary>
    static abstract TVec GreaterThan(TVec a, TVec b);

    /// <summary>Lanes where a = b; false where either is NaN.</summary>
    static abstract TVec EqualTo(TVec a, TVec b);

    /// <summary>a where the mask is set, b elsewhere.</summary>
    /// <remarks>
    /// Write the compare into the call and compute a and b before it: a mask used twice, or kept in a variable while other
    /// things are computed, is turned into a vector and back, and has cost a loop two thirds of its speed.
    /// </remarks>
    static abstract TVec Select(TVec mask, TVec a, TVec b);

    /// <summary>The smaller of <paramref name="value"/> and <paramref name="limit"/>; NaN stays NaN.</summary>
    /// <remarks>The limit is neither NaN nor zero: with those, what processors call the minimum differs.</remarks>
    static abstract TVec AtMost(TVec value, TVec limit);

    /// <summary>The larger of <paramref name="value"/> and <paramref name="limit"/>; NaN stays NaN.</summary>
    /// <remarks>The limit is neither NaN nor zero: with those, what processors call the maximum differs.</remarks>
    static abstract TVec AtLeast(TVec value, TVec limit);

    /// <summary>
    /// 2ⁿ, given <paramref name="shifted"/> = n + 1.5·2²³ + 127 (float) or n + 1.5·2⁵² + 1023 (double): a number whose low
    /// mantissa bits are 2ⁿ's biased exponent.
    /// </summary>
    /// <remarks>
    /// n from −126 to 127, or −1022 to 1023; one below gives 0, one above ∞. Anything else (NaN too) gives an arbitrary
    /// value that is zero, infinite or a power of two, the same on every width.
    /// </remarks>
    static abstract TVec PowerOfTwo(TVec shifted);

    /// <summary>
    /// The exponent e and mantissa m of a positive normal a = m·2ᵉ, m from √½ to √2; arbitrary finite values for anything
    /// else, the same on every width.
    /// </summary>
    static abstract TVec Frexp(TVec a, out TVec mantissa);

    /// <summary>
    /// Integers of 32 bits, one for each lane k: <paramref name="first"/> + k·<paramref name="step"/>, modulo 2³².
    /// </summary>
    /// <remarks>
    /// They are a vector like any other, fit only for the operations on integers. A lane of 64 bits holds its integer twice.
    /// </remarks>
    static abstract TVec Integers(uint first, uint step);

    /// <summary>Each integer times <paramref name="b"/>, modulo 2³².</summary>
    static abstract TVec MultiplyInteger(TVec integers, uint b);

    /// <summary>Each integer x becomes x ⊕ (x ≫ <paramref name="bits"/>).</summary>
    static abstract TVec XorShift(TVec integers, int bits);

    /// <summary>Lanes whose integer is at least <paramref name="limit"/>.</summary>
    static abstract TVec IntegerAtLeast(TVec integers, uint limit);
}
