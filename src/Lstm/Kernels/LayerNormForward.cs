using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Cells;
using Lstm.Simd;

namespace Lstm.Kernels;

/// <summary><see cref="RecurrentForward{T}"/> of a layer-normalised LSTM.</summary>
/// <remarks>
/// <code>
/// u = W_hh·s    z = γ_x⊙LN(x̄) + γ_h⊙LN(u) + b    gates and c by the cell's equations    h = o⊙act(γ_c⊙LN(c) + β_c)
/// </code>
/// with x̄ = W_ih·x, computed beforehand for the stretch. A row has to be whole before it can be normalised, so each step passes over the
/// panels once for u, once for the gates and c, and once for h.
/// </remarks>
internal unsafe struct LayerNormForward<T> : ICellWork<T>
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

    /// <summary>W_hh by panels, and the weights of the gates that the next step sees; null for none.</summary>
    public required T* Recurrent;
    public required T* GateRecurrent;

    /// <summary>b by panels; null for none.</summary>
    public required T* Bias;

    /// <summary>The weights of the units' own by panels; null for a cell that has none.</summary>
    public required T* Own;

    /// <summary>x̄ and u, their rows those of <see cref="Gates"/>, whose place u may have.</summary>
    public required RowNorm<T> InputNorm;
    public required RowNorm<T> RecurrentNorm;

    /// <summary>c as h shows it, by row when kept, else by rank; with its β, and room for it by rank, [B, line].</summary>
    public required RowNorm<T> CellNorm;
    public required T* CellBias;
    public required T* Shown;

    /// <summary>gates [panels, GateRows, 4·line], the first row standing for row <see cref="FirstGateRow"/>.</summary>
    public required T* Gates;
    public required nint GateRows;
    public required nint FirstGateRow;

    /// <summary>c [panels, CellSlots, line]: by slot when they are kept, else by rank, each step over the one before.</summary>
    public required T* Cells;
    public required nint CellSlots;
    public required bool KeepCells;

    /// <summary>Where the units' outputs go, and the way from there to what the next step sees.</summary>
    public required HiddenPath<T> Path;

    /// <summary>The dropout of the candidates.</summary>
    public required CandidateDrop<T> Drop;

    /// <summary>The zoneout of c, from what was normalised into <see cref="Cells"/>.</summary>
    public required Zoneout<T> CellZoneout;

    /// <summary>What the cell keeps, [panels, LineRows, KeptLines·line]: by row when the cells are kept, else by rank.</summary>
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
                nint gateRow = row - FirstGateRow;
                int t = Plan.SequenceStep(step);
                Multiply<TSimd, TVec>(gateRow, rows, Path.Seen + (previous * Path.SeenStride));
                InputNorm.Measure<TSimd, TVec>(gateRow, gateRow, first, rows);
                RecurrentNorm.Measure<TSimd, TVec>(gateRow, gateRow, first, rows);
                ApplyCell<TSimd, TVec, TCell>(ref cell, t, first, rows, row, previous);
                CellNorm.Measure<TSimd, TVec>(KeepCells ? row : first, gateRow, first, rows);
                Show<TSimd, TVec, TCell>(ref cell, t, first, rows, row, previous);
                if (Path.Exists)
                {
                    Path.Forward<TSimd, TVec>(t, first, rows, row, previous);
                }
            }
        }
    }

    // u of some rows, from what their step sees.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void Multiply<TSimd, TVec>(nint gateRow, nint rows, T* seen)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        nint gates = RecurrentNorm.Width;
        nint size = Path.Size;
        ProductTerm<T>* terms = stackalloc ProductTerm<T>[2];
        terms[0] = new ProductTerm<T> { A = seen, ARowStride = Path.SeenStride, B = Recurrent, PanelRows = size, RowStep = 1, Count = size };
        terms[1] = new ProductTerm<T>
        {
            A = seen + size,
            ARowStride = Path.SeenStride,
            B = GateRecurrent,
            PanelRows = 3 * Units,
            RowStep = 1,
            Count = 3 * Units,
        };
        for (nint panel = 0; panel < RecurrentNorm.Panels; panel++)
        {
            T* u = RecurrentNorm.Row(panel, gateRow);
            if (rows == 1 && GateRecurrent == null)
            {
                RowKernel<TSimd, TVec, T>.Run(u, null, null, 0, null, seen, size, Recurrent + (panel * gates * size));
                continue;
            }

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
            product.Fetch(Recurrent + ((panel + 1 < RecurrentNorm.Panels ? panel + 1 : 0) * gates * size), size);
            Product<TSimd, TVec, T>.Panel<AlongSum>(ref product);
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
        CandidateDrop<T> drop = Drop;
        for (nint panel = 0; panel < CellNorm.Panels; panel++)
        {
            T* z = Gates + (((panel * GateRows) + row - FirstGateRow) * 4 * line);
            T* c = CellNorm.Row(panel, KeepCells ? row : first);
            if (TCell.DropsCandidate)
            {
                drop = Drop.At(step, first, (int)(panel * line));
            }

            Combine<TSimd, TVec>(panel, row - FirstGateRow, z, rows);
            T* lines = Lines + (((panel * LineRows) + (KeepCells ? row : first)) * cell.KeptLines * line);
            CellEpilogue<TSimd, TVec, T, TCell>.Gates(
                ref cell, Own == null ? null : Own + (panel * TCell.OwnLines * line), lines, drop, z, Before(panel, first, previous), c, rows);
            nint units = Units - (panel * line);
            for (nint r = 0; TCell.FillsPadding && units < line && r < rows; r++)
            {
                new Span<T>(c + (r * line) + units, (int)(line - units)).Clear();
            }
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
        T* bias = Bias == null ? null : Bias + (panel * gates);
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
        T* h = Path.OutputOf(row, first);
        nint place = KeepCells ? row : first;
        for (nint panel = 0; panel < CellNorm.Panels; panel++)
        {
            T* z = Gates + (((panel * GateRows) + row - FirstGateRow) * 4 * line);
            CellNorm.Forward<TSimd, TVec>(panel, place, row - FirstGateRow, CellBias, shown, rows);
            CellEpilogue<TSimd, TVec, T, TCell>.Outputs(
                ref cell, z, shown, h + (panel * line), Path.OutputStride, rows, nint.Min(Units - (panel * line), line));
            if (CellZoneout.Exists)
            {
                T* after = Cells + (((panel * CellSlots) + (KeepCells ? Sequences + row : first)) * line);
                CellZoneout.Forward<TSimd, TVec>(
                    step, first, panel * line, Before(panel, first, previous), line, CellNorm.Row(panel, place), line, after, line, rows, line);
            }
        }
    }

    private readonly T* Before(nint panel, nint rank, nint previous)
        => Cells + (((panel * CellSlots) + (KeepCells ? previous : rank)) * (64 / sizeof(T)));
}
