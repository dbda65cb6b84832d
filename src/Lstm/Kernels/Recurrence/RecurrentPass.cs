using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Kernels.Elementwise;
using Lstm.Kernels.Products;
using Lstm.Runtime;
using Lstm.Sequences;
using Lstm.Simd;

namespace Lstm.Kernels.Recurrence;

/// <summary>
/// The recurrent half of a layer's forward pass: all steps of a stretch of the plan, for a share of the sequences.
/// </summary>
/// <remarks>
/// z ← z + h₋₁·W_hhᵀ (or, with the input's weights given, z ← b + x·W_ihᵀ + h₋₁·W_hhᵀ), then the cell's equations. Sequences
/// do not meet here, so each share takes some of them through the stretch without waiting for the others. The next stretch
/// may be divided otherwise.
/// </remarks>
// SAFETY: DirectionLayer.Steps makes the struct. DirectionTape.Prepare has reserved gates, states, kept lines and the c before
// zoneout for these row counts in each panel, LstmTape.Prepare or DirectionSegments.ForwardSegment the slots of h, and
// HiddenUpdateTape.Prepare those of s where it is not h. Rows and slots come from RecurrencePlan.Set of the same shape, and a
// share is a range of its ranks (SequenceSplit.Of).
internal unsafe struct RecurrentForward<T> : ICellWork<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public required SimdWidth Width { get; init; }

    public required RecurrencePlan Plan;
    public required SequenceSplit Split;

    /// <summary>Steps of the walk, [FirstStep, EndStep).</summary>
    public required int FirstStep;
    public required int EndStep;

    /// <summary>H.</summary>
    public required int Units;

    /// <summary>B: slots before the first row's.</summary>
    public required int Sequences;

    /// <summary>W_hh by panels.</summary>
    public required T* Recurrent;

    /// <summary>The input's term, its A at row 0, when x·W_ihᵀ has not been added to z beforehand; else B is null.</summary>
    public required ProductTerm<T> Input;

    /// <summary>b by panels, used with <see cref="Input"/>; null for none.</summary>
    public required T* Bias;

    /// <summary>The weights of the units' own by panels; null for a cell that has none.</summary>
    public required T* UnitWeights;

    /// <summary>What the cell keeps, [panels, KeptRows, KeptLines·line]: by row when the cells are kept, else by rank.</summary>
    public T* KeptValues;
    public nint KeptRows;

    /// <summary>z [panels, GateRows, 4·line], its first row standing for row <see cref="FirstGateRow"/>.</summary>
    public required T* Gates;
    public required nint GateRows;
    public required nint FirstGateRow;

    /// <summary>
    /// c and the cell's other states, [panels, CellSlots, StateVectors·line]: by slot when they are kept, else by rank, each step
    /// over the one before.
    /// </summary>
    public required T* Cells;
    public required nint CellSlots;
    public required bool KeepCells;

    /// <summary>h by slot: slot b &lt; B is the initial state of rank b, slot B + row the state after that row.</summary>
    public required T* Hidden;
    public required nint HiddenStride;

    /// <summary>Values of h: H, or P with a projection.</summary>
    public required int Size;

    /// <summary>s by slot, what the next step's products see: h itself, unless an update makes it of h.</summary>
    public required T* Seen;
    public required nint SeenStride;

    /// <summary>What makes h and s of the units' outputs; a plain layer, where these are h and s, has none.</summary>
    public HiddenUpdate<T> Update;

    /// <summary>The weights of the gates that the next step sees, by panels of z; null for none.</summary>
    public T* GateRecurrent;

    /// <summary>The dropout of the candidates.</summary>
    public CandidateDrop<T> Drop;

    /// <summary>The zoneout of c; with it the c before it, [panels, NewCellRows, line], by row when kept, else by rank.</summary>
    public Zoneout<T> CellZoneout;
    public T* NewCells;
    public nint NewCellRows;

    private int _firstRank;
    private int _endRank;

    public readonly long Work
    {
        get
        {
            nint line = 64 / sizeof(T);
            nint units = (Units + line - 1) / line * line;
            nint gates = GateRecurrent == null ? 0 : 3 * Units;
            return Split.Rows * (long)units * ((4 * ((Input.B == null ? 0 : Input.Count) + Size + gates)) + JobWork.Cell);
        }
    }

    /// <summary>The distance of the units' outputs of one row to those of the next.</summary>
    public readonly nint OutputStride => Update.Projection == null ? HiddenStride : Units;

    public readonly int SharesFor(int workers) => Split.SharesFor(workers);

    public void SetShare(WorkShare share) => (_firstRank, _endRank) = Split.Of(share);

    /// <summary>Where the units' outputs of a row go: into h, unless a projection has yet to make h of them.</summary>
    public readonly T* OutputOf(nint row, nint rank)
        => Update.Projection == null ? Hidden + ((Sequences + row) * HiddenStride) : Update.OutputOf(row, rank);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Run<TSimd, TVec, TCell>(ref TCell cell)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
        where TCell : unmanaged, ICell<T>
    {
        AssertValid();
        nint line = 64 / sizeof(T);
        nint gates = 4 * line;
        T* seen = Seen;
        nint seenStride = SeenStride;
        nint size = Size;
        nint hStride = OutputStride;
        ProductTerm<T>* terms = stackalloc ProductTerm<T>[3];
        terms[0] = Input;
        SetRecurrentTerms(terms + 1, null);
        CandidateDrop<T> drop = Drop;

        // Gates that nobody asks for again need no place of their own, only a line that stays in the first-level cache.
        // Theirs is that of their rank in the first panel: no step has more rows than GateRows.
        bool passing = Input.B != null && !KeepCells && !Update.ShowsGates;
        for (int step = FirstStep; step < EndStep; step++)
        {
            foreach (ref readonly RecurrenceBlock block in Plan.Step(step))
            {
                int first = Math.Max(_firstRank, block.First);
                nint rows = Math.Min(_endRank, block.First + block.Count) - first;
                if (rows <= 0)
                {
                    continue;
                }

                nint row = block.Row + first - block.First;
                nint previous = block.Previous + first - block.First;
                terms[0].A = Input.A + (row * Input.ARowStride);
                terms[1].A = seen + (previous * seenStride);
                terms[2].A = terms[1].A + size;
                T* h = OutputOf(row, first);
                nint units = Units;
                for (nint panel = 0; units > 0; panel++, units -= line)
                {
                    T* z = Gates + ((passing ? first : (panel * GateRows) + row - FirstGateRow) * gates);
                    Multiply<TSimd, TVec>(terms, panel, units > line ? panel + 1 : 0, rows, z);
                    nint states = TCell.StateVectors * line;
                    T* cells = Cells + (panel * CellSlots * states);
                    T* before = cells + ((KeepCells ? previous : first) * states);
                    T* after = cells + ((KeepCells ? Sequences + row : first) * states);
                    T* own = UnitWeights == null ? null : UnitWeights + (panel * TCell.UnitWeightLines * line);
                    T* computed = CellZoneout.Exists
                        ? NewCells + (((panel * NewCellRows) + (KeepCells ? row : first)) * line) : after;
                    T* lines = KeptValues + (((panel * KeptRows) + (KeepCells ? row : first)) * cell.KeptLines * line);
                    int t = Plan.SequenceStep(step);
                    if (TCell.DropsCandidate)
                    {
                        drop = Drop.At(t, first, (int)(panel * line));
                    }

                    CellEpilogue<TSimd, TVec, T, TCell>.Forward(
                        ref cell, own, lines, drop, z, before, computed, h + (panel * line), hStride, rows,
                        nint.Min(units, line));
                    if (CellZoneout.Exists)
                    {
                        CellZoneout.Forward<TSimd, TVec>(
                            t, first, panel * line, before, line, computed, line, after, line, rows, line);
                    }
                }

                if (Update.Exists)
                {
                    Update.Forward<TSimd, TVec>(Plan.SequenceStep(step), first, rows, row, previous);
                }
            }
        }
    }

    // u [rows, 4·line] of a panel = W_hh·s, with what the gates before add to it; s as the steps at `seen` see it.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void MultiplySeen<TSimd, TVec>(nint panel, nint panels, T* seen, nint rows, T* u)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        nint gates = 256 / sizeof(T);
        nint size = Size;
        if (rows == 1 && GateRecurrent == null)
        {
            RowKernel<TSimd, TVec, T>.Run(u, null, null, 0, null, seen, size, Recurrent + (panel * gates * size));
            return;
        }

        ProductTerm<T>* terms = stackalloc ProductTerm<T>[2];
        SetRecurrentTerms(terms, seen);
        PanelProduct<T> product = new()
        {
            C = u,
            CStride = gates,
            Terms = terms,
            TermCount = GateRecurrent == null ? 1 : 2,
            Rows = rows,
            PanelStart = panel * gates,
            Width = gates,
        };
        product.Fetch(Recurrent + ((panel + 1 < panels ? panel + 1 : 0) * gates * size), size);
        Product<TSimd, TVec, T>.Panel<AlongSum>(ref product);
    }

    // z [rows, 4·line] of a panel, from the input's term, unless z has it already, and the terms of what the step sees, all at
    // these rows; meanwhile the weights of panel `next` are fetched. Inlined, since Run calls it for each panel of each step.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly void Multiply<TSimd, TVec>(ProductTerm<T>* terms, nint panel, nint next, nint rows, T* z)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        nint gates = 256 / sizeof(T);
        nint size = Size;
        bool fused = Input.B != null;
        T* start = !fused ? z : Bias == null ? null : Bias + (panel * gates);
        if (rows == 1 && GateRecurrent == null)
        {
            nint inputs = fused ? Input.Count : 0;
            T* w = Input.B + (panel * gates * inputs);
            RowKernel<TSimd, TVec, T>.Run(
                z, start, terms[0].A, inputs, w, terms[1].A, size, Recurrent + (panel * gates * size));
            return;
        }

        PanelProduct<T> product = new()
        {
            C = z,
            CStride = gates,
            Start = start,
            StartStride = fused ? 0 : gates,
            Terms = fused ? terms : terms + 1,
            TermCount = (GateRecurrent == null ? 1 : 2) + (fused ? 1 : 0),
            Rows = rows,
            PanelStart = panel * gates,
            Width = gates,
        };
        product.Fetch(Recurrent + (next * gates * size), size);
        if (fused)
        {
            product.Later = (byte*)(Input.B + (next * gates * Input.Count));
            product.LaterLines = Input.Count * gates * sizeof(T) / 64;
        }

        Product<TSimd, TVec, T>.Panel<AlongSum>(ref product);
    }

    // W_hh·s, and the weights of the gates in s.
    private readonly void SetRecurrentTerms(ProductTerm<T>* terms, T* seen)
    {
        nint size = Size;
        terms[0] = new ProductTerm<T>
        {
            A = seen,
            ARowStride = SeenStride,
            B = Recurrent,
            PanelRows = size,
            RowStep = 1,
            Count = size,
        };
        terms[1] = new ProductTerm<T>
        {
            A = seen + size,
            ARowStride = SeenStride,
            B = GateRecurrent,
            PanelRows = 3 * Units,
            RowStep = 1,
            Count = 3 * Units,
        };
    }

    [Conditional("DEBUG")]
    private readonly void AssertValid()
    {
        Debug.Assert(FirstStep >= 0 && FirstStep <= EndStep && EndStep <= Plan.StepCount, "A step is not of the plan.");
        Debug.Assert(_firstRank >= 0 && _endRank <= Sequences, "A rank is not of the batch.");
        Debug.Assert(CellSlots == (KeepCells ? Sequences + GateRows : Sequences), "The slots are not those of the batch.");
        Debug.Assert(FirstGateRow >= 0 && (!KeepCells || FirstGateRow == 0), "Gates that are kept begin with row 0.");
        if (FirstStep < EndStep)
        {
            Debug.Assert(Recurrent != null && Gates != null && Cells != null, "The weights, gates or states are missing.");
            Debug.Assert(Hidden != null && Seen != null && SeenStride >= Size, "There is no h or s.");
            Debug.Assert(!CellZoneout.Exists || NewCells != null, "Zoneout has no room for the new c.");
        }
    }
}

