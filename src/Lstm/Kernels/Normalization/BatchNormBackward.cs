using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Kernels.Recurrence;
using Lstm.Runtime;
using Lstm.Sequences;
using Lstm.Simd;

namespace Lstm.Kernels.Normalization;

/// <summary>
/// One step back through a layer with recurrent batch normalisation: <see cref="RecurrentBackward{T}"/> a step at a time.
/// </summary>
/// <remarks>
/// <code>
/// y = γ⊙û + …, û = (u − μ)/√(σ² + ε):      dγ += Σ dy⊙û      du = γ/√(σ² + ε) ⊙ (dy − Σ dy/N − û⊙Σ dy⊙û/N)
/// </code>
/// with N rows and the sums over them; where μ and σ² are the running ones, both sums are left out of du. dc and dz come from the
/// cell's equations with ∂/∂o and ∂/∂c taken at γ_c⊙ĉ + β_c. The gradients of W_ih x and W_hh s take the places of those
/// products, dz that of the gates. Three jobs a step: rows divided for what lies between the outputs and the units, units divided
/// for the cell, rows divided for dz·W_hh.
/// </remarks>
internal unsafe struct BatchNormBackward<T> : ICellWork<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>The recurrence without normalisation, of which only <see cref="Step"/> is done.</summary>
    public required RecurrentBackward<T> Steps;
    public required BatchNorm<T> Norm;

    /// <summary>∂/∂o by rank, [panels, B, line], for the moment.</summary>
    public required T* OutputGateGradient;

    /// <summary>dγ_x, dγ_h, dγ_c, dβ_c of a block of steps, stored like the parameters.</summary>
    public required T* InputScaleGradient;
    public required T* HiddenScaleGradient;
    public required T* CellScaleGradient;
    public required T* CellShiftGradient;

    /// <summary>The step of the walk, and its job.</summary>
    public int Step;
    public Job Part;

    private int _first;
    private int _end;

    /// <summary>The jobs of a step, in order.</summary>
    internal enum Job
    {
        Receive,
        Units,
        Propagate,
    }

    public readonly SimdWidth Width => Steps.Width;

    public readonly long Work
        => (long)BatchNormForward<T>.RowsOf(Steps.Plan.Step(Step)) * Norm.Panels * (64 / sizeof(T))
            * ((4 * Steps.Hidden.Path.Size) + (2 * JobWork.Cell));

    private readonly int Parts => Part == Job.Units ? (int)Norm.Panels : BatchNormForward<T>.RowsOf(Steps.Plan.Step(Step));

    public readonly int SharesFor(int workers) => Math.Min(workers, Parts);

    public void SetShare(WorkShare share) => (_first, _end) = share.Of(Parts);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Run<TSimd, TVec, TCell>(ref TCell cell)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
        where TCell : unmanaged, ICell<T>
    {
        // SAFETY: BatchNormRecurrence.Prepare reserves ∂/∂o for all ranks and the sums of a block for all panels, in a pass that
        // keeps; the gates, products and cells are those of the forward pass. A share is a range of panels, or of the step's
        // ranks.
        Debug.Assert(Step >= 0 && Step < Steps.Plan.StepCount, "The step is not of the plan.");
        Debug.Assert(_first >= 0 && _end <= Parts, "A share leaves the step.");
        Debug.Assert(
            OutputGateGradient != null && InputScaleGradient != null && HiddenScaleGradient != null, "A gradient is missing.");
        Debug.Assert(
            CellScaleGradient != null && CellShiftGradient != null && Steps.CellGradient != null, "A gradient is missing.");
        Norm.AssertValid(BatchNormForward<T>.RowsOf(Steps.Plan.Step(Step)));
        if (Part == Job.Units)
        {
            for (nint panel = _first; panel < _end; panel++)
            {
                RunPanel<TSimd, TVec, TCell>(ref cell, panel);
            }

            return;
        }

        int t = Steps.Plan.SequenceStep(Step);
        foreach (ref readonly RecurrenceBlock block in Steps.Plan.Step(Step))
        {
            int first = Math.Max(_first, block.First);
            int rows = Math.Min(_end, block.First + block.Count) - first;
            int row = block.Row + first - block.First;
            if (rows > 0 && Part == Job.Receive)
            {
                Steps.Hidden.Receive<TSimd, TVec>(t, Math.Max(first, block.Continuing), first, rows, row);
            }
            else if (rows > 0)
            {
                Steps.Hidden.Propagate<TSimd, TVec>(t, first, rows, row, block.Previous + first - block.First);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void RunPanel<TSimd, TVec, TCell>(ref TCell cell, nint panel)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
        where TCell : unmanaged, ICell<T>
    {
        nint line = 64 / sizeof(T);
        nint width = 4 * line;
        ReadOnlySpan<RecurrenceBlock> blocks = Steps.Plan.Step(Step);
        nint rows = BatchNormForward<T>.RowsOf(blocks);
        nint row = blocks[0].Row;
        T* z = Steps.GatesAt(panel, row);
        T* c = Steps.NewCell(panel, row);
        T* dc = Steps.CellGradientAt(panel, 0);
        T* carried = Steps.CellCarriedAt(panel, 0);
        if (Steps.CellZoneout.Exists)
        {
            Steps.CellZoneout.Backward<TSimd, TVec>(
                Steps.Plan.SequenceStep(Step), 0, panel * line, dc, carried, line, rows, line);
        }

        ShowBackward<TSimd, TVec, TCell>(ref cell, panel, rows, z, c, dc);
        nint units = Steps.Units - (panel * line);
        CellEpilogue<TSimd, TVec, T, TCell>.ClearPadding(CellScaleGradient + (panel * line), 1, units);
        CellEpilogue<TSimd, TVec, T, TCell>.ClearPadding(CellShiftGradient + (panel * line), 1, units);
        foreach (ref readonly RecurrenceBlock block in blocks)
        {
            GatesBackward<TSimd, TVec, TCell>(ref cell, panel, block, z + (block.First * width), c + (block.First * line));
        }

        if (Steps.CellZoneout.Exists)
        {
            Zoneout<T>.AddCarried<TSimd, TVec>(dc, carried, rows * line);
        }

        nint scales = panel * width;
        T* products = ProductsAt(Norm.InputProducts, panel, row);
        ProductBackward<TSimd, TVec>(panel, rows, 0, Norm.InputScale + scales, z, products, InputScaleGradient + scales);
        products = ProductsAt(Norm.HiddenProducts, panel, row);
        ProductBackward<TSimd, TVec>(
            panel, rows, BatchNorm<T>.HiddenLine, Norm.HiddenScale + scales, z, products, HiddenScaleGradient + scales);
    }

    // W_ih x or W_hh s of a row; their rows are those of the gates.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly T* ProductsAt(T* products, nint panel, nint row)
        => new Panels<T>(products, Steps.GateRows, 256 / sizeof(T)).At(panel, row);

    // gates [rows, 4·line], c [rows, line], dm by rank → ∂/∂o by rank; adds into dc [rows, line], dγ_c and dβ_c.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void ShowBackward<TSimd, TVec, TCell>(ref TCell cell, nint panel, nint rows, T* gates, T* c, T* dc)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
        where TCell : unmanaged, ICell<T>
    {
        nint line = 64 / sizeof(T);
        nint unit = panel * line;
        T* shownGradient = Norm.Shown + (unit * Steps.Sequences);
        T* outputGradient = OutputGateGradient + (unit * Steps.Sequences);
        T* o = gates + (3 * line);
        T* dm = Steps.Hidden.Units + unit;
        bool measures = Norm.MeasuresStep(rows);
        TVec count = TSimd.Broadcast(T.CreateTruncating(rows));
        for (nint u = 0; u < line; u += TSimd.Width)
        {
            TVec scale = TSimd.Load(Norm.CellScale + unit + u);
            TVec shift = TSimd.Load(Norm.CellShift + unit + u);
            TVec scaleGradient = TSimd.Load(CellScaleGradient + unit + u);
            TVec shiftGradient = TSimd.Load(CellShiftGradient + unit + u);
            TVec sum = TSimd.Zero;
            TVec product = TSimd.Zero;
            for (nint r = 0; r < rows; r++)
            {
                T* set = SetOf(measures, r, panel, BatchNorm<T>.CellLine) + u;
                TVec normal = BatchNorm<T>.Normal<TSimd, TVec>(c + (r * line) + u, set, line);
                TVec shown = TSimd.MultiplyAdd(scale, normal, shift);
                TVec dh = TSimd.Load(dm + (r * Steps.Hidden.UnitsStride) + u);
                TVec d = cell.OutputBackward<TSimd, TVec>(default, TSimd.Load(o + (r * 4 * line) + u), shown, dh, out TVec dO);
                TSimd.Store(outputGradient + (r * line) + u, dO);
                TSimd.Store(shownGradient + (r * line) + u, d);
                shiftGradient = TSimd.Add(shiftGradient, d);
                scaleGradient = TSimd.MultiplyAdd(d, normal, scaleGradient);
                sum = TSimd.Add(sum, d);
                product = TSimd.MultiplyAdd(d, normal, product);
            }

            TSimd.Store(CellScaleGradient + unit + u, scaleGradient);
            TSimd.Store(CellShiftGradient + unit + u, shiftGradient);
            sum = measures ? TSimd.Divide(sum, count) : TSimd.Zero;
            product = measures ? TSimd.Divide(product, count) : TSimd.Zero;
            for (nint r = 0; r < rows; r++)
            {
                T* set = SetOf(measures, r, panel, BatchNorm<T>.CellLine) + u;
                TVec normal = BatchNorm<T>.Normal<TSimd, TVec>(c + (r * line) + u, set, line);
                TVec d =
                    TSimd.NegatedMultiplyAdd(normal, product, TSimd.Subtract(TSimd.Load(shownGradient + (r * line) + u), sum));
                TVec slope = TSimd.Multiply(scale, TSimd.Load(set + (2 * line)));
                TSimd.Store(dc + (r * line) + u, TSimd.MultiplyAdd(d, slope, TSimd.Load(dc + (r * line) + u)));
            }
        }
    }

    // z [rows, 4·line] of one block in: gates, out: dz. dc of its ranks in: ∂/∂c, out: of the previous step's c.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void GatesBackward<TSimd, TVec, TCell>(ref TCell cell, nint panel, in RecurrenceBlock block, T* z, T* c)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
        where TCell : unmanaged, ICell<T>
    {
        nint line = 64 / sizeof(T);
        T* lines = Steps.KeptAt(panel, block.Row, cell.KeptLines);
        T* dc = Steps.CellGradientAt(panel, block.First);
        CellEpilogue<TSimd, TVec, T, TCell>.GatesBackward(
            ref cell,
            Steps.OwnWeights(panel, TCell.UnitWeightLines),
            lines,
            TCell.DropsCandidate ? Steps.Drop.At(Steps.Plan.SequenceStep(Step), block.First, (int)(panel * line)) : Steps.Drop,
            Steps.GateGradientAt(panel, block.First),
            z,
            Steps.CellAt(panel, block.Previous),
            c,
            new Panels<T>(OutputGateGradient, Steps.Sequences, line).At(panel, block.First),
            line,
            dc,
            block.Count);
        CellEpilogue<TSimd, TVec, T, TCell>.ClearPadding(ref cell, lines, z, dc, block.Count, Steps.Units - (panel * line));
    }

    // products [rows, 4·line] in: W_ih x or W_hh s, out: their gradient, from dz [rows, 4·line]; adds into dγ [4·line].
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void ProductBackward<TSimd, TVec>(
        nint panel, nint rows, int firstLine, T* scales, T* dz, T* products, T* scaleGradients)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        nint width = 256 / sizeof(T);
        bool measures = Norm.MeasuresStep(rows);
        TVec count = TSimd.Broadcast(T.CreateTruncating(rows));
        for (nint u = 0; u < width; u += TSimd.Width)
        {
            TVec scaleGradient = TSimd.Load(scaleGradients + u);
            TVec sum = TSimd.Zero;
            TVec product = TSimd.Zero;
            for (nint r = 0; r < rows; r++)
            {
                TVec normal = BatchNorm<T>
                    .Normal<TSimd, TVec>(products + (r * width) + u, SetOf(measures, r, panel, firstLine) + u, width);
                TVec d = TSimd.Load(dz + (r * width) + u);
                scaleGradient = TSimd.MultiplyAdd(d, normal, scaleGradient);
                sum = TSimd.Add(sum, d);
                product = TSimd.MultiplyAdd(d, normal, product);
            }

            TSimd.Store(scaleGradients + u, scaleGradient);
            sum = measures ? TSimd.Divide(sum, count) : TSimd.Zero;
            product = measures ? TSimd.Divide(product, count) : TSimd.Zero;
            TVec scale = TSimd.Load(scales + u);
            for (nint r = 0; r < rows; r++)
            {
                T* set = SetOf(measures, r, panel, firstLine) + u;
                TVec normal = BatchNorm<T>.Normal<TSimd, TVec>(products + (r * width) + u, set, width);
                TVec d = TSimd.NegatedMultiplyAdd(normal, product, TSimd.Subtract(TSimd.Load(dz + (r * width) + u), sum));
                TSimd.Store(products + (r * width) + u, TSimd.Multiply(d, TSimd.Multiply(scale, TSimd.Load(set + (2 * width)))));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly T* SetOf(bool measures, nint rank, nint panel, int firstLine)
        => (measures ? Norm.MeasuredSet(Step, panel) : Norm.RunningSet(Step, rank, panel)) + (firstLine * (64 / sizeof(T)));
}
