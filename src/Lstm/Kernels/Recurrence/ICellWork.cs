using System.Numerics;
using Lstm.Runtime;
using Lstm.Simd;

namespace Lstm.Kernels.Recurrence;

/// <summary>Work on the steps of a layer, with the cell and the width still open.</summary>
internal interface ICellWork<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    SimdWidth Width { get; }

    /// <inheritdoc cref="IJob.Work"/>
    long Work { get; }

    /// <inheritdoc cref="IJob.SharesFor"/>
    int SharesFor(int workers);

    /// <summary>Takes a share of the sequences, or of whatever else is divided.</summary>
    void SetShare(WorkShare share);

    void Run<TSimd, TVec, TCell>(ref TCell cell)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
        where TCell : unmanaged, ICell<T>;
}
