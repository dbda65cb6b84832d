using System.Numerics;
using Lstm.Kernels.Elementwise;
using Lstm.Simd;
using static System.Runtime.CompilerServices.MethodImplOptions;
using Inline = System.Runtime.CompilerServices.MethodImplAttribute;

namespace Lstm.Cells;

/// <summary>The vector of one width as a <see cref="ILane{TSelf}"/>.</summary>
/// <remarks>
/// The cells' equations are a few operations a vector between loads and stores, where the wrapping costs nothing; inside the
/// matrix products it would.
/// </remarks>
internal readonly struct Lane<TSimd, TVec, T>(TVec value) : ILane<Lane<TSimd, TVec, T>>
    where TSimd : struct, ISimd<TVec, T>
    where TVec : unmanaged
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public readonly TVec Value = value;

    [Inline(AggressiveInlining)]
    public static implicit operator Lane<TSimd, TVec, T>(double value) => new(TSimd.Constant(value));

    [Inline(AggressiveInlining)]
    public static Lane<TSimd, TVec, T> operator +(Lane<TSimd, TVec, T> a, Lane<TSimd, TVec, T> b)
        => new(TSimd.Add(a.Value, b.Value));

    [Inline(AggressiveInlining)]
    public static Lane<TSimd, TVec, T> operator -(Lane<TSimd, TVec, T> a, Lane<TSimd, TVec, T> b)
        => new(TSimd.Subtract(a.Value, b.Value));

    // From −0, not 0: the negative of 0 is −0.
    [Inline(AggressiveInlining)]
    public static Lane<TSimd, TVec, T> operator -(Lane<TSimd, TVec, T> a) => new(TSimd.Subtract(TSimd.Constant(-0.0), a.Value));

    [Inline(AggressiveInlining)]
    public static Lane<TSimd, TVec, T> operator *(Lane<TSimd, TVec, T> a, Lane<TSimd, TVec, T> b)
        => new(TSimd.Multiply(a.Value, b.Value));

    [Inline(AggressiveInlining)]
    public static Lane<TSimd, TVec, T> operator /(Lane<TSimd, TVec, T> a, Lane<TSimd, TVec, T> b)
        => new(TSimd.Divide(a.Value, b.Value));

    [Inline(AggressiveInlining)]
    public static Lane<TSimd, TVec, T> MultiplyAdd(Lane<TSimd, TVec, T> a, Lane<TSimd, TVec, T> b, Lane<TSimd, TVec, T> c)
        => new(TSimd.MultiplyAdd(a.Value, b.Value, c.Value));

    [Inline(AggressiveInlining)]
    public static Lane<TSimd, TVec, T> NegatedMultiplyAdd(Lane<TSimd, TVec, T> a, Lane<TSimd, TVec, T> b, Lane<TSimd, TVec, T> c)
        => new(TSimd.NegatedMultiplyAdd(a.Value, b.Value, c.Value));

    [Inline(AggressiveInlining)]
    public static Lane<TSimd, TVec, T> Sqrt(Lane<TSimd, TVec, T> x) => new(TSimd.Sqrt(x.Value));

    [Inline(AggressiveInlining)]
    public static Lane<TSimd, TVec, T> Abs(Lane<TSimd, TVec, T> x) => new(TSimd.Abs(x.Value));

    // Not the processor's minimum and maximum: those differ in what they make of NaN and of zeros.
    [Inline(AggressiveInlining)]
    public static Lane<TSimd, TVec, T> Min(Lane<TSimd, TVec, T> a, Lane<TSimd, TVec, T> b)
        => new(TSimd.Select(TSimd.GreaterThan(a.Value, b.Value), b.Value, a.Value));

    [Inline(AggressiveInlining)]
    public static Lane<TSimd, TVec, T> Max(Lane<TSimd, TVec, T> a, Lane<TSimd, TVec, T> b)
        => new(TSimd.Select(TSimd.GreaterThan(b.Value, a.Value), b.Value, a.Value));

    [Inline(AggressiveInlining)]
    public static Lane<TSimd, TVec, T> WhereGreater(
        Lane<TSimd, TVec, T> a, Lane<TSimd, TVec, T> b, Lane<TSimd, TVec, T> then, Lane<TSimd, TVec, T> otherwise)
        => new(TSimd.Select(TSimd.GreaterThan(a.Value, b.Value), then.Value, otherwise.Value));

    [Inline(AggressiveInlining)]
    public static Lane<TSimd, TVec, T> Exp(Lane<TSimd, TVec, T> x) => new(Elementary<TSimd, TVec, T>.Exp(x.Value));

    [Inline(AggressiveInlining)]
    public static Lane<TSimd, TVec, T> Log(Lane<TSimd, TVec, T> x) => new(Elementary<TSimd, TVec, T>.Log(x.Value));

    [Inline(AggressiveInlining)]
    public static Lane<TSimd, TVec, T> Log1p(Lane<TSimd, TVec, T> x) => new(Elementary<TSimd, TVec, T>.Log1p(x.Value));

    [Inline(AggressiveInlining)]
    public static Lane<TSimd, TVec, T> Sigmoid(Lane<TSimd, TVec, T> x) => new(Elementary<TSimd, TVec, T>.Sigmoid(x.Value));

    [Inline(AggressiveInlining)]
    public static Lane<TSimd, TVec, T> Tanh(Lane<TSimd, TVec, T> x) => new(Elementary<TSimd, TVec, T>.Tanh(x.Value));

    [Inline(AggressiveInlining)]
    public static Lane<TSimd, TVec, T> Softplus(Lane<TSimd, TVec, T> x) => new(Elementary<TSimd, TVec, T>.Softplus(x.Value));

    [Inline(AggressiveInlining)]
    public static Lane<TSimd, TVec, T> SigmoidBackward(Lane<TSimd, TVec, T> y, Lane<TSimd, TVec, T> gradient)
        => new(TSimd.Multiply(gradient.Value, TSimd.NegatedMultiplyAdd(y.Value, y.Value, y.Value)));

    [Inline(AggressiveInlining)]
    public static Lane<TSimd, TVec, T> TanhBackward(Lane<TSimd, TVec, T> y, Lane<TSimd, TVec, T> gradient)
        => new(TSimd.Multiply(gradient.Value, TSimd.NegatedMultiplyAdd(y.Value, y.Value, TSimd.Constant(1))));
}
