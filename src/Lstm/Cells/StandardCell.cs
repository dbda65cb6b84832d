using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Kernels.Elementwise;
using Lstm.Kernels.Recurrence;
using Lstm.Simd;

namespace Lstm.Cells;

/// <summary>The LSTM with forget gate of Gers, Schmidhuber &amp; Cummins (2000), the one every library calls LSTM.</summary>
/// <remarks>
/// <code>
/// i = σ(zᵢ)   f = σ(z_f)   g = tanh(z_g)   o = σ(z_o)      c ← f⊙c + i⊙g      h = o⊙tanh(c)
///
/// do = dh⊙tanh(c)                 dc ← dc + dh⊙o⊙(1 − tanh²(c))
/// di = dc⊙g    df = dc⊙c₋₁    dg = dc⊙i    dc₋₁ = dc⊙f
/// dzᵢ = di⊙i(1 − i)   dz_f = df⊙f(1 − f)   dz_g = dg⊙(1 − g²)   dz_o = do⊙o(1 − o)
/// </code>
/// </remarks>
// SAFETY: no pointer is read: gates and c come and go as values, and the cell has no weights, kept lines or other states.
internal readonly unsafe struct StandardCell<T> : ICell<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static int UnitWeightLines => 0;

    public static bool FillsPadding => false;

    public static bool DropsCandidate => false;

    public static int StateVectors => 1;

    public int KeptLines => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TVec Forward<TSimd, TVec>(
        T* own, T* lines, StateLines<T> states, TVec drop, ref TVec i, ref TVec f, ref TVec g, ref TVec o, TVec cPrevious)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        i = Elementary<TSimd, TVec, T>.Sigmoid(i);
        f = Elementary<TSimd, TVec, T>.Sigmoid(f);
        g = Elementary<TSimd, TVec, T>.Tanh(g);
        o = Elementary<TSimd, TVec, T>.Sigmoid(o);
        return TSimd.MultiplyAdd(f, cPrevious, TSimd.Multiply(i, g));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TVec Output<TSimd, TVec>(StateLines<T> states, TVec o, TVec c)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged => TSimd.Multiply(o, Elementary<TSimd, TVec, T>.Tanh(c));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TVec OutputBackward<TSimd, TVec>(StateLines<T> states, TVec o, TVec c, TVec dh, out TVec dO)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        TVec tanhC = Elementary<TSimd, TVec, T>.Tanh(c);
        dO = TSimd.Multiply(dh, tanhC);
        TVec dhO = TSimd.Multiply(dh, o);
        return TSimd.NegatedMultiplyAdd(TSimd.Multiply(dhO, tanhC), tanhC, dhO);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Backward<TSimd, TVec>(
        T* own,
        T* lines,
        StateLines<T> states,
        T* gateGradient,
        TVec drop,
        ref TVec i,
        ref TVec f,
        ref TVec g,
        ref TVec o,
        TVec cPrevious,
        TVec c,
        TVec dO,
        ref TVec dc)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        TVec dI = TSimd.Multiply(dc, g);
        TVec dF = TSimd.Multiply(dc, cPrevious);
        TVec dG = TSimd.Multiply(dc, i);
        dc = TSimd.Multiply(dc, f);
        i = TSimd.Multiply(dI, TSimd.NegatedMultiplyAdd(i, i, i));
        f = TSimd.Multiply(dF, TSimd.NegatedMultiplyAdd(f, f, f));
        g = TSimd.Multiply(dG, TSimd.NegatedMultiplyAdd(g, g, TSimd.Constant(1)));
        o = TSimd.Multiply(dO, TSimd.NegatedMultiplyAdd(o, o, o));
    }
}
