using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Kernels.Recurrence;
using Lstm.Runtime;
using Lstm.Sequences;
using Lstm.Simd;

namespace Lstm.Kernels.Normalization;

/// <summary><see cref="RecurrentForward{T}"/> of a layer-normalised LSTM.</summary>
/// <remarks>
/// <code>
/// u = W_hh·s    z = γ_x⊙LN(x̄) + γ_h⊙LN(u) + b    gates and c by the cell's equations    h = o⊙act(γ_c⊙LN(c) + β_c)
/// </code>
/// with x̄ = W_ih·x, computed beforehand for the stretch. A row has to be whole before it can be normalised, so each step passes
/// over the panels once for u, once for the gates and c, and once for h.
/// </remarks>
internal unsafe struct LayerNormForward<T> : ICellWork<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>The recurrence without normalisation; its <see cref="RecurrentForward{T}.Input"/> is not used.</summary>
    public required RecurrentForward<T> Steps;

    /// <summary>x̄ and u, their rows those of the gates, whose place u may have.</summary>
    public required RowNorm<T> InputNorm;
    public required RowNorm<T> RecurrentNorm;

    /// <summary>
    /// c as h shows it, before zoneout: by row when kept, else by rank; with its β, and room for it by rank, [B, line].
    /// </summary>
    public required RowNorm<T> CellNorm;
    public required T* CellBias;
    public required T* Shown;

    private int _firstRank;
    private int _endRank;

    public readonly SimdWidth Width => Steps.Width;

    public readonly long Work => Steps.Work;

    public readonly int SharesFor(int workers) => Steps.SharesFor(workers);

    public void SetShare(WorkShare share) => (_firstRank, _endRank) = Steps.Split.Of(share);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Run<TSimd, TVec, TCell>(ref TCell cell)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
        where TCell : unmanaged, ICell<T>
    {
        // SAFETY: LayerNormRecurrence.Prepare reserves x̄, u, the statistics and shown for the same GateRows and ranks as
        // DirectionTape.Prepare the gates; a share is a range of ranks. Each panel is a line of units, the last one padded.
        Debug.Assert(Steps.FirstStep >= 0 && Steps.EndStep <= Steps.Plan.StepCount, "A step is not of the plan.");
        Debug.Assert(_firstRank >= 0 && _endRank <= Steps.Sequences, "A rank is not of the batch.");
        Debug.Assert(
            InputNorm.ValueRows == Steps.GateRows && RecurrentNorm.ValueRows == Steps.GateRows, "Rows of u and z differ.");
        Debug.Assert(CellBias != null && Shown != null && Steps.Gates != null && Steps.Cells != null, "An operand is missing.");
        for (int step = Steps.FirstStep; step < Steps.EndStep; step++)
        {
            foreach (ref readonly RecurrenceBlock block in Steps.Plan.Step(step))
            {
                int first = Math.Max(_firstRank, block.First);
                nint rows = Math.Min(_endRank, block.First + block.Count) - first;
                if (rows <= 0)
                {
                    continue;
                }

                nint row = block.Row + first - block.First;
                nint previous = block.Previous + first - block.First;
                nint gateRow = row - Steps.FirstGateRow;
                int t = Steps.Plan.SequenceStep(step);
                for (nint panel = 0; panel < RecurrentNorm.Panels; panel++)
                {
                    T* seen = Steps.Seen + (previous * Steps.SeenStride);
                    Steps.MultiplySeen<TSimd, TVec>(panel, RecurrentNorm.Panels, seen, rows, RecurrentNorm.Row(panel, gateRow));
                }

                InputNorm.Measure<TSimd, TVec>(gateRow, gateRow, first, rows);
                RecurrentNorm.Measure<TSimd, TVec>(gateRow, gateRow, first, rows);
                ApplyCell<TSimd, TVec, TCell>(ref cell, t, first, rows, row, previous);
                CellNorm.Measure<TSimd, TVec>(Steps.KeepCells ? row : first, gateRow, first, rows);
                Show<TSimd, TVec, TCell>(ref cell, t, first, rows, row, previous);
                if (Steps.Update.Exists)
                {
                    Steps.Update.Forward<TSimd, TVec>(t, first, rows, row, previous);
                }
            }
        }
    }

    // z, then the gates, and c.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void ApplyCell<TSimd, TVec, TCell>(ref TCell cell, int step, int first, nint rows, nint row, nint previous)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
        where TCell : unmanaged, ICell<T>
    {
        nint line = 64 / sizeof(T);
        CandidateDrop<T> drop = Steps.Drop;
        for (nint panel = 0; panel < CellNorm.Panels; panel++)
        {
            T* z = Steps.GatesAt(panel, row);
            T* c = CellNorm.Row(panel, Steps.KeepCells ? row : first);
            if (TCell.DropsCandidate)
            {
                drop = Steps.Drop.At(step, first, (int)(panel * line));
            }

            Combine<TSimd, TVec>(panel, row - Steps.FirstGateRow, z, rows);
            CellEpilogue<TSimd, TVec, T, TCell>.Gates(
                ref cell,
                Steps.OwnWeights(panel, TCell.UnitWeightLines),
                Steps.KeptAt(panel, first, row, cell.KeptLines),
                drop,
                z,
                Steps.CellBefore(panel, first, previous),
                c,
                rows);
            CellEpilogue<TSimd, TVec, T, TCell>.ClearPadding(c, rows, Steps.Units - (panel * line));
        }
    }

    // z [rows, 4·line] = γ_x⊙LN(x̄) + (γ_h⊙LN(u) + b)
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void Combine<TSimd, TVec>(nint panel, nint gateRow, T* z, nint rows)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        nint gates = InputNorm.Width;
        T* x = InputNorm.Row(panel, gateRow);
        T* u = RecurrentNorm.Row(panel, gateRow);
        T* inputGamma = InputNorm.Gamma + (panel * gates);
        T* recurrentGamma = RecurrentNorm.Gamma + (panel * gates);
        T* bias = Steps.Bias == null ? null : Steps.Bias + (panel * gates);
        for (nint r = gateRow; r < gateRow + rows; r++)
        {
            TVec inputMean = TSimd.Broadcast(InputNorm.Mean[r]);
            TVec inputScale = TSimd.Broadcast(InputNorm.Scale[r]);
            TVec recurrentMean = TSimd.Broadcast(RecurrentNorm.Mean[r]);
            TVec recurrentScale = TSimd.Broadcast(RecurrentNorm.Scale[r]);
            for (nint k = 0; k < gates; k += TSimd.Width)
            {
                TVec normal = RowNorm<T>.Normal<TSimd, TVec>(TSimd.Load(u + k), recurrentMean, recurrentScale);
                TVec sum = TSimd.MultiplyAdd(recurrentGamma, k, normal, bias == null ? TSimd.Zero : TSimd.Load(bias + k));
                normal = RowNorm<T>.Normal<TSimd, TVec>(TSimd.Load(x + k), inputMean, inputScale);
                TSimd.Store(z + k, TSimd.MultiplyAdd(inputGamma, k, normal, sum));
            }

            x += gates;
            u += gates;
            z += gates;
        }
    }

    // The units' outputs, and the c that goes on.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void Show<TSimd, TVec, TCell>(ref TCell cell, int step, int first, nint rows, nint row, nint previous)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
        where TCell : unmanaged, ICell<T>
    {
        nint line = 64 / sizeof(T);
        T* shown = Shown + (first * line);
        T* h = Steps.OutputOf(row, first);
        nint place = Steps.KeepCells ? row : first;
        for (nint panel = 0; panel < CellNorm.Panels; panel++)
        {
            T* z = Steps.GatesAt(panel, row);
            CellNorm.Forward<TSimd, TVec>(panel, place, row - Steps.FirstGateRow, CellBias, shown, rows);
            CellEpilogue<TSimd, TVec, T, TCell>.Outputs(
                ref cell, z, shown, h + (panel * line), Steps.OutputStride, rows,
                nint.Min(Steps.Units - (panel * line), line));
            if (Steps.CellZoneout.Exists)
            {
                T* before = Steps.CellBefore(panel, first, previous);
                T* after = Steps.CellAfter(panel, first, row);
                Steps.CellZoneout.Forward<TSimd, TVec>(
                    step, first, panel * line, before, line, CellNorm.Row(panel, place), line, after, line, rows, line);
            }
        }
    }
}

