using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Kernels.Elementwise;
using Lstm.Simd;

namespace Lstm.Training.Losses.Softmax;

/// <summary>
/// The passes of a softmax over rectangles of logits: rows at a stride, columns from a multiple of a cache line on.
/// </summary>
/// <remarks>
/// Sums run in sixteen chains, element c in chain c mod 16, over tiles of 512; the chains of a tile, then the tiles, are
/// added in order in double. A vector holds some of the sixteen, whatever its width. Where the logits lie – row by row or
/// by panels – decides the rectangles, never a chain: the phase is the first column's chain, 0 or, for double, 8.
/// </remarks>
internal static unsafe class SoftmaxTile<TSimd, TVec, T>
    where TSimd : struct, ISimd<TVec, T>
    where TVec : unmanaged
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // SAFETY: callers give rows × columns values at the stride, a SoftmaxRow and Chains lanes for each row, and columns class
    // weights or null: SoftmaxPanels of what LossLayer.Sweep and SoftmaxRows.Sweep have reserved, SoftmaxSums and SoftmaxGradient
    // of one row. A vector is loaded only where it fits into the columns; the rest goes one by one.
    public const int Chains = SoftmaxPanels<T>.Chains;
    public const int Tile = SoftmaxPanels<T>.Tile;

    // largest[r, c mod 16] = the larger of it and x[r, c]. NaN may be lost here: it shows in the exponentials.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Max(T* x, nint stride, nint rows, nint columns, nint phase, T* largest)
    {
        Debug.Assert(rows >= 0 && columns >= 0 && phase % TSimd.Width == 0);
        nint whole = columns / TSimd.Width * TSimd.Width;
        for (; rows > 0; rows--, x += stride, largest += Chains)
        {
            for (nint lane = 0; lane < Chains; lane += TSimd.Width)
            {
                TVec most = TSimd.Load(largest + lane);
                for (nint c = (lane - phase) & (Chains - 1); c < whole; c += Chains)
                {
                    TVec next = TSimd.Load(x + c);
                    most = TSimd.Select(TSimd.GreaterThan(most, next), most, next);
                }

                TSimd.Store(largest + lane, most);
            }

            for (nint c = whole; c < columns; c++)
            {
                T* lane = largest + ((phase + c) & (Chains - 1));
                *lane = *lane > x[c] ? *lane : x[c];
            }
        }
    }

    // sums[r, c mod 16] += e[r, c] = exp(x[r, c] − m[r]); e may be x, or null to keep the sums alone.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Exponentials(
        T* x, nint stride, nint rows, nint columns, nint phase, SoftmaxRow<T>* row, T* e, nint eStride, T* sums)
    {
        Debug.Assert(rows >= 0 && columns >= 0 && phase % TSimd.Width == 0);
        nint whole = columns / TSimd.Width * TSimd.Width;
        for (; rows > 0; rows--, row++, x += stride, e += eStride, sums += Chains)
        {
            TVec m = TSimd.Broadcast(row->Largest);
            for (nint lane = 0; lane < Chains; lane += TSimd.Width)
            {
                TVec sum = TSimd.Load(sums + lane);
                for (nint c = (lane - phase) & (Chains - 1); c < whole; c += Chains)
                {
                    TVec exponential = Elementary<TSimd, TVec, T>.Exp(TSimd.Subtract(TSimd.Load(x + c), m));
                    sum = TSimd.Add(sum, exponential);
                    if (e != null)
                    {
                        TSimd.Store(e + c, exponential);
                    }
                }

                TSimd.Store(sums + lane, sum);
            }

            for (nint c = whole; c < columns; c++)
            {
                T exponential = Elementary<SimdScalar<T>, T, T>.Exp(x[c] - row->Largest);
                sums[(phase + c) & (Chains - 1)] += exponential;
                if (e != null)
                {
                    e[c] = exponential;
                }
            }
        }
    }

    // sums[r, c mod 16] += (m[r] − x[r, c])·v[c]; v null means 1.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Distances(T* x, nint stride, nint rows, nint columns, nint phase, SoftmaxRow<T>* row, T* v, T* sums)
    {
        Debug.Assert(rows >= 0 && columns >= 0 && phase % TSimd.Width == 0);
        nint whole = columns / TSimd.Width * TSimd.Width;
        for (; rows > 0; rows--, row++, x += stride, sums += Chains)
        {
            TVec m = TSimd.Broadcast(row->Largest);
            for (nint lane = 0; lane < Chains; lane += TSimd.Width)
            {
                TVec sum = TSimd.Load(sums + lane);
                for (nint c = (lane - phase) & (Chains - 1); c < whole; c += Chains)
                {
                    TVec distance = TSimd.Subtract(m, TSimd.Load(x + c));
                    sum = TSimd.Add(sum, v == null ? distance : TSimd.Multiply(distance, TSimd.Load(v + c)));
                }

                TSimd.Store(sums + lane, sum);
            }

            for (nint c = whole; c < columns; c++)
            {
                T distance = row->Largest - x[c];
                sums[(phase + c) & (Chains - 1)] += v == null ? distance : distance * v[c];
            }
        }
    }

    // g[r, c] = g[r, c]·factor[r] + shift[r]·v[c]: exponentials become the gradient, but for the label's own term. v null
    // means 1. Rows that do not count become 0, whatever they held.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Gradient(T* g, nint stride, nint rows, nint columns, SoftmaxRow<T>* row, T* v)
    {
        for (; rows > 0; rows--, row++, g += stride)
        {
            TVec factor = TSimd.Broadcast(row->Factor);
            TVec shift = TSimd.Broadcast(row->Shift);
            nint c = 0;
            for (; row->Counts && c <= columns - TSimd.Width; c += TSimd.Width)
            {
                TVec fresh = TSimd.Multiply(v == null ? TSimd.Constant(1) : TSimd.Load(v + c), shift);
                TSimd.Store(g + c, TSimd.MultiplyAdd(TSimd.Load(g + c), factor, fresh));
            }

            for (; c < columns; c++)
            {
                g[c] = row->Counts ? SimdScalar<T>.MultiplyAdd(g[c], row->Factor, (v == null ? T.One : v[c]) * row->Shift)
                    : T.Zero;
            }
        }
    }

    /// <summary>Adds the chains of a tile to each row's sum; they begin anew.</summary>
    public static void Drain(T* sums, nint rows, SoftmaxRow<T>* row, bool ofDistances)
    {
        for (; rows > 0; rows--, row++)
        {
            double total = 0;
            for (int chain = 0; chain < Chains; chain++, sums++)
            {
                total += FixedSum.Wide(*sums);
                *sums = T.Zero;
            }

            if (ofDistances)
            {
                row->Below += total;
            }
            else
            {
                row->Sum += total;
            }
        }
    }
}
