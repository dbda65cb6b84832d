using System.Numerics;
using Lstm.Simd;

namespace Lstm.Cells;

/// <summary>The equations of a cell, for one vector of units: what happens between the products and the new states.</summary>
/// <remarks>Forward turns pre-activations into gates, in place; Backward turns the gates into the gradient of the pre-activations.</remarks>
internal interface ICell<TSimd, TVec, T>
    where TSimd : struct, ISimd<TVec, T>
    where TVec : unmanaged
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>i, f, g, o hold z and become the gates; returns the new cell state.</summary>
    static abstract TVec Forward(ref TVec i, ref TVec f, ref TVec g, ref TVec o, TVec cPrevious);

    /// <summary>The new hidden state, from the output gate and the new cell state.</summary>
    static abstract TVec Output(TVec o, TVec c);

    /// <summary>
    /// i, f, g, o hold the gates and become dz; dc comes in as ∂/∂c of the later steps and goes out as ∂/∂c of the
    /// previous one; dh is the whole gradient of h.
    /// </summary>
    static abstract void Backward(ref TVec i, ref TVec f, ref TVec g, ref TVec o, TVec cPrevious, TVec c, TVec dh, ref TVec dc);
}
