using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Simd;

namespace Lstm.Kernels.Products;

/// <summary>Matrix products over panels, cut into register tiles.</summary>
/// <remarks>
/// Each element of the result is one chain of multiply-adds: its start value, then the terms in order, each in rising k.
/// How rows and columns are cut into tiles never changes a chain, so tile shapes are free to follow the hardware.
/// Everything down to the tiles is optimised at once: in a small layer it is run as often as it computes, and a process
/// confined to one processor is slow to replace the code that it starts with.
/// </remarks>
// SAFETY: tiles cover exactly the product's rows and its panel's columns; PanelProduct says who promises that the operands have
// them.
internal static unsafe class Product<TSimd, TVec, T>
    where TSimd : struct, ISimd<TVec, T>
    where TVec : unmanaged
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int BlockBytes = 768 * 1024;

    private const int MaxPanelWidth = 64;

    /// <summary>
    /// The number of k that a longer sum takes at a time: a block of a panel is then 128 KB, so that it and the next one have
    /// room in the second-level cache beside a.
    /// </summary>
    public const int SumPerBlock = 512;

    /// <summary>
    /// The number of rows of k values that pass over all panels before the next rows: few enough for them to stay in the
    /// second-level cache, many enough to pay for fetching the panels once more. Whole tiles of 6 or 3.
    /// </summary>
    public static int RowsPerBlock(int k) => Math.Clamp(BlockBytes / (k * sizeof(T)), 96, 1024) / 6 * 6;

    // All rows of the product. Afterwards its C, Start and Row are those of the rows that would follow.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Panel<TAdjacent>(ref PanelProduct<T> product)
        where TAdjacent : struct, IConstant
    {
        product.AssertValid(product.Width);
        TileCut cut = Cut((int)product.Rows);
        for (int tile = 0; tile < cut.Count; tile++)
        {
            int height = cut.Height(tile);
            Tile<TAdjacent>(ref product, height);
            product.C += height * product.CStride;
            product.Start += product.Start == null ? 0 : height * product.StartStride;
            product.Row += height;
        }
    }

    /// <summary>How <see cref="Panel"/> cuts rows into tiles.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TileCut Cut(int rows) => new(rows, TSimd.TileRows);

    // All rows of a product whose c and start have only the first `columns` columns: nothing beyond them is read or written.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void PanelEdge(ref PanelProduct<T> product, nint columns)
    {
        if (columns >= product.Width)
        {
            Panel<AlongSum>(ref product);
            return;
        }

        // SAFETY: a tile has 6 rows at most, and a panel 4 lines of 64 bytes, 64 floats, so the tile fits into edge.
        product.AssertValid(columns);
        Debug.Assert(product.Width <= MaxPanelWidth, "The panel is too wide for the tile's room.");
        T* edge = stackalloc T[6 * MaxPanelWidth];
        new Span<T>(edge, 6 * MaxPanelWidth).Clear();
        PanelProduct<T> whole = product;
        whole.C = edge;
        whole.CStride = whole.Width;
        whole.Start = edge;
        whole.StartStride = whole.Width;
        TileCut cut = Cut((int)product.Rows);
        for (int tile = 0; tile < cut.Count; tile++)
        {
            int height = cut.Height(tile);
            for (nint r = 0; r < height; r++)
            {
                Span<T> row = new(edge + (r * whole.Width), (int)columns);
                if (product.Start == null)
                {
                    row.Clear();
                }
                else
                {
                    new ReadOnlySpan<T>(product.Start + (r * product.StartStride), (int)columns).CopyTo(row);
                }
            }

            Tile<AlongSum>(ref whole, height);
            for (nint r = 0; r < height; r++)
            {
                new ReadOnlySpan<T>(edge + (r * whole.Width), (int)columns)
                    .CopyTo(new Span<T>(product.C + (r * product.CStride), (int)columns));
            }

            product.C += height * product.CStride;
            product.Start += product.Start == null ? 0 : height * product.StartStride;
            whole.Row += height;
        }
    }

    // The next `rows` ≤ TileRows rows: the panel in groups of up to four vectors.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Tile<TAdjacent>(ref PanelProduct<T> product, nint rows)
        where TAdjacent : struct, IConstant
    {
        Debug.Assert(rows >= 1 && rows <= TSimd.TileRows && rows <= 6, "A tile has too many rows.");
        Debug.Assert(product.Width % TSimd.Width == 0, "The panel is no whole number of vectors.");
        if (product.NextLines <= 0 && product.LaterLines > 0)
        {
            product.Next = product.Later;
            product.NextLines = product.LaterLines;
            product.LaterLines = 0;
        }

        T* ahead = product.Start + (rows * product.StartStride);
        for (nint offset = 0; offset < product.Width; offset += 4 * TSimd.Width)
        {
            switch ((product.Width - offset) / TSimd.Width)
            {
                case 1:
                    Group<N1, TAdjacent>(ref product, rows, offset, ahead);
                    break;
                case 2:
                    Group<N2, TAdjacent>(ref product, rows, offset, ahead);
                    break;
                case 3:
                    Group<N3, TAdjacent>(ref product, rows, offset, ahead);
                    break;
                default:
                    Group<N4, TAdjacent>(ref product, rows, offset, ahead);
                    break;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Group<TVectors, TAdjacent>(ref PanelProduct<T> product, nint rows, nint offset, T* ahead)
        where TVectors : struct, IConstant
        where TAdjacent : struct, IConstant
    {
        switch (rows)
        {
            case 1:
                TileKernel<TSimd, TVec, T, N1, TVectors, TAdjacent>.Run(ref product, offset, ahead);
                break;
            case 2:
                TileKernel<TSimd, TVec, T, N2, TVectors, TAdjacent>.Run(ref product, offset, ahead);
                break;
            case 3:
                TileKernel<TSimd, TVec, T, N3, TVectors, TAdjacent>.Run(ref product, offset, ahead);
                break;
            case 4:
                TileKernel<TSimd, TVec, T, N4, TVectors, TAdjacent>.Run(ref product, offset, ahead);
                break;
            case 5:
                TileKernel<TSimd, TVec, T, N5, TVectors, TAdjacent>.Run(ref product, offset, ahead);
                break;
            case 6:
                TileKernel<TSimd, TVec, T, N6, TVectors, TAdjacent>.Run(ref product, offset, ahead);
                break;
        }
    }
}
