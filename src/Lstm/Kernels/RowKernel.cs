using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Simd;

namespace Lstm.Kernels;

/// <summary>One row of pre-activations, z = start + x·Wᵀ + h·Rᵀ, for up to four groups of four vectors at once.</summary>
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
    /// <summary>Columns of a panel of gates: four lines, a power of two.</summary>
    private static nint PanelWidth
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 256 / sizeof(T);
    }

    // z[column ..] over TGroups · 4 vectors, z's panels zPanel apart; the start's, which null makes zero, startPanel apart.
    // W [panels, inputs, width], R [panels, units, width].
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(T* z, nint zPanel, T* start, nint startPanel, T* x, nint inputs, T* w, T* h, nint units, T* r, nint column)
    {
        TVec a0 = TSimd.Zero, a1 = TSimd.Zero, a2 = TSimd.Zero, a3 = TSimd.Zero;
        TVec b0 = TSimd.Zero, b1 = TSimd.Zero, b2 = TSimd.Zero, b3 = TSimd.Zero;
        TVec c0 = TSimd.Zero, c1 = TSimd.Zero, c2 = TSimd.Zero, c3 = TSimd.Zero;
        TVec d0 = TSimd.Zero, d1 = TSimd.Zero, d2 = TSimd.Zero, d3 = TSimd.Zero;
        nint group = 4 * TSimd.Width;
        if (start != null)
        {
            T* s = start + Within(column, startPanel);
            a0 = TSimd.Load(s);
            a1 = TSimd.Load(s + TSimd.Width);
            a2 = TSimd.Load(s + (2 * TSimd.Width));
            a3 = TSimd.Load(s + (3 * TSimd.Width));
            if (TGroups.Value > 1)
            {
                s = start + Within(column + group, startPanel);
                b0 = TSimd.Load(s);
                b1 = TSimd.Load(s + TSimd.Width);
                b2 = TSimd.Load(s + (2 * TSimd.Width));
                b3 = TSimd.Load(s + (3 * TSimd.Width));
            }

            if (TGroups.Value > 2)
            {
                s = start + Within(column + (2 * group), startPanel);
                c0 = TSimd.Load(s);
                c1 = TSimd.Load(s + TSimd.Width);
                c2 = TSimd.Load(s + (2 * TSimd.Width));
                c3 = TSimd.Load(s + (3 * TSimd.Width));
            }

            if (TGroups.Value > 3)
            {
                s = start + Within(column + (3 * group), startPanel);
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
            T* p0 = right + Within(column, count * PanelWidth);
            T* p1 = TGroups.Value > 1 ? right + Within(column + group, count * PanelWidth) : p0;
            T* p2 = TGroups.Value > 2 ? right + Within(column + (2 * group), count * PanelWidth) : p0;
            T* p3 = TGroups.Value > 3 ? right + Within(column + (3 * group), count * PanelWidth) : p0;
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

                offset += PanelWidth;
            }
        }

        Store(z + Within(column, zPanel), a0, a1, a2, a3);
        if (TGroups.Value > 1)
        {
            Store(z + Within(column + group, zPanel), b0, b1, b2, b3);
        }

        if (TGroups.Value > 2)
        {
            Store(z + Within(column + (2 * group), zPanel), c0, c1, c2, c3);
        }

        if (TGroups.Value > 3)
        {
            Store(z + Within(column + (3 * group), zPanel), d0, d1, d2, d3);
        }
    }

    // Where a column lies when panels are `panel` elements apart.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static nint Within(nint column, nint panel)
    {
        nint within = column & (PanelWidth - 1);
        return ((nint)((nuint)column / (nuint)PanelWidth) * panel) + within;
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

/// <summary>A whole row of pre-activations, cut into what <see cref="RowKernel{TSimd, TVec, T, TGroups}"/> takes at once.</summary>
internal static unsafe class SingleRow<TSimd, TVec, T>
    where TSimd : struct, ISimd<TVec, T>
    where TVec : unmanaged
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // z = start + x·Wᵀ + h·Rᵀ over all gate columns of `units` units; the operands are RowKernel's.
    public static void Run(T* z, nint zPanel, T* start, nint startPanel, T* x, nint inputs, T* w, T* h, nint units, T* r)
    {
        nint line = 64 / sizeof(T);
        nint width = 4 * line;
        nint columns = (units + line - 1) / line * width;
        nint group = 4 * TSimd.Width;
        nint column = 0;
        if (TSimd.TileRows == 6)
        {
            for (; column + (4 * group) <= columns; column += 4 * group)
            {
                RowKernel<TSimd, TVec, T, N4>.Run(z, zPanel, start, startPanel, x, inputs, w, h, units, r, column);
            }

            if (column + (3 * group) == columns)
            {
                RowKernel<TSimd, TVec, T, N3>.Run(z, zPanel, start, startPanel, x, inputs, w, h, units, r, column);
                column = columns;
            }
        }

        for (; column + (2 * group) <= columns; column += 2 * group)
        {
            RowKernel<TSimd, TVec, T, N2>.Run(z, zPanel, start, startPanel, x, inputs, w, h, units, r, column);
        }

        for (; column < columns; column += group)
        {
            RowKernel<TSimd, TVec, T, N1>.Run(z, zPanel, start, startPanel, x, inputs, w, h, units, r, column);
        }
    }
}
