using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Kernels.Products;
using Lstm.Simd;

namespace Lstm.Kernels.Recurrence;

/// <summary>Products and sums over the rows of one step on the way back, by rank.</summary>
// SAFETY: callers pass rows of their share in buffers of gradients that their own SAFETY comments name: c has the padded columns
// of its layout, other rows at least as many values as are counted. Vectors are used only while a whole one is left.
internal static unsafe class StepProduct<TSimd, TVec, T>
    where TSimd : struct, ISimd<TVec, T>
    where TVec : unmanaged
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // c [rows, columnCount] = start + dz·W, in blocks of the sum; start may be null, for 0.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(
        ProductTerm<T>* terms, int termCount, PanelLayout columns, int columnCount, nint row, nint rows, T* start,
        nint startStride, T* c)
    {
        for (int q = 0; q < columns.PanelCount; q++)
        {
            int column = columns.Start(q);
            PanelProduct<T> product = new()
            {
                CStride = columns.PaddedColumns,
                StartStride = startStride,
                PanelStart = column,
                Width = columns.Width(q),
                Start = start == null ? null : start + column,
            };
            for (int term = 0; term < termCount;)
            {
                product.C = c + column;
                product.Row = row;
                product.Rows = rows;
                product.Terms = terms + term;
                product.TermCount = ProductTerm<T>
                    .CountWithin(Product<TSimd, TVec, T>.SumPerBlock, product.Terms, termCount - term, out nint k);
                term += (int)product.TermCount;
                if (term < termCount)
                {
                    product.Fetch(terms->B + (column * terms->PanelRows) + (terms[term].FirstRow * product.Width), k);
                }
                else
                {
                    product.FetchNext(*terms, columns, q, k);
                }

                Product<TSimd, TVec, T>.PanelEdge(ref product, columnCount - column);
                product.Start = c + column;
                product.StartStride = columns.PaddedColumns;
            }
        }
    }

    // target [rows, count] += source
    // AggressiveOptimization: with sequences of one length it runs once a pass, so it would stay in unoptimised code for long.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(T* target, nint targetStride, T* source, nint sourceStride, nint rows, nint count)
    {
        Debug.Assert(target != null && source != null && targetStride >= count, "A gradient is missing.");
        for (nint r = 0; r < rows; r++)
        {
            nint u = 0;
            for (; u <= count - TSimd.Width; u += TSimd.Width)
            {
                TSimd.Store(target + u, TSimd.Add(TSimd.Load(target + u), TSimd.Load(source + u)));
            }

            for (; u < count; u++)
            {
                target[u] += source[u];
            }

            target += targetStride;
            source += sourceStride;
        }
    }
}
