using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Cells;
using Lstm.Simd;

namespace Lstm.Kernels;

/// <summary>Back-propagation through time of one direction, for a share of the sequences: gates become dz, step by step backwards.</summary>
/// <remarks>
/// At each step dh = ∂/∂output + dz₊₁·W_hh (the chain starts from the output's gradient and takes dz in storage order), the
/// cell's equations turn gates into dz, and dc is carried in place. What is left in dh and dc is the initial state's gradient.
/// </remarks>
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

    /// <summary>W_hh with its columns, the hidden units, by panels, and a row for each gate column.</summary>
    public required T* Transposed;
    public required PanelLayout Columns;

    /// <summary>dz by terms whose A is at row 0, in storage order.</summary>
    public required ProductTerm<T>* GateTerms;
    public required int GateTermCount;

    /// <summary>The weights of the units' own by panels; null for a cell that has none.</summary>
    public required T* Own;

    /// <summary>In: gates, out: dz; [panels, GateRows, 4·line].</summary>
    public required T* Gates;
    public required nint GateRows;

    /// <summary>c by slot: [panels, CellSlots, line].</summary>
    public required T* Cells;
    public required nint CellSlots;

    /// <summary>The gradient of the output's rows, this direction's columns.</summary>
    public required T* OutputGradient;
    public required nint OutputStride;

    /// <summary>dh by rank, [B, padded H]. In: the final state's gradient, out: the initial state's. The padding is 0.</summary>
    public required T* HiddenGradient;

    /// <summary>dc by rank, [panels, B, line]; in and out as dh.</summary>
    public required T* CellGradient;

    private int _firstRank;
    private int _endRank;

    public void SetShare(int worker, int workers) => (_firstRank, _endRank) = Split.Share(worker, workers);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Run<TSimd, TVec, TCell>(ref TCell cell)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
        where TCell : unmanaged, ICell<T>
    {
        for (int step = Plan.StepCount - 1; step >= 0; step--)
        {
            foreach (ref readonly RecurrenceBlock block in Plan.Step(step))
            {
                int first = Math.Max(_firstRank, block.First);
                int rows = Math.Min(_endRank, block.First + block.Count) - first;
                if (rows > 0)
                {
                    nint row = block.Row + first - block.First;
                    nint previous = block.Previous + first - block.First;
                    AddOutputGradient<TSimd, TVec>(Math.Max(first, block.Continuing), first, first + rows, row);
                    ApplyCell<TSimd, TVec, TCell>(ref cell, first, rows, row, previous);
                    PropagateHidden<TSimd, TVec>(first, rows, row, previous);
                }
            }
        }
    }

    // dh ← ∂/∂output + dh for the sequences that end here: no later step has started their chain.
    // AggressiveOptimization: with sequences of one length it runs once a pass, so it would stay in unoptimised code for long.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void AddOutputGradient<TSimd, TVec>(int from, int first, int end, nint row)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        for (int rank = from; rank < end; rank++)
        {
            T* dh = HiddenGradient + ((nint)rank * Columns.PaddedColumns);
            T* dy = OutputGradient + ((row + rank - first) * OutputStride);
            nint u = 0;
            for (; u <= Units - TSimd.Width; u += TSimd.Width)
            {
                TSimd.Store(dh + u, TSimd.Add(TSimd.Load(dh + u), TSimd.Load(dy + u)));
            }

            for (; u < Units; u++)
            {
                dh[u] += dy[u];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void ApplyCell<TSimd, TVec, TCell>(ref TCell cell, nint first, nint rows, nint row, nint previous)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
        where TCell : unmanaged, ICell<T>
    {
        nint line = Columns.Line;
        for (nint panel = 0; panel * line < Units; panel++)
        {
            T* cells = Cells + (panel * CellSlots * line);
            CellEpilogue<TSimd, TVec, T, TCell>.Backward(
                ref cell,
                Own == null ? null : Own + (panel * TCell.OwnLines * line),
                Gates + (((panel * GateRows) + row) * 4 * line),
                cells + (previous * line),
                cells + ((Sequences + row) * line),
                HiddenGradient + (first * Columns.PaddedColumns) + (panel * line),
                Columns.PaddedColumns,
                CellGradient + (((panel * Sequences) + first) * line),
                rows);
        }
    }

    // dh of the previous step; at the initial state there is no output to start from.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void PropagateHidden<TSimd, TVec>(nint first, nint rows, nint row, nint previous)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        T* start = previous < Sequences ? null : OutputGradient + ((previous - Sequences) * OutputStride);
        for (int q = 0; q < Columns.PanelCount; q++)
        {
            int column = Columns.Start(q);
            PanelProduct<T> product = new()
            {
                CStride = Columns.PaddedColumns,
                StartStride = OutputStride,
                PanelStart = column,
                Width = Columns.Width(q),
            };
            T* dh = HiddenGradient + (first * Columns.PaddedColumns) + column;
            product.Start = start == null ? null : start + column;
            for (int term = 0; term < GateTermCount;)
            {
                product.C = dh;
                product.Row = row;
                product.Rows = rows;
                product.Terms = GateTerms + term;
                product.TermCount = ProductTerm<T>.CountWithin(Product<TSimd, TVec, T>.SumPerBlock, product.Terms, GateTermCount - term, out nint k);
                term += (int)product.TermCount;
                if (term < GateTermCount)
                {
                    product.Fetch(Transposed + (column * GateTerms->PanelRows) + (GateTerms[term].FirstRow * product.Width), k);
                }
                else
                {
                    product.FetchNext(*GateTerms, Columns, q, k);
                }

                Product<TSimd, TVec, T>.PanelEdge(ref product, Units - column);
                product.Start = dh;
                product.StartStride = Columns.PaddedColumns;
            }
        }
    }
}
