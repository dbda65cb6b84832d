using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Lstm.Kernels.Recurrence;

// The two halves of Backward, for a layer that shows in h something else than c: one that normalises it, so that c is the only
// state.
// SAFETY: as in CellEpilogue.cs. The callers are LayerNormBackward and, of GatesBackward, BatchNormBackward; their states and the
// gradients of these have one line a row, since LstmChecks.CheckStateVectors lets only a cell that carries c alone be normalised.
internal static unsafe partial class CellEpilogue<TSimd, TVec, T, TCell>
{
    // gates [rows, 4·line] and what h showed, [rows, line], with dh in d → ∂/∂o in d, and the gradient of what was shown.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void OutputsBackward(ref TCell cell, T* gates, T* shown, T* d, nint dStride, T* dShown, nint rows)
    {
        Debug.Assert(TCell.StateVectors == 1, "h shows another vector than c only in layers whose cell carries c alone.");
        Debug.Assert(rows == 0 || (gates != null && shown != null), "The gates or what was shown are missing.");
        Debug.Assert(rows == 0 || (d != null && dShown != null), "The gradients are missing.");
        nint line = 64 / sizeof(T);
        T* o = gates + (3 * line);
        for (nint r = 0; r < rows; r++)
        {
            for (nint u = 0; u < line; u += TSimd.Width)
            {
                TVec dRow = cell.OutputBackward<TSimd, TVec>(
                    default, TSimd.Load(o + u), TSimd.Load(shown + u), TSimd.Load(d + u), out TVec dO);
                TSimd.Store(dShown + u, dRow);
                TSimd.Store(d + u, dO);
            }

            o += 4 * line;
            shown += line;
            d += dStride;
            dShown += line;
        }
    }

    // lines [rows, KeptLines·line], the cell's. z [rows, 4·line] in: gates, out: dz; cPrevious, c, dc, dO [rows, line].
    // dc in: with the part of what was shown, out: of the previous step. gateGradient [rows, 3·line], or null.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void GatesBackward(
        ref TCell cell, T* own, T* lines, in CandidateDrop<T> drop, T* gateGradient, T* z, T* cPrevious, T* c,
        T* dO, nint dOStride, T* dc, nint rows)
    {
        Debug.Assert(TCell.StateVectors == 1, "h shows another vector than c only in layers whose cell carries c alone.");
        Debug.Assert(rows == 0 || (z != null && cPrevious != null && c != null), "The gates or states are missing.");
        Debug.Assert(rows == 0 || (dO != null && dc != null), "The gradients are missing.");
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
                TVec dcRow = TSimd.Load(dc + u);
                TVec dORow = TSimd.Load(dO + u);
                T* later = gateGradient == null ? null : gateGradient + u;
                TVec cBefore = TSimd.Load(cPrevious + u);
                TVec cRow = TSimd.Load(c + u);
                cell.Backward<TSimd, TVec>(
                    own + u, lines + u, default, later, factors, ref i, ref f, ref g, ref o, cBefore, cRow, dORow, ref dcRow);
                TSimd.Store(z + u, i);
                TSimd.Store(z + line + u, f);
                TSimd.Store(z + (2 * line) + u, g);
                TSimd.Store(z + (3 * line) + u, o);
                TSimd.Store(dc + u, dcRow);
            }

            lines += cell.KeptLines * line;
            z += 4 * line;
            cPrevious += line;
            c += line;
            dO += dOStride;
            dc += line;
            gateGradient += gateGradient == null ? 0 : 3 * line;
        }
    }
}
