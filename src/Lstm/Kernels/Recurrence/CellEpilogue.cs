using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Simd;

namespace Lstm.Kernels.Recurrence;

/// <summary>The pointwise half of a recurrent step, over the rows of one panel.</summary>
/// <remarks>
/// Kept out of the product's method: cell maths inside the register tile would make it spill. The product leaves its
/// result in z, where it is still in the first-level cache.
/// </remarks>
// SAFETY: each caller passes rows of one panel of the buffers that its own SAFETY comment names: of z 4 lines a row, of the
// states StateVectors, of what the cell keeps KeptLines, of dh one. h has room for `units` values a row: where they are fewer
// than a line, Outputs writes to a line of its own and copies `units` values of it. Step's h has a whole line (RecurrentStep).
internal static unsafe partial class CellEpilogue<TSimd, TVec, T, TCell>
    where TSimd : struct, ISimd<TVec, T>
    where TVec : unmanaged
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TCell : unmanaged, ICell<T>
{
    // lines [rows, KeptLines·line], the cell's. z [rows, 4·line] in: pre-activations, out: gates; cPrevious, c
    // [rows, StateVectors·line], which may be the same; h [rows, units].
    // units < line only in a layer's last panel: the cells beyond stay in the padding, h has none.
    // Two loops: the processor looks ahead about a hundred operations. h waits for c, which waits for the gates, and what
    // waits would keep the gates of the next row from being started.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Forward(
        ref TCell cell, T* own, T* lines, in CandidateDrop<T> drop, T* z, T* cPrevious, T* c, T* h, nint hStride, nint rows,
        nint units)
    {
        Gates(ref cell, own, lines, drop, z, cPrevious, c, rows);
        Outputs(ref cell, z, c, h, hStride, rows, units);
        ClearPadding(c, TCell.StateVectors * rows, units);
    }

    // The gates and the new cell state.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Gates(ref TCell cell, T* own, T* lines, in CandidateDrop<T> drop, T* z, T* cPrevious, T* c, nint rows)
    {
        Debug.Assert(rows == 0 || (z != null && cPrevious != null && c != null), "The gates or states are missing.");
        Debug.Assert(rows == 0 || cell.KeptLines == 0 || lines != null, "There is no room for what the cell keeps.");
        nint line = 64 / sizeof(T);
        for (nint r = 0; r < rows; r++)
        {
            uint key = TCell.DropsCandidate ? drop.RowKey(r) : 0;
            for (nint u = 0; u < line; u += TSimd.Width)
            {
                TVec i = TSimd.Load(z + u);
                TVec f = TSimd.Load(z + line + u);
                TVec g = TSimd.Load(z + (2 * line) + u);
                TVec o = TSimd.Load(z + (3 * line) + u);
                TVec factors = TCell.DropsCandidate ? drop.Factors<TSimd, TVec>(key, u) : default;
                StateLines<T> states = new(cPrevious + u, c + u, null);
                TVec cNew = cell.Forward<TSimd, TVec>(
                    own + u, lines + u, states, factors, ref i, ref f, ref g, ref o, TSimd.Load(cPrevious + u));
                TSimd.Store(c + u, cNew);
                TSimd.Store(z + u, i);
                TSimd.Store(z + line + u, f);
                TSimd.Store(z + (2 * line) + u, g);
                TSimd.Store(z + (3 * line) + u, o);
            }

            z += 4 * line;
            lines += cell.KeptLines * line;
            cPrevious += TCell.StateVectors * line;
            c += TCell.StateVectors * line;
        }
    }

    // h [rows, units] from the output gates in z and the cell states shown, c [rows, StateVectors·line].
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Outputs(ref TCell cell, T* z, T* c, T* h, nint hStride, nint rows, nint units)
    {
        Debug.Assert(rows == 0 || (z != null && c != null && h != null), "The gates, states or h are missing.");
        Debug.Assert(units > 0 && units <= 64 / sizeof(T), "The units are not those of one panel.");
        nint line = 64 / sizeof(T);
        T* edge = stackalloc T[64 / sizeof(T)];
        T* o = z + (3 * line);
        for (nint r = 0; r < rows; r++)
        {
            T* target = units == line ? h : edge;
            for (nint u = 0; u < line; u += TSimd.Width)
            {
                StateLines<T> states = new(null, c + u, null);
                TSimd.Store(target + u, cell.Output<TSimd, TVec>(states, TSimd.Load(o + u), TSimd.Load(c + u)));
            }

            for (nint u = 0; target != h && u < units; u++)
            {
                h[u] = edge[u];
            }

            o += 4 * line;
            c += TCell.StateVectors * line;
            h += hStride;
        }
    }

    // The same for one row, whole lines of h, and nothing kept but the new state.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Step(ref TCell cell, T* own, T* lines, T* z, T* c, T* h)
    {
        Debug.Assert(z != null && c != null && h != null, "The gates, the states or h are missing.");
        Debug.Assert(cell.KeptLines == 0 || lines != null, "There is no room for what the cell keeps.");
        nint line = 64 / sizeof(T);
        for (nint u = 0; u < line; u += TSimd.Width)
        {
            TVec i = TSimd.Load(z + u);
            TVec f = TSimd.Load(z + line + u);
            TVec g = TSimd.Load(z + (2 * line) + u);
            TVec o = TSimd.Load(z + (3 * line) + u);
            TVec factors = TCell.DropsCandidate ? TSimd.Constant(1) : default;
            StateLines<T> states = new(c + u, c + u, null);
            TVec cNew = cell.Forward<TSimd, TVec>(
                own + u, lines + u, states, factors, ref i, ref f, ref g, ref o, TSimd.Load(c + u));
            TSimd.Store(c + u, cNew);
            TSimd.Store(h + u, cell.Output<TSimd, TVec>(states, o, cNew));
        }
    }

    // z [rows, 4·line] in: gates, out: dz; cPrevious, c, dc [rows, StateVectors·line]; dh [rows, line].
    // dc in: of the later steps, out: of the previous one. gateGradient [rows, 3·line], or null.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Backward(
        ref TCell cell, T* own, T* lines, in CandidateDrop<T> drop, T* gateGradient, T* z, T* cPrevious, T* c,
        T* dh, nint dhStride, T* dc, nint rows)
    {
        Debug.Assert(rows == 0 || (z != null && cPrevious != null && c != null), "The gates or states are missing.");
        Debug.Assert(rows == 0 || (dh != null && dc != null), "The gradients are missing.");
        Debug.Assert(rows == 0 || cell.KeptLines == 0 || lines != null, "What the cell has kept is missing.");
        nint line = 64 / sizeof(T);
        for (nint r = 0; r < rows; r++)
        {
            uint key = TCell.DropsCandidate ? drop.RowKey(r) : 0;
            for (nint u = 0; u < line; u += TSimd.Width)
            {
                TVec i = TSimd.Load(z + u);
                TVec f = TSimd.Load(z + line + u);
                TVec g = TSimd.Load(z + (2 * line) + u);
                TVec o = TSimd.Load(z + (3 * line) + u);
                TVec factors = TCell.DropsCandidate ? drop.Factors<TSimd, TVec>(key, u) : default;
                TVec cRow = TSimd.Load(c + u);
                StateLines<T> states = new(cPrevious + u, c + u, dc + u);
                TVec shown = cell.OutputBackward<TSimd, TVec>(states, o, cRow, TSimd.Load(dh + u), out TVec dO);
                TVec dcRow = TSimd.Add(TSimd.Load(dc + u), shown);
                T* later = gateGradient == null ? null : gateGradient + u;
                TVec cBefore = TSimd.Load(cPrevious + u);
                cell.Backward<TSimd, TVec>(
                    own + u, lines + u, states, later, factors, ref i, ref f, ref g, ref o, cBefore, cRow, dO, ref dcRow);
                TSimd.Store(z + u, i);
                TSimd.Store(z + line + u, f);
                TSimd.Store(z + (2 * line) + u, g);
                TSimd.Store(z + (3 * line) + u, o);
                TSimd.Store(dc + u, dcRow);
            }

            z += 4 * line;
            lines += cell.KeptLines * line;
            cPrevious += TCell.StateVectors * line;
            c += TCell.StateVectors * line;
            dh += dhStride;
            dc += TCell.StateVectors * line;
            gateGradient += gateGradient == null ? 0 : 3 * line;
        }
    }

    // The padding of the last panel's dz, dc and kept lines: nothing of it may reach a weight's gradient.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ClearPadding(ref TCell cell, T* lines, T* z, T* dc, nint rows, nint units)
    {
        ClearPadding(z, 4 * rows, units);
        ClearPadding(dc, TCell.StateVectors * rows, units);
        ClearPadding(lines, cell.KeptLines * rows, units);
    }

    // What a cell has made of the units that a last panel, of fewer than a line, does not have.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ClearPadding(T* lines, nint count, nint units)
    {
        nint line = 64 / sizeof(T);
        for (nint r = 0; TCell.FillsPadding && units < line && r < count; r++)
        {
            new Span<T>(lines + (r * line) + units, (int)(line - units)).Clear();
        }
    }
}
