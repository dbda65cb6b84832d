using System.Numerics;
using Lstm.Simd;

namespace Lstm.Cells;

/// <summary>A cell's three activations: of the gates i f o, of the candidate g, and of the cell state shown in h.</summary>
/// <remarks>Each Backward takes the activation's output y and the gradient d of it, and returns d·y'.</remarks>
internal interface ICellActivations<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Whether z = 0 and c = 0, as in the padding, may give a c that is not 0.</summary>
    static abstract bool FillsPadding { get; }

    TVec Gate<TSimd, TVec>(TVec z)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged;

    TVec GateBackward<TSimd, TVec>(TVec y, TVec d)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged;

    TVec Candidate<TSimd, TVec>(TVec z)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged;

    TVec CandidateBackward<TSimd, TVec>(TVec y, TVec d)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged;

    TVec Hidden<TSimd, TVec>(TVec c)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged;

    TVec HiddenBackward<TSimd, TVec>(TVec y, TVec d)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged;
}
