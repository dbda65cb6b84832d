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
// zoneout for these row counts in each panel; HiddenUpdate says what holds of h, m and s. Rows and slots come from
// RecurrencePlan.Set of the same shape, and a share is a range of its ranks (SequenceSplit.Of).
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

    /// <summary>Where the units' outputs go, and the way from there to what the next step sees.</summary>
    public required HiddenUpdate<T> Path;

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
            return Split.Rows * (long)units * ((4 * ((Input.B == null ? 0 : Input.Count) + Path.Size + gates)) + JobWork.Cell);
        }
    }

    public readonly int SharesFor(int workers) => Split.SharesFor(workers);

    public void SetShare(WorkShare share) => (_firstRank, _endRank) = Split.Of(share);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Run<TSimd, TVec, TCell>(ref TCell cell)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
        where TCell : unmanaged, ICell<T>
    {
        AssertValid();
        nint line = 64 / sizeof(T);
        nint gates = 4 * line;
        T* seen = Path.Seen;
        nint seenStride = Path.SeenStride;
        nint size = Path.Size;
        nint hStride = Path.OutputStride;
        ProductTerm<T>* terms = stackalloc ProductTerm<T>[3];
        terms[0] = Input;
        SetRecurrentTerms(terms + 1, null);
        CandidateDrop<T> drop = Drop;

        // Gates that nobody asks for again need no place of their own, only a line that stays in the first-level cache.
        // Theirs is that of their rank in the first panel: no step has more rows than GateRows.
        bool passing = Input.B != null && !KeepCells && !Path.ShowsGates;
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
                T* h = Path.OutputOf(row, first);
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

                if (Path.Exists)
                {
                    Path.Forward<TSimd, TVec>(Plan.SequenceStep(step), first, rows, row, previous);
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
        nint size = Path.Size;
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
        nint size = Path.Size;
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
        nint size = Path.Size;
        terms[0] = new ProductTerm<T>
        {
            A = seen,
            ARowStride = Path.SeenStride,
            B = Recurrent,
            PanelRows = size,
            RowStep = 1,
            Count = size,
        };
        terms[1] = new ProductTerm<T>
        {
            A = seen + size,
            ARowStride = Path.SeenStride,
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
            Debug.Assert(Path.Outputs != null && Path.Hidden != null && Path.Seen != null, "There is no m, h or s.");
            Debug.Assert(!CellZoneout.Exists || NewCells != null, "Zoneout has no room for the new c.");
        }
    }
}

/// <summary>
/// Back-propagation through time of one direction, for a share of the sequences: gates become dz, step by step backwards.
/// </summary>
/// <remarks>
/// At each step dh = ∂/∂output + dz₊₁·W_hh (the chain starts from the output's gradient and takes dz in storage order), the
/// cell's equations turn gates into dz, and dc is carried in place. What is left in dh and dc is the initial state's gradient.
/// </remarks>
// SAFETY: DirectionLayer.StepsBackward makes the struct. DirectionTape has reserved gates, states and kept lines for all rows in
// Prepare, and for all ranks the states' gradients in ClearStateGradients and what zoneout carries in PrepareBackward. Rows and
// slots come from RecurrencePlan.Set of the same shape, and a share is a range of its ranks (SequenceSplit.Of).
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

    /// <summary>The way of dh from one step to the one before.</summary>
    public required HiddenUpdateBackward<T> Hidden;

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
            nint gates = Hidden.GateColumns is null ? 0 : 3 * Units;
            return Split.Rows * (long)units * ((4 * (Hidden.Path.Size + gates)) + JobWork.Cell);
        }
    }

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
            Hidden.PropagateLater<TSimd, TVec>(_firstRank, last - _firstRank, Plan.LastSlot(Sequences) + _firstRank);
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
                    Hidden.Receive<TSimd, TVec>(t, Math.Max(first, block.Continuing), first, rows, row);
                    ApplyCell<TSimd, TVec, TCell>(ref cell, t, first, rows, row, previous);
                    int skipped = Math.Clamp(crossing - first, 0, rows);
                    if (skipped < rows)
                    {
                        Hidden.Propagate<TSimd, TVec>(t, first + skipped, rows - skipped, row + skipped, previous + skipped);
                    }
                }
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
        T* dm = Hidden.Units + (first * Hidden.UnitsStride);
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
                Hidden.GateGradient == null ? null : Hidden.GateGradient + (3 * place),
                z,
                cells + (previous * states),
                after,
                dm + (panel * line),
                Hidden.UnitsStride,
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
