using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Kernels.Elementwise;
using Lstm.Simd;

namespace Lstm.Cells;

/// <summary>σ for the gates, tanh for the candidate and the cell: those of <see cref="StandardCell{T}"/>.</summary>
internal readonly struct StandardActivations<T> : ICellActivations<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static bool FillsPadding => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TVec Gate<TSimd, TVec>(TVec z)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged => Elementary<TSimd, TVec, T>.Sigmoid(z);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TVec GateBackward<TSimd, TVec>(TVec y, TVec d)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged => TSimd.Multiply(d, TSimd.NegatedMultiplyAdd(y, y, y));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TVec Candidate<TSimd, TVec>(TVec z)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged => Elementary<TSimd, TVec, T>.Tanh(z);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TVec CandidateBackward<TSimd, TVec>(TVec y, TVec d)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged => TSimd.Multiply(d, TSimd.NegatedMultiplyAdd(y, y, TSimd.Constant(1)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TVec Hidden<TSimd, TVec>(TVec c)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged => Elementary<TSimd, TVec, T>.Tanh(c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TVec HiddenBackward<TSimd, TVec>(TVec y, TVec d)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged => TSimd.NegatedMultiplyAdd(TSimd.Multiply(d, y), y, d);
}
