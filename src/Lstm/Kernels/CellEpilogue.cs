using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Cells;
using Lstm.Simd;

namespace Lstm.Kernels;

/// <summary>The pointwise half of a recurrent step, over the rows of one panel.</summary>
/// <remarks>
/// Kept out of the product's method: cell maths inside the register tile would make it spill. The product leaves its
/// result in z, where it is still in the first-level cache.
/// </remarks>
internal static unsafe class CellEpilogue<TSimd, TVec, T, TCell>
    where TSimd : struct, ISimd<TVec, T>
    where TVec : unmanaged
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TCell : struct, ICell<TSimd, TVec, T>
{
    // z [rows, 4·line] in: pre-activations, out: gates; cPrevious, c [rows, line], which may be the same; h [rows, units].
    // units < line only in a layer's last panel: the cells beyond stay in the padding, h has none.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Forward(T* z, T* cPrevious, T* c, T* h, nint hStride, nint rows, nint units)
    {
        nint line = 64 / sizeof(T);
        T* edge = stackalloc T[64 / sizeof(T)];
        for (nint r = 0; r < rows; r++)
        {
            T* target = units == line ? h : edge;
            for (nint u = 0; u < line; u += TSimd.Width)
            {
                TVec i = TSimd.Load(z + u);
                TVec f = TSimd.Load(z + line + u);
                TVec g = TSimd.Load(z + (2 * line) + u);
                TVec o = TSimd.Load(z + (3 * line) + u);
                TCell.Forward(ref i, ref f, ref g, ref o, TSimd.Load(cPrevious + u), out TVec cNew, out TVec hNew);
                TSimd.Store(z + u, i);
                TSimd.Store(z + line + u, f);
                TSimd.Store(z + (2 * line) + u, g);
                TSimd.Store(z + (3 * line) + u, o);
                TSimd.Store(c + u, cNew);
                TSimd.Store(target + u, hNew);
            }

            for (nint u = 0; target != h && u < units; u++)
            {
                h[u] = edge[u];
            }

            z += 4 * line;
            cPrevious += line;
            c += line;
            h += hStride;
        }
    }

    // The same for one row, whole lines of h, and nothing kept but the new state.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Step(T* z, T* c, T* h)
    {
        nint line = 64 / sizeof(T);
        for (nint u = 0; u < line; u += TSimd.Width)
        {
            TVec i = TSimd.Load(z + u);
            TVec f = TSimd.Load(z + line + u);
            TVec g = TSimd.Load(z + (2 * line) + u);
            TVec o = TSimd.Load(z + (3 * line) + u);
            TCell.Forward(ref i, ref f, ref g, ref o, TSimd.Load(c + u), out TVec cNew, out TVec hNew);
            TSimd.Store(c + u, cNew);
            TSimd.Store(h + u, hNew);
        }
    }

    // z [rows, 4·line] in: gates, out: dz; cPrevious, c, dc [rows, line]; dh [rows, line]. dc in: of the later steps, out: of the previous one.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Backward(T* z, T* cPrevious, T* c, T* dh, nint dhStride, T* dc, nint rows)
    {
        nint line = 64 / sizeof(T);
        for (nint r = 0; r < rows; r++)
        {
            for (nint u = 0; u < line; u += TSimd.Width)
            {
                TVec i = TSimd.Load(z + u);
                TVec f = TSimd.Load(z + line + u);
                TVec g = TSimd.Load(z + (2 * line) + u);
                TVec o = TSimd.Load(z + (3 * line) + u);
                TVec dcRow = TSimd.Load(dc + u);
                TCell.Backward(ref i, ref f, ref g, ref o, TSimd.Load(cPrevious + u), TSimd.Load(c + u), TSimd.Load(dh + u), ref dcRow);
                TSimd.Store(z + u, i);
                TSimd.Store(z + line + u, f);
                TSimd.Store(z + (2 * line) + u, g);
                TSimd.Store(z + (3 * line) + u, o);
                TSimd.Store(dc + u, dcRow);
            }

            z += 4 * line;
            cPrevious += line;
            c += line;
            dh += dhStride;
            dc += line;
        }
    }
}
