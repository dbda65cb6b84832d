using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Runtime;
using Lstm.Sequences;
using Lstm.Simd;

namespace Lstm.Kernels.Recurrence;

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
