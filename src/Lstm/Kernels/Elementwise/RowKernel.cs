using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Kernels.Products;
using Lstm.Simd;

namespace Lstm.Kernels.Elementwise;

/// <summary>One row times one panel of gates: z = start + x·Wᵀ + h·Rᵀ.</summary>
/// <remarks>
/// A single row has one chain of multiply-adds per element, so the latency of a chain bounds it unless many run at once: the
/// four or eight vectors here just feed the multiply-add units, and the processor overlaps one panel's end with the next
/// one's beginning. A panel at a time also reads the weights in the order they lie in, which is as fast as they can be read.
/// </remarks>
internal static unsafe class RowKernel<TSimd, TVec, T>
    where TSimd : struct, ISimd<TVec, T>
    where TVec : unmanaged
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // z [4·line]; start [4·line], or null for zero; x [inputs], W [inputs, 4·line]; h [units], R [units, 4·line].
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Run(T* z, T* start, T* x, nint inputs, T* w, T* h, nint units, T* r)
    {
        // SAFETY: z and start are one panel of gates, 256 bytes; W and R are panels of `inputs` and `units` rows of as many, as
        // PanelLayout packs the parameters; x and h have that many values. RecurrentForward and RecurrentStep step from panel to
        // panel of the same layout.
        Debug.Assert(z != null && inputs >= 0 && units >= 0, "There is no z, or a length is negative.");
        Debug.Assert(inputs == 0 || (x != null && w != null), "The input or its weights are missing.");
        Debug.Assert(units == 0 || (h != null && r != null), "The state or its weights are missing.");

        // A panel is 4 vectors of the widest kind, 8 of the next.
        nint panel = 256 / sizeof(T);
        if (panel == 4 * TSimd.Width)
        {
            Columns<N1>(z, start, x, inputs, w, h, units, r);
            return;
        }

        for (nint column = 0; column < panel; column += 8 * TSimd.Width)
        {
            Columns<N2>(z + column, start == null ? null : start + column, x, inputs, w + column, h, units, r + column);
        }
    }

    // TGroups · 4 adjacent vectors of columns of the panel.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Columns<TGroups>(T* z, T* start, T* x, nint inputs, T* w, T* h, nint units, T* r)
        where TGroups : struct, IConstant
    {
        TVec a0 = TSimd.Zero, a1 = TSimd.Zero, a2 = TSimd.Zero, a3 = TSimd.Zero;
        TVec b0 = TSimd.Zero, b1 = TSimd.Zero, b2 = TSimd.Zero, b3 = TSimd.Zero;
        if (start != null)
        {
            a0 = TSimd.Load(start);
            a1 = TSimd.Load(start + TSimd.Width);
            a2 = TSimd.Load(start + (2 * TSimd.Width));
            a3 = TSimd.Load(start + (3 * TSimd.Width));
            if (TGroups.Value > 1)
            {
                b0 = TSimd.Load(start + (4 * TSimd.Width));
                b1 = TSimd.Load(start + (5 * TSimd.Width));
                b2 = TSimd.Load(start + (6 * TSimd.Width));
                b3 = TSimd.Load(start + (7 * TSimd.Width));
            }
        }

        for (int term = 0; term < 2; term++)
        {
            T* left = term == 0 ? x : h;
            T* p = term == 0 ? w : r;
            for (nint k = term == 0 ? inputs : units; k > 0; k--)
            {
                TVec v = TSimd.Broadcast(*left);
                a0 = TSimd.MultiplyAdd(p, 0, v, a0);
                a1 = TSimd.MultiplyAdd(p, TSimd.Width, v, a1);
                a2 = TSimd.MultiplyAdd(p, 2 * TSimd.Width, v, a2);
                a3 = TSimd.MultiplyAdd(p, 3 * TSimd.Width, v, a3);
                if (TGroups.Value > 1)
                {
                    b0 = TSimd.MultiplyAdd(p, 4 * TSimd.Width, v, b0);
                    b1 = TSimd.MultiplyAdd(p, 5 * TSimd.Width, v, b1);
                    b2 = TSimd.MultiplyAdd(p, 6 * TSimd.Width, v, b2);
                    b3 = TSimd.MultiplyAdd(p, 7 * TSimd.Width, v, b3);
                }

                left++;
                p += 256 / sizeof(T);
            }
        }

        Store(z, a0, a1, a2, a3);
        if (TGroups.Value > 1)
        {
            Store(z + (4 * TSimd.Width), b0, b1, b2, b3);
        }
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
