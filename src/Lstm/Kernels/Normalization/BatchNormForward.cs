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
        => (long)RowsOf(Steps.Plan.Step(Step)) * Norm.Panels * (64 / sizeof(T)) * ((4 * Steps.Path.Size) + (2 * JobWork.Cell));

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
                Steps.Path.Forward<TSimd, TVec>(
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
            T* seen = Steps.Path.Seen + (block.Previous * Steps.Path.SeenStride);
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
        T* outputs = Steps.Path.OutputOf(row, 0) + (panel * line);
        CellEpilogue<TSimd, TVec, T, TCell>.Outputs(ref cell, z, shown, outputs, Steps.Path.OutputStride, rows, units);
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
