using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Kernels.Recurrence;
using Lstm.Runtime;
using Lstm.Sequences;
using Lstm.Simd;

namespace Lstm.Kernels.Normalization;

/// <summary>
/// One step of a layer with recurrent batch normalisation (Cooijmans et al. 2017): <see cref="RecurrentForward{T}"/> a step at a
/// time.
/// </summary>
/// <remarks>
/// <code>
/// x̂ = (W_ih x − μ_x)/√(σ²_x + ε)   ŝ, ĉ alike      z = γ_x⊙x̂ + γ_h⊙ŝ + b      h = o⊙tanh(γ_c⊙ĉ + β_c)
/// </code>
/// The rows of a step meet in μ and σ², the units do not: so workers divide the panels up to the units' outputs, and, in a second
/// job, the rows for what comes after them. Sums over rows are chains in ascending order, one for each column.
/// </remarks>
internal unsafe struct BatchNormForward<T> : ICellWork<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>
    /// The recurrence without normalisation; of its steps only <see cref="Step"/> is done, and its
    /// <see cref="RecurrentForward{T}.Input"/> is not used.
    /// </summary>
    public required RecurrentForward<T> Steps;
    public required BatchNorm<T> Norm;

    /// <summary>The step of the walk.</summary>
    public int Step;

    /// <summary>
    /// Whether the job is the second one of the step: from the units' outputs to what the next step sees.
    /// </summary>
    public bool AfterUnits;

    private int _first;
    private int _end;

    public readonly SimdWidth Width => Steps.Width;

    public readonly long Work
        => (long)RowsOf(Steps.Plan.Step(Step)) * Norm.Panels * (64 / sizeof(T)) * ((4 * Steps.Size) + (2 * JobWork.Cell));

    private readonly int Parts => AfterUnits ? RowsOf(Steps.Plan.Step(Step)) : (int)Norm.Panels;

    public readonly int SharesFor(int workers) => Math.Min(workers, Parts);

    public void SetShare(WorkShare share) => (_first, _end) = share.Of(Parts);

    /// <summary>Rows of a step, all blocks together: they lie next to each other, as their ranks do.</summary>
    public static int RowsOf(ReadOnlySpan<RecurrenceBlock> blocks) => blocks[^1].First + blocks[^1].Count;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Run<TSimd, TVec, TCell>(ref TCell cell)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
        where TCell : unmanaged, ICell<T>
    {
        // SAFETY: BatchNormRecurrence.Prepare reserves the products, statistics and shown for the same GateRows, steps and ranks
        // as DirectionTape.Prepare the gates; running sets are filled up to the last step that takes one (UpdateRunning). A share
        // is a range of panels, or of the step's ranks.
        Debug.Assert(Step >= Steps.FirstStep && Step < Steps.EndStep, "The step is not of the stretch.");
        Debug.Assert(_first >= 0 && _end <= Parts, "A share leaves the step.");
        Norm.AssertValid(RowsOf(Steps.Plan.Step(Step)));
        for (nint panel = _first; panel < _end && !AfterUnits; panel++)
        {
            RunPanel<TSimd, TVec, TCell>(ref cell, panel);
        }

        foreach (ref readonly RecurrenceBlock block in Steps.Plan.Step(Step))
        {
            int first = Math.Max(_first, block.First);
            nint rows = Math.Min(_end, block.First + block.Count) - first;
            if (AfterUnits && rows > 0)
            {
                nint skipped = first - block.First;
                Steps.Update.Forward<TSimd, TVec>(
                    Steps.Plan.SequenceStep(Step), first, rows, block.Row + skipped, block.Previous + skipped);
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
        ReadOnlySpan<RecurrenceBlock> blocks = Steps.Plan.Step(Step);
        nint rows = RowsOf(blocks);
        nint row = blocks[0].Row;
        nint units = nint.Min(line, Steps.Units - (panel * line));
        T* z = Steps.GatesAt(panel, row);
        T* hidden = ProductsAt(Norm.HiddenProducts, panel, row);
        T* inputs = ProductsAt(Norm.InputProducts, panel, row);
        foreach (ref readonly RecurrenceBlock block in blocks)
        {
            T* seen = Steps.Seen + (block.Previous * Steps.SeenStride);
            Steps.MultiplySeen<TSimd, TVec>(panel, Norm.Panels, seen, block.Count, hidden + (block.First * 4 * line));
        }

        bool measures = Norm.MeasuresStep(rows);
        T* set = Norm.MeasuredSet(Step, panel);
        if (measures)
        {
            Measure<TSimd, TVec>(inputs, 4 * line, rows, set);
            Measure<TSimd, TVec>(hidden, 4 * line, rows, set + (BatchNorm<T>.HiddenLine * line));
        }

        AddUp<TSimd, TVec>(panel, rows, inputs, hidden, z);
        T* computed = Steps.NewCell(panel, 0, row);
        foreach (ref readonly RecurrenceBlock block in blocks)
        {
            CellEpilogue<TSimd, TVec, T, TCell>.Gates(
                ref cell,
                Steps.OwnWeights(panel, TCell.UnitWeightLines),
                Steps.KeptAt(panel, block.First, block.Row, cell.KeptLines),
                TCell.DropsCandidate ? Steps.Drop.At(Steps.Plan.SequenceStep(Step), block.First, (int)(panel * line))
                    : Steps.Drop,
                z + (4 * block.First * line),
                Steps.CellBefore(panel, block.First, block.Previous),
                computed + (block.First * line),
                block.Count);
        }

        CellEpilogue<TSimd, TVec, T, TCell>.ClearPadding(computed, rows, units);

        if (measures)
        {
            Measure<TSimd, TVec>(computed, line, rows, set + (BatchNorm<T>.CellLine * line));
        }

        T* shown = Norm.Shown + (panel * Steps.Sequences * line);
        Show<TSimd, TVec>(panel, rows, computed, shown);
        T* outputs = Steps.OutputOf(row, 0) + (panel * line);
        CellEpilogue<TSimd, TVec, T, TCell>.Outputs(ref cell, z, shown, outputs, Steps.OutputStride, rows, units);
        if (Steps.CellZoneout.Exists)
        {
            ZoneOut<TSimd, TVec>(panel, blocks, computed);
        }
    }

    // c after the step, from the computed one and the one before.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void ZoneOut<TSimd, TVec>(nint panel, ReadOnlySpan<RecurrenceBlock> blocks, T* computed)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        nint line = 64 / sizeof(T);
        int t = Steps.Plan.SequenceStep(Step);
        foreach (ref readonly RecurrenceBlock block in blocks)
        {
            T* before = Steps.CellBefore(panel, block.First, block.Previous);
            T* next = computed + (block.First * line);
            T* after = Steps.CellAfter(panel, block.First, block.Row);
            Steps.CellZoneout.Forward<TSimd, TVec>(
                t, block.First, panel * line, before, line, next, line, after, line, block.Count, line);
        }
    }

    // W_ih x or W_hh s of a row; their rows are those of the gates.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly T* ProductsAt(T* products, nint panel, nint row)
        => new Panels<T>(products, Steps.GateRows, 256 / sizeof(T)).At(panel, row - Steps.FirstGateRow);

    // values [rows, width] → set: means [width], variances [width], 1/√(variance + ε) [width].
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void Measure<TSimd, TVec>(T* values, nint width, nint rows, T* set)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        nint u = 0;
        for (; u <= width - (4 * TSimd.Width); u += 4 * TSimd.Width)
        {
            MeasureFour<TSimd, TVec>(values + u, width, rows, set + u);
        }

        TVec count = TSimd.Broadcast(T.CreateTruncating(rows));
        for (; u < width; u += TSimd.Width)
        {
            TVec sum = TSimd.Zero;
            for (nint r = 0; r < rows; r++)
            {
                sum = TSimd.Add(sum, TSimd.Load(values + (r * width) + u));
            }

            TVec mean = TSimd.Divide(sum, count);
            TVec squares = TSimd.Zero;
            for (nint r = 0; r < rows; r++)
            {
                TVec distance = TSimd.Subtract(TSimd.Load(values + (r * width) + u), mean);
                squares = TSimd.MultiplyAdd(distance, distance, squares);
            }

            Store<TSimd, TVec>(set + u, width, mean, TSimd.Divide(squares, count));
        }
    }

    // Four adjacent vectors of columns at a time: one chain alone would wait for each of its additions.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void MeasureFour<TSimd, TVec>(T* values, nint width, nint rows, T* set)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        TVec count = TSimd.Broadcast(T.CreateTruncating(rows));
        TVec a = TSimd.Zero, b = TSimd.Zero, c = TSimd.Zero, d = TSimd.Zero;
        T* row = values;
        for (nint r = 0; r < rows; r++, row += width)
        {
            a = TSimd.Add(a, TSimd.Load(row));
            b = TSimd.Add(b, TSimd.Load(row + TSimd.Width));
            c = TSimd.Add(c, TSimd.Load(row + (2 * TSimd.Width)));
            d = TSimd.Add(d, TSimd.Load(row + (3 * TSimd.Width)));
        }

        TVec meanA = TSimd.Divide(a, count), meanB = TSimd.Divide(b, count), meanC = TSimd.Divide(c, count),
            meanD = TSimd.Divide(d, count);
        a = b = c = d = TSimd.Zero;
        row = values;
        for (nint r = 0; r < rows; r++, row += width)
        {
            TVec distanceA = TSimd.Subtract(TSimd.Load(row), meanA);
            TVec distanceB = TSimd.Subtract(TSimd.Load(row + TSimd.Width), meanB);
            TVec distanceC = TSimd.Subtract(TSimd.Load(row + (2 * TSimd.Width)), meanC);
            TVec distanceD = TSimd.Subtract(TSimd.Load(row + (3 * TSimd.Width)), meanD);
            a = TSimd.MultiplyAdd(distanceA, distanceA, a);
            b = TSimd.MultiplyAdd(distanceB, distanceB, b);
            c = TSimd.MultiplyAdd(distanceC, distanceC, c);
            d = TSimd.MultiplyAdd(distanceD, distanceD, d);
        }

        Store<TSimd, TVec>(set, width, meanA, TSimd.Divide(a, count));
        Store<TSimd, TVec>(set + TSimd.Width, width, meanB, TSimd.Divide(b, count));
        Store<TSimd, TVec>(set + (2 * TSimd.Width), width, meanC, TSimd.Divide(c, count));
        Store<TSimd, TVec>(set + (3 * TSimd.Width), width, meanD, TSimd.Divide(d, count));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly void Store<TSimd, TVec>(T* set, nint width, TVec mean, TVec variance)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        TSimd.Store(set, mean);
        TSimd.Store(set + width, variance);
        TVec deviation = TSimd.Sqrt(TSimd.Add(variance, TSimd.Broadcast(Norm.Epsilon)));
        TSimd.Store(set + (2 * width), TSimd.Divide(TSimd.Constant(1), deviation));
    }

    // z [rows, 4·line] from the products; z may be one of them.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void AddUp<TSimd, TVec>(nint panel, nint rows, T* inputs, T* hidden, T* z)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        nint width = 256 / sizeof(T);
        T* bias = Steps.Bias == null ? null : Steps.Bias + (panel * width);
        T* inputScale = Norm.InputScale + (panel * width);
        T* hiddenScale = Norm.HiddenScale + (panel * width);
        T* set = Norm.MeasuredSet(Step, panel);
        bool runs = !Norm.MeasuresStep(rows);
        for (nint r = 0; r < rows; r++)
        {
            set = runs ? Norm.RunningSet(Step, r, panel) : set;
            T* ofHidden = set + (3 * width);
            for (nint u = 0; u < width; u += TSimd.Width)
            {
                TVec x = BatchNorm<T>.Normal<TSimd, TVec>(inputs + u, set + u, width);
                TVec s = BatchNorm<T>.Normal<TSimd, TVec>(hidden + u, ofHidden + u, width);
                TVec start = bias == null ? TSimd.Zero : TSimd.Load(bias + u);
                TSimd.Store(z + u, TSimd.MultiplyAdd(hiddenScale + u, 0, s, TSimd.MultiplyAdd(inputScale + u, 0, x, start)));
            }

            inputs += width;
            hidden += width;
            z += width;
        }
    }

    // shown [rows, line] = γ_c⊙ĉ + β_c
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void Show<TSimd, TVec>(nint panel, nint rows, T* c, T* shown)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        nint line = 64 / sizeof(T);
        T* scale = Norm.CellScale + (panel * line);
        T* shift = Norm.CellShift + (panel * line);
        bool runs = !Norm.MeasuresStep(rows);
        for (nint r = 0; r < rows; r++)
        {
            T* set = (runs ? Norm.RunningSet(Step, r, panel) : Norm.MeasuredSet(Step, panel)) + (BatchNorm<T>.CellLine * line);
            for (nint u = 0; u < line; u += TSimd.Width)
            {
                TVec normal = BatchNorm<T>.Normal<TSimd, TVec>(c + u, set + u, line);
                TSimd.Store(shown + u, TSimd.MultiplyAdd(scale + u, 0, normal, TSimd.Load(shift + u)));
            }

            c += line;
            shown += line;
        }
    }
}

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
            * ((4 * Steps.Size) + (2 * JobWork.Cell));

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
                Steps.Receive<TSimd, TVec>(t, Math.Max(first, block.Continuing), first, rows, row);
            }
            else if (rows > 0)
            {
                Steps.Propagate<TSimd, TVec>(t, first, rows, row, block.Previous + first - block.First);
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
        T* dm = Steps.UnitGradient + unit;
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
                TVec dh = TSimd.Load(dm + (r * Steps.UnitStride) + u);
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
