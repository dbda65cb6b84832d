using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Simd;

namespace Lstm.Kernels.Products;

/// <summary>A number known to the JIT, which drops the parts of a kernel that it rules out.</summary>
internal interface IConstant
{
    static abstract int Value { get; }
}

internal readonly struct N1 : IConstant
{
    public static int Value => 1;
}

internal readonly struct N2 : IConstant
{
    public static int Value => 2;
}

internal readonly struct N3 : IConstant
{
    public static int Value => 3;
}

internal readonly struct N4 : IConstant
{
    public static int Value => 4;
}

internal readonly struct N5 : IConstant
{
    public static int Value => 5;
}

internal readonly struct N6 : IConstant
{
    public static int Value => 6;
}

/// <summary>a's values lie next to each other along the sum: a product with activations or gate gradients as rows.</summary>
internal readonly struct AlongSum : IConstant
{
    public static int Value => 1;
}

/// <summary>
/// a stands in strips of as many rows as the tile has, [strip, k, rows of the strip]: a product that sums over time steps,
/// for weight gradients. Its chains start from 0, and their sums are added to c.
/// </summary>
internal readonly struct InStrips : IConstant
{
    public static int Value => 0;
}

/// <summary>The register tile: up to 6 rows × 4 vectors of a matrix product, held in registers for the whole sum.</summary>
/// <remarks>
/// Each k broadcasts one value per row and streams one vector of b at a time past all rows, so 24 + 6 + 1 registers of
/// 32 (or, with 3 rows, 12 + 3 + 1 of 16) are live and nothing spills. The accumulators are locals: anything else would go
/// through memory on each multiply-add. What is not a multiply-add or a load competes with them for the front end, so
/// strides are in bytes, and where a's values are adjacent (<typeparamref name="TAdjacent"/>:
/// <see cref="AlongSum"/> or <see cref="InStrips"/>) they are addressed by constants.
/// </remarks>
internal static unsafe class TileKernel<TSimd, TVec, T, TRows, TVectors, TAdjacent>
    where TSimd : struct, ISimd<TVec, T>
    where TVec : unmanaged
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TRows : struct, IConstant
    where TVectors : struct, IConstant
    where TAdjacent : struct, IConstant
{
    // The tile at rows 0 … TRows of the product, columns offset … of its panel; `ahead` is the start of a later tile's chains.
    // SAFETY: Product.Tile calls with rows and vectors that the product has; PanelProduct says what its operands have to be. The
    // loops touch rows 0 … TRows − 1 of c, start and a, and Count rows of b; `ahead` and `next` are only prefetched.
    // AggressiveOptimization: a loop that long must not start in unoptimised code.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(ref PanelProduct<T> product, nint offset, T* ahead)
    {
        Debug.Assert(offset >= 0 && offset + (TVectors.Value * TSimd.Width) <= product.Width, "The tile leaves the panel.");
        Debug.Assert(TAdjacent.Value == 1 || product.Start == product.C, "A sum over strips is added to c.");
        nint startStride = product.StartStride;
        PrefetchRows(ahead + offset, startStride);
        TVec c00 = TSimd.Zero, c01 = TSimd.Zero, c02 = TSimd.Zero, c03 = TSimd.Zero;
        TVec c10 = TSimd.Zero, c11 = TSimd.Zero, c12 = TSimd.Zero, c13 = TSimd.Zero;
        TVec c20 = TSimd.Zero, c21 = TSimd.Zero, c22 = TSimd.Zero, c23 = TSimd.Zero;
        TVec c30 = TSimd.Zero, c31 = TSimd.Zero, c32 = TSimd.Zero, c33 = TSimd.Zero;
        TVec c40 = TSimd.Zero, c41 = TSimd.Zero, c42 = TSimd.Zero, c43 = TSimd.Zero;
        TVec c50 = TSimd.Zero, c51 = TSimd.Zero, c52 = TSimd.Zero, c53 = TSimd.Zero;
        if (TAdjacent.Value == 1 && product.Start != null)
        {
            T* start = product.Start + offset;
            LoadRow<N1>(start, ref c00, ref c01, ref c02, ref c03);
            LoadRow<N2>(start + startStride, ref c10, ref c11, ref c12, ref c13);
            LoadRow<N3>(start + (2 * startStride), ref c20, ref c21, ref c22, ref c23);
            LoadRow<N4>(start + (3 * startStride), ref c30, ref c31, ref c32, ref c33);
            LoadRow<N5>(start + (4 * startStride), ref c40, ref c41, ref c42, ref c43);
            LoadRow<N6>(start + (5 * startStride), ref c50, ref c51, ref c52, ref c53);
        }

        TVec x0 = TSimd.Zero, x1 = TSimd.Zero, x2 = TSimd.Zero, x3 = TSimd.Zero, x4 = TSimd.Zero, x5 = TSimd.Zero, w = TSimd.Zero;
        nint width = product.Width;
        byte* next = product.Next;
        nint nextStep = product.NextLines > 0 ? 64 : 0;
        ProductTerm<T>* endTerm = product.Terms + product.TermCount;
        for (ProductTerm<T>* term = product.Terms; term < endTerm; term++)
        {
            nint a1 = (TAdjacent.Value == 1 ? term->ARowStride : 1) * sizeof(T);
            nint a2 = 2 * a1;
            nint aStep = (TAdjacent.Value == 1 ? 1 : TRows.Value) * sizeof(T);
            nint bStep = term->RowStep * width * sizeof(T);
            byte* a =
                (byte*)(term->A + (product.Row * term->ARowStride) + (TAdjacent.Value == 1 ? 0 : term->FirstK * TRows.Value));
            byte* a3 = a + (3 * a1);
            byte* b = (byte*)(term->B + (product.PanelStart * term->PanelRows) + (term->FirstRow * width) + offset);
            for (byte* end = b + (term->Count * bStep); b != end; b += bStep)
            {
                Prefetch.Second(next);
                next += nextStep;
                BroadcastRow<N1>(ref x0, a, a);
                BroadcastRow<N2>(ref x1, a + a1, a);
                BroadcastRow<N3>(ref x2, a + a2, a);
                BroadcastRow<N4>(ref x3, a3, a);
                BroadcastRow<N5>(ref x4, a3 + a1, a);
                BroadcastRow<N6>(ref x5, a3 + a2, a);
                AddColumn<N1>((T*)b, ref w, x0, x1, x2, x3, x4, x5, ref c00, ref c10, ref c20, ref c30, ref c40, ref c50);
                AddColumn<N2>((T*)b, ref w, x0, x1, x2, x3, x4, x5, ref c01, ref c11, ref c21, ref c31, ref c41, ref c51);
                AddColumn<N3>((T*)b, ref w, x0, x1, x2, x3, x4, x5, ref c02, ref c12, ref c22, ref c32, ref c42, ref c52);
                AddColumn<N4>((T*)b, ref w, x0, x1, x2, x3, x4, x5, ref c03, ref c13, ref c23, ref c33, ref c43, ref c53);
                a += aStep;
                if (TAdjacent.Value == 1)
                {
                    a3 += aStep;
                }
            }
        }

        // Never taken. An operand that lives on is not overwritten by its last multiply-add, which saves a copy of the
        // accumulator each time. With 16 registers there is none to spare for that.
        T* c = product.C + offset;
        nint cStride = product.CStride;
        if (TSimd.TileRows > 3 && product.TermCount < 0)
        {
            TSimd.Store(c, TSimd.Add(TSimd.Add(TSimd.Add(x0, x1), TSimd.Add(x2, x3)), TSimd.Add(TSimd.Add(x4, x5), w)));
        }

        StoreRow<N1>(c, c00, c01, c02, c03);
        StoreRow<N2>(c + cStride, c10, c11, c12, c13);
        StoreRow<N3>(c + (2 * cStride), c20, c21, c22, c23);
        StoreRow<N4>(c + (3 * cStride), c30, c31, c32, c33);
        StoreRow<N5>(c + (4 * cStride), c40, c41, c42, c43);
        StoreRow<N6>(c + (5 * cStride), c50, c51, c52, c53);
        product.NextLines -= (nint)(next - product.Next) / 64;
        product.Next = next;
    }

    // Row TRow of a, counted from 1, at this k; in strips the rows of one k lie next to each other.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void BroadcastRow<TRow>(ref TVec x, byte* row, byte* strip)
        where TRow : struct, IConstant
    {
        if (TRow.Value <= TRows.Value)
        {
            x = TSimd.Broadcast(TAdjacent.Value == 1 ? *(T*)row : ((T*)strip)[TRow.Value - 1]);
        }
    }

    // Vector TColumn of b, counted from 1, past all rows, if the tile has it.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddColumn<TColumn>(
        T* b, ref TVec w, TVec x0, TVec x1, TVec x2, TVec x3, TVec x4, TVec x5,
        ref TVec c0, ref TVec c1, ref TVec c2, ref TVec c3, ref TVec c4, ref TVec c5)
        where TColumn : struct, IConstant
    {
        if (TColumn.Value <= TVectors.Value)
        {
            w = TSimd.Load(b + ((TColumn.Value - 1) * TSimd.Width));
            Column(w, x0, x1, x2, x3, x4, x5, ref c0, ref c1, ref c2, ref c3, ref c4, ref c5);
        }
    }

    // One vector of b past all rows.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Column(
        TVec w, TVec x0, TVec x1, TVec x2, TVec x3, TVec x4, TVec x5, ref TVec c0, ref TVec c1, ref TVec c2, ref TVec c3,
        ref TVec c4, ref TVec c5)
    {
        c0 = TSimd.MultiplyAdd(x0, w, c0);
        if (TRows.Value > 1)
        {
            c1 = TSimd.MultiplyAdd(x1, w, c1);
        }

        if (TRows.Value > 2)
        {
            c2 = TSimd.MultiplyAdd(x2, w, c2);
        }

        if (TRows.Value > 3)
        {
            c3 = TSimd.MultiplyAdd(x3, w, c3);
        }

        if (TRows.Value > 4)
        {
            c4 = TSimd.MultiplyAdd(x4, w, c4);
        }

        if (TRows.Value > 5)
        {
            c5 = TSimd.MultiplyAdd(x5, w, c5);
        }
    }

    // Row TRow, counted from 1, if the tile has it.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void LoadRow<TRow>(T* source, ref TVec v0, ref TVec v1, ref TVec v2, ref TVec v3)
        where TRow : struct, IConstant
    {
        if (TRow.Value > TRows.Value)
        {
            return;
        }

        v0 = TSimd.Load(source);
        if (TVectors.Value > 1)
        {
            v1 = TSimd.Load(source + TSimd.Width);
        }

        if (TVectors.Value > 2)
        {
            v2 = TSimd.Load(source + (2 * TSimd.Width));
        }

        if (TVectors.Value > 3)
        {
            v3 = TSimd.Load(source + (3 * TSimd.Width));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PrefetchRows(T* row, nint stride)
    {
        PrefetchRow<N1>(row);
        PrefetchRow<N2>(row + stride);
        PrefetchRow<N3>(row + (2 * stride));
        PrefetchRow<N4>(row + (3 * stride));
        PrefetchRow<N5>(row + (4 * stride));
        PrefetchRow<N6>(row + (5 * stride));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PrefetchRow<TRow>(T* row)
        where TRow : struct, IConstant
    {
        if (TRow.Value > TRows.Value)
        {
            return;
        }

        for (nint line = 0; line < TVectors.Value * TSimd.Width * sizeof(T); line += 64)
        {
            Prefetch.First((byte*)row + line);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreRow<TRow>(T* destination, TVec v0, TVec v1, TVec v2, TVec v3)
        where TRow : struct, IConstant
    {
        if (TRow.Value > TRows.Value)
        {
            return;
        }

        StoreVector(destination, v0);
        if (TVectors.Value > 1)
        {
            StoreVector(destination + TSimd.Width, v1);
        }

        if (TVectors.Value > 2)
        {
            StoreVector(destination + (2 * TSimd.Width), v2);
        }

        if (TVectors.Value > 3)
        {
            StoreVector(destination + (3 * TSimd.Width), v3);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreVector(T* destination, TVec v)
        => TSimd.Store(destination, TAdjacent.Value == 1 ? v : TSimd.Add(TSimd.Load(destination), v));
}
