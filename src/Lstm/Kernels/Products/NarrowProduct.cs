using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Simd;

namespace Lstm.Kernels.Products;

/// <summary>A product with a panel of few real columns, vectors running across rows.</summary>
/// <remarks>
/// A tile would compute a whole line of columns for each row, nearly all of them padding. Here each lane is a row: a is
/// turned in registers, four k (or two of double) at a time. Chains are those of <see cref="Product{TSimd, TVec, T}"/>.
/// </remarks>
// SAFETY: Run takes TSimd.Width rows only while the product has as many, and reads and writes the given columns of c and start
// alone; pieces of a's rows are read only while a whole piece of the sum is left. PanelProduct says who promises the operands.
internal static unsafe class NarrowProduct<TSimd, TVec, T>
    where TSimd : struct, ISimd<TVec, T>
    where TVec : unmanaged
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int MostColumns = 4;

    /// <summary>
    /// Computes as many rows as fill whole vectors, if there are few columns, and advances the product to the remaining rows.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(ref PanelProduct<T> product, nint columns)
    {
        if (columns > MostColumns || TSimd.Width == 1 || !Transposition<T>.Interleaves)
        {
            return;
        }

        product.AssertValid(columns);
        Debug.Assert(columns >= 1, "The panel has no columns.");
        for (; product.Rows >= TSimd.Width; product.Rows -= TSimd.Width)
        {
            switch (columns)
            {
                case 1:
                    Rows<N1>(in product, 1);
                    break;
                case 2:
                    Rows<N2>(in product, 2);
                    break;
                default:
                    Rows<N4>(in product, columns);
                    break;
            }

            product.C += TSimd.Width * product.CStride;
            product.Start += product.Start == null ? 0 : TSimd.Width * product.StartStride;
            product.Row += TSimd.Width;
        }
    }

    // One vector of rows; of 4 columns the last may be padding.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows<TColumns>(in PanelProduct<T> product, nint columns)
        where TColumns : struct, IConstant
    {
        TVec* sums = stackalloc TVec[MostColumns];
        for (nint c = 0; c < MostColumns; c++)
        {
            sums[c] = TSimd.Zero;
            for (nint r = 0; product.Start != null && c < columns && r < TSimd.Width; r++)
            {
                ((T*)(sums + c))[r] = product.Start[(r * product.StartStride) + c];
            }
        }

        TVec sum0 = sums[0], sum1 = sums[1], sum2 = sums[2], sum3 = sums[3];
        nint piece = 16 / sizeof(T);
        for (nint t = 0; t < product.TermCount; t++)
        {
            ProductTerm<T>* term = product.Terms + t;
            nint stride = term->ARowStride;
            nint bStep = term->RowStep * product.Width;
            T* a = term->A + (product.Row * stride);
            T* b = term->B + (product.PanelStart * term->PanelRows) + (term->FirstRow * product.Width);
            nint k = term->Count;
            for (; k >= piece; k -= piece)
            {
                TVec row0 = TSimd.LoadPieces(a, piece * stride);
                TVec row1 = TSimd.LoadPieces(a + stride, piece * stride);
                if (sizeof(T) == 4)
                {
                    TVec row2 = TSimd.LoadPieces(a + (2 * stride), piece * stride);
                    TVec row3 = TSimd.LoadPieces(a + (3 * stride), piece * stride);
                    TVec low02 = TSimd.InterleaveLow(row0, row2), low13 = TSimd.InterleaveLow(row1, row3);
                    Add<TColumns>(TSimd.InterleaveLow(low02, low13), b, ref sum0, ref sum1, ref sum2, ref sum3);
                    Add<TColumns>(TSimd.InterleaveHigh(low02, low13), b + bStep, ref sum0, ref sum1, ref sum2, ref sum3);
                    b += 2 * bStep;
                    (row0, row1) = (TSimd.InterleaveHigh(row0, row2), TSimd.InterleaveHigh(row1, row3));
                }

                Add<TColumns>(TSimd.InterleaveLow(row0, row1), b, ref sum0, ref sum1, ref sum2, ref sum3);
                Add<TColumns>(TSimd.InterleaveHigh(row0, row1), b + bStep, ref sum0, ref sum1, ref sum2, ref sum3);
                a += piece;
                b += 2 * bStep;
            }

            for (; k > 0; k--)
            {
                for (nint r = 0; r < TSimd.Width; r++)
                {
                    ((T*)sums)[r] = a[r * stride];
                }

                Add<TColumns>(sums[0], b, ref sum0, ref sum1, ref sum2, ref sum3);
                a++;
                b += bStep;
            }
        }

        (sums[0], sums[1], sums[2], sums[3]) = (sum0, sum1, sum2, sum3);
        for (nint r = 0; r < TSimd.Width; r++)
        {
            for (nint c = 0; c < columns; c++)
            {
                product.C[(r * product.CStride) + c] = ((T*)(sums + c))[r];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add<TColumns>(TVec x, T* b, ref TVec sum0, ref TVec sum1, ref TVec sum2, ref TVec sum3)
        where TColumns : struct, IConstant
    {
        sum0 = TSimd.MultiplyAdd(x, TSimd.Broadcast(b[0]), sum0);
        if (TColumns.Value > 1)
        {
            sum1 = TSimd.MultiplyAdd(x, TSimd.Broadcast(b[1]), sum1);
        }

        if (TColumns.Value > 2)
        {
            sum2 = TSimd.MultiplyAdd(x, TSimd.Broadcast(b[2]), sum2);
            sum3 = TSimd.MultiplyAdd(x, TSimd.Broadcast(b[3]), sum3);
        }
    }
}
