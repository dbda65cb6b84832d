using System.Runtime.CompilerServices;

namespace Lstm.Kernels.Products;

/// <summary>Rows, divided into as few and as equal tiles as possible: the first tiles may be one row higher.</summary>
/// <remarks>
/// 32 rows are 6 6 5 5 5 5, not five sixes and a two, whose eight accumulators could not hide the latency of a multiply-add.
/// </remarks>
internal readonly struct TileCut
{
    private readonly int _height;
    private readonly int _higher;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TileCut(int rows, int highest)
    {
        Count = (int)((uint)(rows + highest - 1) / (uint)highest);
        (_height, _higher) = Count == 0 ? (0, 0) : Math.DivRem(rows, Count);
    }

    /// <summary>Number of tiles.</summary>
    public int Count { get; }

    /// <summary>Rows of a tile.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Height(int tile) => tile < _higher ? _height + 1 : _height;

    /// <summary>First row of a tile.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Start(int tile) => (tile * _height) + Math.Min(tile, _higher);
}
