using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Cells;
using Lstm.Simd;

namespace Lstm.Kernels;

/// <summary><see cref="RecurrentBackward{T}"/> of a layer-normalised LSTM: gates become dz, and what the recurrent product's gradient needs is measured.</summary>
/// <remarks>
/// <code>
/// dc ← dc + LN'(γ_c⊙∂/∂shown)     dz by the cell's equations     du = LN'(γ_h⊙dz)     dh₋₁ = du·W_hh
/// </code>
/// du is needed for all sequences of a step only to go on to the step before; afterwards <see cref="NormGradient{T}"/> forms it again, from
/// what was measured here, and the gradient of W_ih·x with it.
/// </remarks>
internal unsafe struct LayerNormBackward<T> : ICellWork<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public required SimdWidth Width { get; init; }

    public required RecurrencePlan Plan;
    public required SequenceSplit Split;

    /// <summary>H.</summary>
    public required int Units;

    /// <summary>B: slots before the first row's.</summary>
    public required int Sequences;

    /// <summary>The way of dh from one step to the one before, its terms taking du by rank.</summary>
    public required HiddenPathBackward<T> Hidden;

    /// <summary>The weights of the units' own by panels; null for a cell that has none.</summary>
    public required T* Own;

    /// <summary>W_ih·x and W_hh·s, by row.</summary>
    public required RowNorm<T> InputNorm;
    public required RowNorm<T> RecurrentNorm;

    /// <summary>c as h showed it, by row; with its β, and room for it by rank, [B, line].</summary>
    public required RowNorm<T> CellNorm;
    public required T* CellBias;
    public required T* Shown;

    /// <summary>Out: the gradient of what was shown, [panels, GateRows, line].</summary>
    public required T* ShownGradient;

    /// <summary>du by rank, [panels, B, 4·line].</summary>
    public required T* RecurrentGradient;

    /// <summary>In: gates, out: dz; [panels, GateRows, 4·line].</summary>
    public required T* Gates;
    public required nint GateRows;

    /// <summary>c by slot: [panels, CellSlots, line].</summary>
    public required T* Cells;
    public required nint CellSlots;

    /// <summary>dc by rank, [panels, B, line]. In: the final state's gradient, out: the initial state's.</summary>
    public required T* CellGradient;

    /// <summary>The dropout of the candidates.</summary>
    public required CandidateDrop<T> Drop;

    /// <summary>The zoneout of c, and room for what it carries back, like dc.</summary>
    public required Zoneout<T> CellZoneout;
    public required T* CellCarried;

    /// <summary>As in <see cref="RecurrentBackward{T}"/>: what crosses a cut is the gradient of W_hh·s.</summary>
    public int Earlier;
    public int Later;

    /// <summary>What the cell keeps, [panels, LineRows, KeptLines·line], from the forward pass.</summary>
    public T* Lines;
    public nint LineRows;

    private int _firstRank;
    private int _endRank;

    public void SetShare(int worker, int workers) => (_firstRank, _endRank) = Split.Share(worker, workers);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Run<TSimd, TVec, TCell>(ref TCell cell)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
        where TCell : unmanaged, ICell<T>
    {
        int last = Math.Min(_endRank, Later);
        if (_firstRank < last)
        {
            Hidden.PropagateLater<TSimd, TVec>(_firstRank, last - _firstRank, Plan.LastSlot(Sequences) + _firstRank);
        }

        for (int step = Plan.StepCount - 1; step >= 0; step--)
        {
            int crossing = step == 0 ? Earlier : 0;
            foreach (ref readonly RecurrenceBlock block in Plan.Step(step))
            {
                int first = Math.Max(_firstRank, block.First);
                int rows = Math.Min(_endRank, block.First + block.Count) - first;
                if (rows <= 0)
                {
                    continue;
                }

                nint row = block.Row + first - block.First;
                nint previous = block.Previous + first - block.First;
                int t = Plan.SequenceStep(step);
                Hidden.Receive<TSimd, TVec>(t, Math.Max(first, block.Continuing), first, rows, row);
                ApplyOutputs<TSimd, TVec, TCell>(ref cell, t, first, rows, row);
                CellNorm.MeasureGradient<TSimd, TVec>(ShownGradient, GateRows, row, first, rows);
                ApplyCell<TSimd, TVec, TCell>(ref cell, t, first, rows, row, previous);
                InputNorm.MeasureGradient<TSimd, TVec>(Gates, GateRows, row, first, rows);
                RecurrentNorm.MeasureGradient<TSimd, TVec>(Gates, GateRows, row, first, rows);
                for (nint panel = 0; panel < RecurrentNorm.Panels; panel++)
                {
                    nint gates = RecurrentNorm.Width;
                    T* du = RecurrentGradient + (((panel * Sequences) + first) * gates);
                    RecurrentNorm.Backward<TSimd, TVec>(panel, Gates + (((panel * GateRows) + row) * gates), row, du, false, rows);
                }

                int skipped = Math.Clamp(crossing - first, 0, rows);
                if (skipped < rows)
                {
                    Hidden.Propagate<TSimd, TVec>(t, first + skipped, rows - skipped, first + skipped, previous + skipped);
                }
            }
        }
    }

    // dm becomes ∂/∂o: nobody asks for dm again.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void ApplyOutputs<TSimd, TVec, TCell>(ref TCell cell, int step, int first, nint rows, nint row)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
        where TCell : unmanaged, ICell<T>
    {
        nint line = 64 / sizeof(T);
        T* dm = Hidden.Units + (first * Hidden.UnitsStride);
        T* shown = Shown + (first * line);
        for (nint panel = 0; panel < CellNorm.Panels; panel++)
        {
            nint place = ((panel * Sequences) + first) * line;
            if (CellZoneout.Exists)
            {
                CellZoneout.Backward<TSimd, TVec>(step, first, panel * line, CellGradient + place, CellCarried + place, line, rows, line);
            }

            CellNorm.Forward<TSimd, TVec>(panel, row, row, CellBias, shown, rows);
            nint index = (panel * GateRows) + row;
            CellEpilogue<TSimd, TVec, T, TCell>.OutputsBackward(
                ref cell, Gates + (index * 4 * line), shown, dm + (panel * line), Hidden.UnitsStride, ShownGradient + (index * line), rows);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void ApplyCell<TSimd, TVec, TCell>(ref TCell cell, int step, int first, nint rows, nint row, nint previous)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
        where TCell : unmanaged, ICell<T>
    {
        nint line = 64 / sizeof(T);
        T* dO = Hidden.Units + (first * Hidden.UnitsStride);
        CandidateDrop<T> drop = Drop;
        for (nint panel = 0; panel < CellNorm.Panels; panel++)
        {
            nint place = ((panel * Sequences) + first) * line;
            nint index = (panel * GateRows) + row;
            T* dc = CellGradient + place;
            CellNorm.Backward<TSimd, TVec>(panel, ShownGradient + (index * line), row, dc, true, rows);
            if (TCell.DropsCandidate)
            {
                drop = Drop.At(step, first, (int)(panel * line));
            }

            T* lines = Lines + (((panel * LineRows) + row) * cell.KeptLines * line);
            CellEpilogue<TSimd, TVec, T, TCell>.GatesBackward(
                ref cell,
                Own == null ? null : Own + (panel * TCell.OwnLines * line),
                lines,
                drop,
                Hidden.GateGradient == null ? null : Hidden.GateGradient + (3 * place),
                Gates + (index * 4 * line),
                Cells + (((panel * CellSlots) + previous) * line),
                CellNorm.Row(panel, row),
                dO + (panel * line),
                Hidden.UnitsStride,
                dc,
                rows);
            if (TCell.FillsPadding && Units - (panel * line) < line)
            {
                CellEpilogue<TSimd, TVec, T, TCell>.ClearPadding(ref cell, lines, Gates + (index * 4 * line), dc, rows, Units - (panel * line));
            }

            for (nint u = 0; CellZoneout.Exists && u < rows * line; u += TSimd.Width)
            {
                TSimd.Store(dc + u, TSimd.Add(TSimd.Load(dc + u), TSimd.Load(CellCarried + place + u)));
            }
        }
    }
}
