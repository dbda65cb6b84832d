using System.Numerics;
using Lstm.Simd;

namespace Lstm.Kernels.Recurrence;

/// <summary>The equations of a cell, for one vector of units: what happens between the products and the new states.</summary>
/// <remarks>
/// Forward turns pre-activations into gates, in place; Backward turns the gates into the gradient of the pre-activations. A
/// cell is a value: it holds its settings, and its methods are compiled into the kernels. The width is the methods', so that
/// a cell is written once for all of them.
/// </remarks>
// SAFETY: CellEpilogue passes places of a vector in the first of the UnitWeightLines, KeptLines and StateVectors lines of a row,
// the others a line apart; a cell accesses whole vectors of these (LaneCell also its further weights, which CellUnits checks),
// and none where there is nothing: states that a method is not given, weights of a layer without any, a null gateGradient.
internal unsafe interface ICell<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>
    /// Lines of weights of each panel that belong to the units alone (diagonal ones): of these, <c>own</c> points to the
    /// vector's in the first line, the others follow a line apart. Nothing may be read there if the layer has none.
    /// </summary>
    static abstract int UnitWeightLines { get; }

    /// <summary>Whether the c of the padding, where z is 0, would not stay 0: it is cleared then.</summary>
    static abstract bool FillsPadding { get; }

    /// <summary>
    /// Whether it uses <c>drop</c>, the factors by which a dropout of the candidate multiplies it; else nobody draws them.
    /// </summary>
    static abstract bool DropsCandidate { get; }

    /// <summary>
    /// Lines of each row of each panel that hold the states carried from step to step: 1 for c alone. The lines after the first
    /// are the cell's to read and write (<see cref="StateLines{T}"/>).
    /// </summary>
    static abstract int StateVectors { get; }

    /// <summary>
    /// Lines of each row of each panel that <c>lines</c> points into, kept from Forward to Backward and after it: 0 for most
    /// cells.
    /// </summary>
    int KeptLines { get; }

    /// <summary>i, f, g, o hold z and become the gates; returns the new cell state.</summary>
    TVec Forward<TSimd, TVec>(
        T* own, T* lines, StateLines<T> states, TVec drop, ref TVec i, ref TVec f, ref TVec g, ref TVec o, TVec cPrevious)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged;

    /// <summary>
    /// The new hidden state, from the output gate and the cell state that it shows: the new one, or that normalised.
    /// </summary>
    TVec Output<TSimd, TVec>(StateLines<T> states, TVec o, TVec c)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged;

    /// <summary>
    /// Returns ∂/∂c of the cell state that <see cref="Output"/> was given, and ∂/∂o, from the whole gradient of h.
    /// </summary>
    TVec OutputBackward<TSimd, TVec>(StateLines<T> states, TVec o, TVec c, TVec dh, out TVec dO)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged;

    /// <summary>
    /// i, f, g, o hold the gates and become dz; dc comes in as ∂/∂c of the new cell state, all but what flows through the
    /// pre-activation of o, and goes out as ∂/∂c of the previous one. <paramref name="gateGradient"/> has three lines, what the
    /// next step's gates add to ∂/∂i, ∂/∂f and ∂/∂o; null for none.
    /// </summary>
    void Backward<TSimd, TVec>(
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
        where TVec : unmanaged;
}
