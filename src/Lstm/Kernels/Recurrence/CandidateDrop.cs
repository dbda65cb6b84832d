using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Kernels.Elementwise;
using Lstm.Simd;

namespace Lstm.Kernels.Recurrence;

/// <summary>
/// The dropout of the candidates of some rows of one step and of the units of one panel; the default value keeps all.
/// </summary>
internal readonly struct CandidateDrop<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Which are dropped.</summary>
    public DropMask Mask { get; init; }

    /// <summary>1/(1 − p).</summary>
    public T Scale { get; init; }

    public int Step { get; init; }

    /// <summary>Rank of the first row's sequence.</summary>
    public int FirstRank { get; init; }

    /// <summary>First unit of the panel.</summary>
    public int FirstUnit { get; init; }

    /// <summary>The same mask at other rows.</summary>
    public CandidateDrop<T> At(int step, int firstRank, int firstUnit)
        => new() { Mask = Mask, Scale = Scale, Step = step, FirstRank = firstRank, FirstUnit = firstUnit };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint RowKey(nint row) => Mask.Exists ? Mask.RowKey(Step, FirstRank + (int)row) : 0;

    /// <summary>
    /// The factors of the units from <paramref name="unit"/> of the panel on: 0 or 1/(1 − p), or 1 when nothing is dropped.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TVec Factors<TSimd, TVec>(uint rowKey, nint unit)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
        => Mask.Exists ? Mask.Select<TSimd, TVec, T>(rowKey, FirstUnit + unit, TSimd.Broadcast(Scale), TSimd.Zero)
            : TSimd.Constant(1);
}
