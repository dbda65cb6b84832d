using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Simd;

namespace Lstm.Kernels;

/// <summary>One row of pre-activations, z = b + x·Wᵀ + h·Rᵀ, for up to four groups of four vectors at once.</summary>
/// <remarks>
/// A single row has one chain of multiply-adds per element; only many columns at a time hide the latency of a chain, up to
/// what the registers hold: 16 accumulators of 32 registers, 8 of 16.
/// </remarks>
internal static unsafe class RowKernel<TSimd, TVec, T, TGroups>
    where TSimd : struct, ISimd<TVec, T>
    where TVec : unmanaged
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TGroups : struct, IConstant
{
    // z[column ..] over TGroups · 4 vectors; b null means zero; W [panels, inputs, width], R [panels, units, width].
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(T* z, T* b, T* x, nint inputs, T* w, T* h, nint units, T* r, nint column, nint width)
    {
        TVec a0 = TSimd.Zero, a1 = TSimd.Zero, a2 = TSimd.Zero, a3 = TSimd.Zero;
        TVec b0 = TSimd.Zero, b1 = TSimd.Zero, b2 = TSimd.Zero, b3 = TSimd.Zero;
        TVec c0 = TSimd.Zero, c1 = TSimd.Zero, c2 = TSimd.Zero, c3 = TSimd.Zero;
        TVec d0 = TSimd.Zero, d1 = TSimd.Zero, d2 = TSimd.Zero, d3 = TSimd.Zero;
        nint group = 4 * TSimd.Width;
        if (b != null)
        {
            T* s = b + column;
            a0 = TSimd.Load(s);
            a1 = TSimd.Load(s + TSimd.Width);
            a2 = TSimd.Load(s + (2 * TSimd.Width));
            a3 = TSimd.Load(s + (3 * TSimd.Width));
            if (TGroups.Value > 1)
            {
                s += group;
                b0 = TSimd.Load(s);
                b1 = TSimd.Load(s + TSimd.Width);
                b2 = TSimd.Load(s + (2 * TSimd.Width));
                b3 = TSimd.Load(s + (3 * TSimd.Width));
            }

            if (TGroups.Value > 2)
            {
                s += group;
                c0 = TSimd.Load(s);
                c1 = TSimd.Load(s + TSimd.Width);
                c2 = TSimd.Load(s + (2 * TSimd.Width));
                c3 = TSimd.Load(s + (3 * TSimd.Width));
            }

            if (TGroups.Value > 3)
            {
                s += group;
                d0 = TSimd.Load(s);
                d1 = TSimd.Load(s + TSimd.Width);
                d2 = TSimd.Load(s + (2 * TSimd.Width));
                d3 = TSimd.Load(s + (3 * TSimd.Width));
            }
        }

        for (int term = 0; term < 2; term++)
        {
            T* left = term == 0 ? x : h;
            T* right = term == 0 ? w : r;
            nint count = term == 0 ? inputs : units;
            T* p0 = right + Place(column, count, width);
            T* p1 = TGroups.Value > 1 ? right + Place(column + group, count, width) : p0;
            T* p2 = TGroups.Value > 2 ? right + Place(column + (2 * group), count, width) : p0;
            T* p3 = TGroups.Value > 3 ? right + Place(column + (3 * group), count, width) : p0;
            nint offset = 0;
            for (T* end = left + count; left < end; left++)
            {
                TVec v = TSimd.Broadcast(*left);
                a0 = TSimd.MultiplyAdd(v, TSimd.Load(p0 + offset), a0);
                a1 = TSimd.MultiplyAdd(v, TSimd.Load(p0 + offset + TSimd.Width), a1);
                a2 = TSimd.MultiplyAdd(v, TSimd.Load(p0 + offset + (2 * TSimd.Width)), a2);
                a3 = TSimd.MultiplyAdd(v, TSimd.Load(p0 + offset + (3 * TSimd.Width)), a3);
                if (TGroups.Value > 1)
                {
                    b0 = TSimd.MultiplyAdd(v, TSimd.Load(p1 + offset), b0);
                    b1 = TSimd.MultiplyAdd(v, TSimd.Load(p1 + offset + TSimd.Width), b1);
                    b2 = TSimd.MultiplyAdd(v, TSimd.Load(p1 + offset + (2 * TSimd.Width)), b2);
                    b3 = TSimd.MultiplyAdd(v, TSimd.Load(p1 + offset + (3 * TSimd.Width)), b3);
                }

                if (TGroups.Value > 2)
                {
                    c0 = TSimd.MultiplyAdd(v, TSimd.Load(p2 + offset), c0);
                    c1 = TSimd.MultiplyAdd(v, TSimd.Load(p2 + offset + TSimd.Width), c1);
                    c2 = TSimd.MultiplyAdd(v, TSimd.Load(p2 + offset + (2 * TSimd.Width)), c2);
                    c3 = TSimd.MultiplyAdd(v, TSimd.Load(p2 + offset + (3 * TSimd.Width)), c3);
                }

                if (TGroups.Value > 3)
                {
                    d0 = TSimd.MultiplyAdd(v, TSimd.Load(p3 + offset), d0);
                    d1 = TSimd.MultiplyAdd(v, TSimd.Load(p3 + offset + TSimd.Width), d1);
                    d2 = TSimd.MultiplyAdd(v, TSimd.Load(p3 + offset + (2 * TSimd.Width)), d2);
                    d3 = TSimd.MultiplyAdd(v, TSimd.Load(p3 + offset + (3 * TSimd.Width)), d3);
                }

                offset += width;
            }
        }

        Store(z + column, a0, a1, a2, a3);
        if (TGroups.Value > 1)
        {
            Store(z + column + group, b0, b1, b2, b3);
        }

        if (TGroups.Value > 2)
        {
            Store(z + column + (2 * group), c0, c1, c2, c3);
        }

        if (TGroups.Value > 3)
        {
            Store(z + column + (3 * group), d0, d1, d2, d3);
        }
    }

    // Where a column's first row lies in panels of `width` columns and `rows` rows.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static nint Place(nint column, nint rows, nint width)
    {
        nint within = column & (width - 1);
        return ((column - within) * rows) + within;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(T* destination, TVec v0, TVec v1, TVec v2, TVec v3)
    {
        TSimd.Store(destination, v0);
        TSimd.Store(destination + TSimd.Width, v1);
        TSimd.Store(destination + (2 * TSimd.Width), v2);
        TSimd.Store(destination + (3 * TSimd.Width), v3);
    }
}
