using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Simd;

namespace Lstm.Kernels;

/// <summary>Matrix products over panels, cut into register tiles.</summary>
/// <remarks>
/// Each element of the result is one chain of multiply-adds: its start value, then the terms in order, each in rising k.
/// How rows and columns are cut into tiles never changes a chain, so tile shapes are free to follow the hardware.
/// </remarks>
internal static unsafe class Product<TSimd, TVec, T>
    where TSimd : struct, ISimd<TVec, T>
    where TVec : unmanaged
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int BlockBytes = 768 * 1024;

    private const int MaxPanelWidth = 64;

    /// <summary>
    /// How many rows of k values pass over all panels before the next ones come: few enough for them to stay in the
    /// second-level cache, many enough to make fetching the panels again worth while. Whole tiles of 6 or 3.
    /// </summary>
    public static int RowsPerBlock(int k) => Math.Clamp(BlockBytes / (k * sizeof(T)), 96, 1024) / 6 * 6;

    // c[r, 0..width) = start[r, 0..width) + Σ a[row + r, k]·b[k, panelStart ..], r < rows; start null means zero.
    // c and start are whole panels wide. Rows are cut into tiles as equal as can be: 32 rows are 6 6 5 5 5 5, not five
    // sixes and a two, whose eight accumulators could not hide the latency of a multiply-add.
    public static void Panel<TAdjacent>(T* c, nint cStride, T* start, nint startStride, ProductTerm<T>* terms, nint termCount, nint row, nint rows, nint panelStart, nint width)
        where TAdjacent : struct, IConstant
    {
        nint tiles = (rows + TSimd.TileRows - 1) / TSimd.TileRows;
        for (nint tile = 0; tile < tiles; tile++)
        {
            nint height = (rows + tiles - tile - 1) / (tiles - tile);
            Tile<TAdjacent>(c, cStride, start, startStride, terms, termCount, row, height, panelStart, width);
            c += height * cStride;
            start += start == null ? 0 : height * startStride;
            row += height;
            rows -= height;
        }
    }

    // The same for a c and a start of which only the first `columns` columns exist: nothing beyond them is read or written.
    public static void PanelEdge(T* c, nint cStride, T* start, nint startStride, ProductTerm<T>* terms, nint termCount, nint row, nint rows, nint panelStart, nint width, nint columns)
    {
        if (columns >= width)
        {
            Panel<AlongSum>(c, cStride, start, startStride, terms, termCount, row, rows, panelStart, width);
            return;
        }

        T* edge = stackalloc T[6 * MaxPanelWidth];
        nint tiles = (rows + TSimd.TileRows - 1) / TSimd.TileRows;
        for (nint tile = 0; tile < tiles; tile++)
        {
            nint height = (rows + tiles - tile - 1) / (tiles - tile);
            new Span<T>(edge, 6 * MaxPanelWidth).Clear();
            for (nint r = 0; start != null && r < height; r++)
            {
                new ReadOnlySpan<T>(start + (r * startStride), (int)columns).CopyTo(new Span<T>(edge + (r * width), (int)columns));
            }

            Tile<AlongSum>(edge, width, edge, width, terms, termCount, row, height, panelStart, width);
            for (nint r = 0; r < height; r++)
            {
                new ReadOnlySpan<T>(edge + (r * width), (int)columns).CopyTo(new Span<T>(c + (r * cStride), (int)columns));
            }

            c += height * cStride;
            start += start == null ? 0 : height * startStride;
            row += height;
            rows -= height;
        }
    }

    // One tile, rows ≤ TileRows: the panel in groups of up to four vectors.
    public static void Tile<TAdjacent>(T* c, nint cStride, T* start, nint startStride, ProductTerm<T>* terms, nint termCount, nint row, nint rows, nint panelStart, nint width)
        where TAdjacent : struct, IConstant
    {
        for (nint offset = 0; offset < width; offset += 4 * TSimd.Width)
        {
            T* s = start == null ? null : start + offset;
            switch ((width - offset) / TSimd.Width)
            {
                case 1:
                    Group<N1, TAdjacent>(c + offset, cStride, s, startStride, terms, termCount, row, rows, panelStart, width, offset);
                    break;
                case 2:
                    Group<N2, TAdjacent>(c + offset, cStride, s, startStride, terms, termCount, row, rows, panelStart, width, offset);
                    break;
                case 3:
                    Group<N3, TAdjacent>(c + offset, cStride, s, startStride, terms, termCount, row, rows, panelStart, width, offset);
                    break;
                default:
                    Group<N4, TAdjacent>(c + offset, cStride, s, startStride, terms, termCount, row, rows, panelStart, width, offset);
                    break;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Group<TVectors, TAdjacent>(T* c, nint cStride, T* start, nint startStride, ProductTerm<T>* terms, nint termCount, nint row, nint rows, nint panelStart, nint width, nint offset)
        where TVectors : struct, IConstant
        where TAdjacent : struct, IConstant
    {
        switch (rows)
        {
            case 1:
                TileKernel<TSimd, TVec, T, N1, TVectors, TAdjacent>.Run(c, cStride, start, startStride, terms, termCount, row, panelStart, width, offset);
                break;
            case 2:
                TileKernel<TSimd, TVec, T, N2, TVectors, TAdjacent>.Run(c, cStride, start, startStride, terms, termCount, row, panelStart, width, offset);
                break;
            case 3:
                TileKernel<TSimd, TVec, T, N3, TVectors, TAdjacent>.Run(c, cStride, start, startStride, terms, termCount, row, panelStart, width, offset);
                break;
            case 4:
                TileKernel<TSimd, TVec, T, N4, TVectors, TAdjacent>.Run(c, cStride, start, startStride, terms, termCount, row, panelStart, width, offset);
                break;
            case 5:
                TileKernel<TSimd, TVec, T, N5, TVectors, TAdjacent>.Run(c, cStride, start, startStride, terms, termCount, row, panelStart, width, offset);
                break;
            case 6:
                TileKernel<TSimd, TVec, T, N6, TVectors, TAdjacent>.Run(c, cStride, start, startStride, terms, termCount, row, panelStart, width, offset);
                break;
        }
    }
}