/// <summary>
/// <see cref="RecurrentBackward{T}"/> of a layer-normalised LSTM: gates become dz, and what the recurrent product's gradient
/// needs is measured.
/// </summary>
/// <remarks>
/// <code>
/// dc ← dc + LN'(γ_c⊙∂/∂shown)     dz by the cell's equations     du = LN'(γ_h⊙dz)     dh₋₁ = du·W_hh
/// </code>
/// du is needed for all sequences of a step only to go on to the step before; afterwards <see cref="NormGradient{T}"/> forms it
/// again, from what was measured here, and the gradient of W_ih·x with it.
/// </remarks>
internal unsafe struct LayerNormBackward<T> : ICellWork<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>
    /// The recurrence without normalisation. Its <see cref="RecurrentBackward{T}.GateTerms"/> take du by rank, and it is the
    /// gradient of W_hh·s that crosses a cut.
    /// </summary>
    public required RecurrentBackward<T> Steps;

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

    private int _firstRank;
    private int _endRank;

    public readonly SimdWidth Width => Steps.Width;

    public readonly long Work => Steps.Work;

    public readonly int SharesFor(int workers) => Steps.SharesFor(workers);

    public void SetShare(WorkShare share) => (_firstRank, _endRank) = Steps.Split.Of(share);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Run<TSimd, TVec, TCell>(ref TCell cell)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
        where TCell : unmanaged, ICell<T>
    {
        // SAFETY: LayerNormRecurrence.PrepareBackward reserves the gradients of shown for all rows and du for all ranks, in every
        // panel; what the forward pass has kept has the rows of the same shape. A share is a range of ranks.
        Debug.Assert(_firstRank >= 0 && _endRank <= Steps.Sequences, "A rank is not of the batch.");
        Debug.Assert(
            InputNorm.ValueRows == Steps.GateRows && RecurrentNorm.ValueRows == Steps.GateRows, "Rows of u and z differ.");
        Debug.Assert(CellBias != null && Shown != null && RecurrentGradient != null, "An operand is missing.");
        Debug.Assert(Steps.CellGradient != null && Steps.HiddenGradient != null, "There is no room for dh or dc.");
        int last = Math.Min(_endRank, Steps.Later);
        if (_firstRank < last)
        {
            Steps.PropagateLater<TSimd, TVec>(
                _firstRank, last - _firstRank, Steps.Plan.LastSlot(Steps.Sequences) + _firstRank);
        }

        for (int step = Steps.Plan.StepCount - 1; step >= 0; step--)
        {
            int crossing = step == 0 ? Steps.Earlier : 0;
            foreach (ref readonly RecurrenceBlock block in Steps.Plan.Step(step))
            {
                int first = Math.Max(_firstRank, block.First);
                int rows = Math.Min(_endRank, block.First + block.Count) - first;
                if (rows <= 0)
                {
                    continue;
                }

                nint row = block.Row + first - block.First;
                nint previous = block.Previous + first - block.First;
                int t = Steps.Plan.SequenceStep(step);
                Steps.Receive<TSimd, TVec>(t, Math.Max(first, block.Continuing), first, rows, row);
                ApplyOutputs<TSimd, TVec, TCell>(ref cell, t, first, rows, row);
                CellNorm.MeasureGradient<TSimd, TVec>(ShownGradient, Steps.GateRows, row, first, rows);
                ApplyCell<TSimd, TVec, TCell>(ref cell, t, first, rows, row, previous);
                InputNorm.MeasureGradient<TSimd, TVec>(Steps.Gates, Steps.GateRows, row, first, rows);
                RecurrentNorm.MeasureGradient<TSimd, TVec>(Steps.Gates, Steps.GateRows, row, first, rows);
                for (nint panel = 0; panel < RecurrentNorm.Panels; panel++)
                {
                    T* du = new Panels<T>(RecurrentGradient, Steps.Sequences, RecurrentNorm.Width).At(panel, first);
                    RecurrentNorm.Backward<TSimd, TVec>(panel, Steps.GatesAt(panel, row), row, du, false, rows);
                }

                int skipped = Math.Clamp(crossing - first, 0, rows);
                if (skipped < rows)
                {
                    Steps.Propagate<TSimd, TVec>(t, first + skipped, rows - skipped, first + skipped, previous + skipped);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly T* ShownGradientAt(nint panel, nint row)
        => new Panels<T>(ShownGradient, Steps.GateRows, 64 / sizeof(T)).At(panel, row);

    // dm becomes ∂/∂o: dm is not needed after that.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void ApplyOutputs<TSimd, TVec, TCell>(ref TCell cell, int step, int first, nint rows, nint row)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
        where TCell : unmanaged, ICell<T>
    {
        nint line = 64 / sizeof(T);
        T* dm = Steps.UnitGradient + (first * Steps.UnitStride);
        T* shown = Shown + (first * line);
        for (nint panel = 0; panel < CellNorm.Panels; panel++)
        {
            if (Steps.CellZoneout.Exists)
            {
                T* dc = Steps.CellGradientAt(panel, first);
                Steps.CellZoneout.Backward<TSimd, TVec>(
                    step, first, panel * line, dc, Steps.CellCarriedAt(panel, first), line, rows, line);
            }

            CellNorm.Forward<TSimd, TVec>(panel, row, row, CellBias, shown, rows);
            T* dShown = ShownGradientAt(panel, row);
            CellEpilogue<TSimd, TVec, T, TCell>.OutputsBackward(
                ref cell, Steps.GatesAt(panel, row), shown, dm + (panel * line), Steps.UnitStride, dShown, rows);
            CellEpilogue<TSimd, TVec, T, TCell>.ClearPadding(dShown, rows, Steps.Units - (panel * line));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void ApplyCell<TSimd, TVec, TCell>(ref TCell cell, int step, int first, nint rows, nint row, nint previous)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
        where TCell : unmanaged, ICell<T>
    {
        nint line = 64 / sizeof(T);
        T* dO = Steps.UnitGradient + (first * Steps.UnitStride);
        CandidateDrop<T> drop = Steps.Drop;
        for (nint panel = 0; panel < CellNorm.Panels; panel++)
        {
            T* z = Steps.GatesAt(panel, row);
            T* dc = Steps.CellGradientAt(panel, first);
            CellNorm.Backward<TSimd, TVec>(panel, ShownGradientAt(panel, row), row, dc, true, rows);
            if (TCell.DropsCandidate)
            {
                drop = Steps.Drop.At(step, first, (int)(panel * line));
            }

            T* lines = Steps.KeptAt(panel, row, cell.KeptLines);
            CellEpilogue<TSimd, TVec, T, TCell>.GatesBackward(
                ref cell,
                Steps.OwnWeights(panel, TCell.UnitWeightLines),
                lines,
                drop,
                Steps.GateGradientAt(panel, first),
                z,
                Steps.CellAt(panel, previous),
                CellNorm.Row(panel, row),
                dO + (panel * line),
                Steps.UnitStride,
                dc,
                rows);
            CellEpilogue<TSimd, TVec, T, TCell>.ClearPadding(ref cell, lines, z, dc, rows, Steps.Units - (panel * line));
            if (Steps.CellZoneout.Exists)
            {
                Zoneout<T>.AddCarried<TSimd, TVec>(dc, Steps.CellCarriedAt(panel, first), rows * line);
            }
        }
    }
}