/// <summary>
/// Back-propagation through time of one direction, for a share of the sequences: gates become dz, step by step backwards.
/// </summary>
/// <remarks>
/// <code>
/// dh = dy + Rᵀ dz₊₁      dz, dc by the cell's equations      R = W_hh
/// </code>
/// The chain of dh starts from dy, the output's gradient, and takes dz in storage order. Gates become dz, and dc is carried in
/// place. What is left in dh and dc is the initial state's gradient.
/// </remarks>
// SAFETY: DirectionLayer.StepsBackward makes the struct. DirectionTape has reserved gates, states and kept lines for all rows in
// Prepare, and for all ranks the states' gradients, padding included, in ClearStateGradients and what zoneout carries in
// PrepareBackward; dy has the rows of the batch. Rows and slots come from RecurrencePlan.Set of the same shape, and a share is a
// range of its ranks (SequenceSplit.Of).
internal unsafe struct RecurrentBackward<T> : ICellWork<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public required SimdWidth Width { get; init; }

    public required RecurrencePlan Plan;
    public required SequenceSplit Split;

    /// <summary>H.</summary>
    public required int Units;

    /// <summary>B: slots before the first row's.</summary>
    public required int Sequences;

    /// <summary>Values of h: H, or P with a projection.</summary>
    public required int Size;

    /// <summary>dy: the gradient of the output's rows, this direction's columns.</summary>
    public required T* OutputGradient;
    public required nint OutputStride;

    /// <summary>W_hh with its columns, the values of h, by panels, and a row for each gate column.</summary>
    public required T* Transposed;
    public required PanelLayout Columns;

    /// <summary>dz by terms whose A is at row 0, in storage order, for products with <see cref="Transposed"/>.</summary>
    public required ProductTerm<T>* GateTerms;
    public required int GateTermCount;

    /// <summary>
    /// The dz, by rank, of the first rows of the segment read after this one, by terms as <see cref="GateTerms"/>: read by
    /// <see cref="PropagateLater"/>.
    /// </summary>
    public ProductTerm<T>* LaterTerms;

    /// <summary>Whether no error flows back through what saw h (Hochreiter &amp; Schmidhuber 1997).</summary>
    public bool Truncates;

    /// <summary>
    /// dh by rank, [B, padded Size]. In: the final state's gradient, out: the initial state's. The padding is 0.
    /// </summary>
    public required T* HiddenGradient;

    /// <summary>The way back between h and the units' outputs; a plain layer has none.</summary>
    public HiddenUpdateBackward<T> Update;

    /// <summary>The weights of the units' own by panels; null for a cell that has none.</summary>
    public required T* UnitWeights;

    /// <summary>What the cell has kept and keeps for its weights' gradients, [panels, KeptRows, KeptLines·line].</summary>
    public T* KeptValues;
    public nint KeptRows;

    /// <summary>In: gates, out: dz; [panels, GateRows, 4·line].</summary>
    public required T* Gates;
    public required nint GateRows;

    /// <summary>c and the cell's other states by slot: [panels, CellSlots, StateVectors·line].</summary>
    public required T* Cells;
    public required nint CellSlots;

    /// <summary>The gradients of the states by rank, [panels, B, StateVectors·line]; in and out as dh.</summary>
    public required T* CellGradient;

    /// <summary>
    /// In a segment of a longer pass: how many of the first ranks have a step in the segment read before this one, and after it.
    /// dh crosses the cut as dz, since its chain starts from an output's gradient that the later segment does not know.
    /// </summary>
    public int Earlier;
    public int Later;

    /// <summary>The dropout of the candidates.</summary>
    public CandidateDrop<T> Drop;

    /// <summary>
    /// The zoneout of c; with it the c before it, [panels, NewCellRows, line], and room for what it carries back, like dc.
    /// </summary>
    public Zoneout<T> CellZoneout;
    public T* NewCells;
    public nint NewCellRows;
    public T* CellCarried;

    private int _firstRank;
    private int _endRank;

    public readonly long Work
    {
        get
        {
            nint line = 64 / sizeof(T);
            nint units = (Units + line - 1) / line * line;
            nint gates = Update.GateColumns is null ? 0 : 3 * Units;
            return Split.Rows * (long)units * ((4 * (Size + gates)) + JobWork.Cell);
        }
    }

    /// <summary>dm, the gradient of the units' outputs, by rank: dh, unless there is a projection between.</summary>
    public readonly T* UnitGradient => Update.UnitGradient == null ? HiddenGradient : Update.UnitGradient;

    public readonly nint UnitStride => Update.UnitGradient == null ? Columns.PaddedColumns : Update.UnitStride;

    public readonly int SharesFor(int workers) => Split.SharesFor(workers);

    public void SetShare(WorkShare share) => (_firstRank, _endRank) = Split.Of(share);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Run<TSimd, TVec, TCell>(ref TCell cell)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
        where TCell : unmanaged, ICell<T>
    {
        Debug.Assert(_firstRank >= 0 && _endRank <= Sequences && Later <= Sequences, "A rank is not of the batch.");
        Debug.Assert(CellSlots == Sequences + GateRows, "The forward pass has not kept gates and states.");
        Debug.Assert(Plan.StepCount == 0 || (Gates != null && Cells != null && CellGradient != null), "An operand is missing.");
        Debug.Assert(
            Plan.StepCount == 0 || !CellZoneout.Exists || (NewCells != null && CellCarried != null), "Zoneout has no room.");
        int last = Math.Min(_endRank, Later);
        if (_firstRank < last)
        {
            PropagateLater<TSimd, TVec>(_firstRank, last - _firstRank, Plan.LastSlot(Sequences) + _firstRank);
        }

        for (int step = Plan.StepCount - 1; step >= 0; step--)
        {
            int crossing = step == 0 ? Earlier : 0;
            foreach (ref readonly RecurrenceBlock block in Plan.Step(step))
            {
                int first = Math.Max(_firstRank, block.First);
                int rows = Math.Min(_endRank, block.First + block.Count) - first;
                if (rows > 0)
                {
                    nint row = block.Row + first - block.First;
                    nint previous = block.Previous + first - block.First;
                    int t = Plan.SequenceStep(step);
                    Receive<TSimd, TVec>(t, Math.Max(first, block.Continuing), first, rows, row);
                    ApplyCell<TSimd, TVec, TCell>(ref cell, t, first, rows, row, previous);
                    int skipped = Math.Clamp(crossing - first, 0, rows);
                    if (skipped < rows)
                    {
                        Propagate<TSimd, TVec>(t, first + skipped, rows - skipped, row + skipped, previous + skipped);
                    }
                }
            }
        }
    }

    /// <summary>
    /// Completes dh of some rows of one step: sequences that end here, from rank <paramref name="from"/> on, have dy to add, the
    /// others started with it. Then dm follows.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Receive<TSimd, TVec>(int step, int from, int first, int rows, nint row)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        Debug.Assert(HiddenGradient != null && OutputGradient != null, "A gradient is missing.");
        Debug.Assert(first >= 0 && from >= first && first + rows <= Sequences && row >= 0, "There are no such rows.");
        nint stride = Columns.PaddedColumns;
        if (from < first + rows)
        {
            T* dy = OutputGradient + ((row + from - first) * OutputStride);
            nint ending = first + rows - from;
            StepProduct<TSimd, TVec, T>.Add(HiddenGradient + (from * stride), stride, dy, OutputStride, ending, Size);
        }

        if (Update.Exists)
        {
            Update.Receive<TSimd, TVec>(step, first, rows, row, HiddenGradient + (first * stride), stride);
        }
    }

    /// <summary>
    /// dh of the previous step, dy + Rᵀ dz, complete but for the sequences that begin here: the initial state has no dy.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Propagate<TSimd, TVec>(int step, nint first, nint rows, nint row, nint previous)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        Debug.Assert(HiddenGradient != null && OutputGradient != null, "A gradient is missing.");
        Debug.Assert(first >= 0 && first + rows <= Sequences && row >= 0 && previous >= 0, "There are no such rows.");
        T* dh = HiddenGradient + (first * Columns.PaddedColumns);
        T* dy = previous < Sequences ? null : OutputGradient + ((previous - Sequences) * OutputStride);
        if (Update.Exists)
        {
            Update.Propagate<TSimd, TVec>(this, step, first, rows, row, dy, dh);
        }
        else
        {
            MultiplyBack<TSimd, TVec>(row, rows, dy, OutputStride, dh);
        }
    }

    /// <summary><see cref="Propagate"/> for ranks whose next step is the first of the segment read after this one.</summary>
    // A mask on the way is one for all steps, so the step does not matter.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void PropagateLater<TSimd, TVec>(nint first, nint rows, nint previous)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        Debug.Assert(LaterTerms != null, "There is no later segment.");
        RecurrentBackward<T> later = this;
        later.GateTerms = LaterTerms;
        later.Update.GateTerms = Update.LaterTerms;
        later.Propagate<TSimd, TVec>(0, first, rows, first, previous);
    }

    // dh [rows, Size] = start + Rᵀ dz of the rows, or start alone where the gradient is truncated; start may be null, for 0.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void MultiplyBack<TSimd, TVec>(nint row, nint rows, T* start, nint startStride, T* dh)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        if (!Truncates)
        {
            StepProduct<TSimd, TVec, T>.Multiply(GateTerms, GateTermCount, Columns, Size, row, rows, start, startStride, dh);
            return;
        }

        for (nint r = 0; r < rows; r++)
        {
            Span<T> target = new(dh + (r * Columns.PaddedColumns), Size);
            if (start == null)
            {
                target.Clear();
            }
            else
            {
                new ReadOnlySpan<T>(start + (r * startStride), Size).CopyTo(target);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void ApplyCell<TSimd, TVec, TCell>(ref TCell cell, int step, int first, nint rows, nint row, nint previous)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
        where TCell : unmanaged, ICell<T>
    {
        nint line = 64 / sizeof(T);
        T* dm = UnitGradient + (first * UnitStride);
        CandidateDrop<T> drop = Drop;
        for (nint panel = 0; panel * line < Units; panel++)
        {
            nint states = TCell.StateVectors * line;
            T* cells = Cells + (panel * CellSlots * states);
            T* after = CellZoneout.Exists
                ? NewCells + (((panel * NewCellRows) + row) * line) : cells + ((Sequences + row) * states);
            nint place = ((panel * Sequences) + first) * line;
            T* dc = CellGradient + (place * TCell.StateVectors);
            if (CellZoneout.Exists)
            {
                CellZoneout.Backward<TSimd, TVec>(step, first, panel * line, dc, CellCarried + place, line, rows, line);
            }

            if (TCell.DropsCandidate)
            {
                drop = Drop.At(step, first, (int)(panel * line));
            }

            T* lines = KeptValues + (((panel * KeptRows) + row) * cell.KeptLines * line);
            T* z = Gates + (((panel * GateRows) + row) * 4 * line);
            CellEpilogue<TSimd, TVec, T, TCell>.Backward(
                ref cell,
                UnitWeights == null ? null : UnitWeights + (panel * TCell.UnitWeightLines * line),
                lines,
                drop,
                Update.GateGradient == null ? null : Update.GateGradient + (3 * place),
                z,
                cells + (previous * states),
                after,
                dm + (panel * line),
                UnitStride,
                dc,
                rows);
            CellEpilogue<TSimd, TVec, T, TCell>.ClearPadding(ref cell, lines, z, dc, rows, Units - (panel * line));
            if (CellZoneout.Exists)
            {
                Zoneout<T>.AddCarried<TSimd, TVec>(dc, CellCarried + place, rows * line);
            }
        }
    }
}
