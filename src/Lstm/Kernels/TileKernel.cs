using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Simd;

namespace Lstm.Kernels;

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

/// <summary>The register tile: up to 6 rows × 4 vectors of a matrix product, held in registers for the whole sum.</summary>
/// <remarks>
/// Each k broadcasts one value per row and streams one vector of b at a time past all rows, so 24 + 6 + 1 registers of
/// 32 (or, with 3 rows, 12 + 3 + 1 of 16) are live and nothing spills. The accumulators are locals: anything else would go
/// through memory on each multiply-add.
/// </remarks>
internal static unsafe class TileKernel<TSimd, TVec, T, TRows, TVectors>
    where TSimd : struct, ISimd<TVec, T>
    where TVec : unmanaged
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TRows : struct, IConstant
    where TVectors : struct, IConstant
{
    // c[r, 0..V) = start[r, 0..V) + Σ_terms Σ_k a[row + r, k]·b[k, 0..V), r < TRows, V = TVectors vectors.
    // AggressiveOptimization: a loop that long must not start in unoptimised code.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(T* c, nint cStride, T* start, nint startStride, ProductTerm<T>* terms, nint termCount, nint row, nint panelStart, nint width, nint offset)
    {
        TVec c00 = TSimd.Zero, c01 = TSimd.Zero, c02 = TSimd.Zero, c03 = TSimd.Zero;
        TVec c10 = TSimd.Zero, c11 = TSimd.Zero, c12 = TSimd.Zero, c13 = TSimd.Zero;
        TVec c20 = TSimd.Zero, c21 = TSimd.Zero, c22 = TSimd.Zero, c23 = TSimd.Zero;
        TVec c30 = TSimd.Zero, c31 = TSimd.Zero, c32 = TSimd.Zero, c33 = TSimd.Zero;
        TVec c40 = TSimd.Zero, c41 = TSimd.Zero, c42 = TSimd.Zero, c43 = TSimd.Zero;
        TVec c50 = TSimd.Zero, c51 = TSimd.Zero, c52 = TSimd.Zero, c53 = TSimd.Zero;

        if (start != null)
        {
            T* s = start;
            c00 = TSimd.Load(s);
            c01 = TVectors.Value > 1 ? TSimd.Load(s + TSimd.Width) : TSimd.Zero;
            c02 = TVectors.Value > 2 ? TSimd.Load(s + (2 * TSimd.Width)) : TSimd.Zero;
            c03 = TVectors.Value > 3 ? TSimd.Load(s + (3 * TSimd.Width)) : TSimd.Zero;

            if (TRows.Value > 1)
            {
                s += startStride;
                c10 = TSimd.Load(s);
                c11 = TVectors.Value > 1 ? TSimd.Load(s + TSimd.Width) : TSimd.Zero;
                c12 = TVectors.Value > 2 ? TSimd.Load(s + (2 * TSimd.Width)) : TSimd.Zero;
                c13 = TVectors.Value > 3 ? TSimd.Load(s + (3 * TSimd.Width)) : TSimd.Zero;
            }

            if (TRows.Value > 2)
            {
                s += startStride;
                c20 = TSimd.Load(s);
                c21 = TVectors.Value > 1 ? TSimd.Load(s + TSimd.Width) : TSimd.Zero;
                c22 = TVectors.Value > 2 ? TSimd.Load(s + (2 * TSimd.Width)) : TSimd.Zero;
                c23 = TVectors.Value > 3 ? TSimd.Load(s + (3 * TSimd.Width)) : TSimd.Zero;
            }

            if (TRows.Value > 3)
            {
                s += startStride;
                c30 = TSimd.Load(s);
                c31 = TVectors.Value > 1 ? TSimd.Load(s + TSimd.Width) : TSimd.Zero;
                c32 = TVectors.Value > 2 ? TSimd.Load(s + (2 * TSimd.Width)) : TSimd.Zero;
                c33 = TVectors.Value > 3 ? TSimd.Load(s + (3 * TSimd.Width)) : TSimd.Zero;
            }

            if (TRows.Value > 4)
            {
                s += startStride;
                c40 = TSimd.Load(s);
                c41 = TVectors.Value > 1 ? TSimd.Load(s + TSimd.Width) : TSimd.Zero;
                c42 = TVectors.Value > 2 ? TSimd.Load(s + (2 * TSimd.Width)) : TSimd.Zero;
                c43 = TVectors.Value > 3 ? TSimd.Load(s + (3 * TSimd.Width)) : TSimd.Zero;
            }

            if (TRows.Value > 5)
            {
                s += startStride;
                c50 = TSimd.Load(s);
                c51 = TVectors.Value > 1 ? TSimd.Load(s + TSimd.Width) : TSimd.Zero;
                c52 = TVectors.Value > 2 ? TSimd.Load(s + (2 * TSimd.Width)) : TSimd.Zero;
                c53 = TVectors.Value > 3 ? TSimd.Load(s + (3 * TSimd.Width)) : TSimd.Zero;
            }
        }

        for (ProductTerm<T>* term = terms; term < terms + termCount; term++)
        {
            nint aRow = term->ARowStride;
            nint aStep = term->AStep;
            nint bStep = term->RowStep * width;
            T* a = term->A + (row * aRow);
            T* a3 = a + (3 * aRow);
            T* b = term->B + (panelStart * term->PanelRows) + (term->FirstRow * width) + offset;
            for (nint k = term->Count; k > 0; k--)
            {
                TVec x0 = TSimd.Broadcast(*a);
                TVec x1 = TRows.Value > 1 ? TSimd.Broadcast(a[aRow]) : x0;
                TVec x2 = TRows.Value > 2 ? TSimd.Broadcast(a[2 * aRow]) : x0;
                TVec x3 = TRows.Value > 3 ? TSimd.Broadcast(*a3) : x0;
                TVec x4 = TRows.Value > 4 ? TSimd.Broadcast(a3[aRow]) : x0;
                TVec x5 = TRows.Value > 5 ? TSimd.Broadcast(a3[2 * aRow]) : x0;

                TVec w = TSimd.Load(b);
                c00 = TSimd.MultiplyAdd(x0, w, c00);
                if (TRows.Value > 1)
                {
                    c10 = TSimd.MultiplyAdd(x1, w, c10);
                }

                if (TRows.Value > 2)
                {
                    c20 = TSimd.MultiplyAdd(x2, w, c20);
                }

                if (TRows.Value > 3)
                {
                    c30 = TSimd.MultiplyAdd(x3, w, c30);
                }

                if (TRows.Value > 4)
                {
                    c40 = TSimd.MultiplyAdd(x4, w, c40);
                }

                if (TRows.Value > 5)
                {
                    c50 = TSimd.MultiplyAdd(x5, w, c50);
                }

                if (TVectors.Value > 1)
                {
                    w = TSimd.Load(b + TSimd.Width);
                    c01 = TSimd.MultiplyAdd(x0, w, c01);
                    if (TRows.Value > 1)
                    {
                        c11 = TSimd.MultiplyAdd(x1, w, c11);
                    }

                    if (TRows.Value > 2)
                    {
                        c21 = TSimd.MultiplyAdd(x2, w, c21);
                    }

                    if (TRows.Value > 3)
                    {
                        c31 = TSimd.MultiplyAdd(x3, w, c31);
                    }

                    if (TRows.Value > 4)
                    {
                        c41 = TSimd.MultiplyAdd(x4, w, c41);
                    }

                    if (TRows.Value > 5)
                    {
                        c51 = TSimd.MultiplyAdd(x5, w, c51);
                    }
                }

                if (TVectors.Value > 2)
                {
                    w = TSimd.Load(b + (2 * TSimd.Width));
                    c02 = TSimd.MultiplyAdd(x0, w, c02);
                    if (TRows.Value > 1)
                    {
                        c12 = TSimd.MultiplyAdd(x1, w, c12);
                    }

                    if (TRows.Value > 2)
                    {
                        c22 = TSimd.MultiplyAdd(x2, w, c22);
                    }

                    if (TRows.Value > 3)
                    {
                        c32 = TSimd.MultiplyAdd(x3, w, c32);
                    }

                    if (TRows.Value > 4)
                    {
                        c42 = TSimd.MultiplyAdd(x4, w, c42);
                    }

                    if (TRows.Value > 5)
                    {
                        c52 = TSimd.MultiplyAdd(x5, w, c52);
                    }
                }

                if (TVectors.Value > 3)
                {
                    w = TSimd.Load(b + (3 * TSimd.Width));
                    c03 = TSimd.MultiplyAdd(x0, w, c03);
                    if (TRows.Value > 1)
                    {
                        c13 = TSimd.MultiplyAdd(x1, w, c13);
                    }

                    if (TRows.Value > 2)
                    {
                        c23 = TSimd.MultiplyAdd(x2, w, c23);
                    }

                    if (TRows.Value > 3)
                    {
                        c33 = TSimd.MultiplyAdd(x3, w, c33);
                    }

                    if (TRows.Value > 4)
                    {
                        c43 = TSimd.MultiplyAdd(x4, w, c43);
                    }

                    if (TRows.Value > 5)
                    {
                        c53 = TSimd.MultiplyAdd(x5, w, c53);
                    }
                }

                a += aStep;
                a3 += aStep;
                b += bStep;
            }
        }

        StoreRow(c, c00, c01, c02, c03);
        if (TRows.Value > 1)
        {
            StoreRow(c += cStride, c10, c11, c12, c13);
        }

        if (TRows.Value > 2)
        {
            StoreRow(c += cStride, c20, c21, c22, c23);
        }

        if (TRows.Value > 3)
        {
            StoreRow(c += cStride, c30, c31, c32, c33);
        }

        if (TRows.Value > 4)
        {
            StoreRow(c += cStride, c40, c41, c42, c43);
        }

        if (TRows.Value > 5)
        {
            StoreRow(c += cStride, c50, c51, c52, c53);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreRow(T* destination, TVec v0, TVec v1, TVec v2, TVec v3)
    {
        TSimd.Store(destination, v0);
        if (TVectors.Value > 1)
        {
            TSimd.Store(destination + TSimd.Width, v1);
        }

        if (TVectors.Value > 2)
        {
            TSimd.Store(destination + (2 * TSimd.Width), v2);
        }

        if (TVectors.Value > 3)
        {
            TSimd.Store(destination + (3 * TSimd.Width), v3);
        }
    }
}
