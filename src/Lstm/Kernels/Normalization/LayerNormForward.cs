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
/// with x̄ = W_ih·x, computed beforehand for the stretch. A row has to be whole before it can be normalised, so each step passes over the
/// panels once for u, once for the gates and c, and once for h.
/// </remarks>
internal unsafe struct LayerNormForward<T> : ICellWork<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>The layer's recurrence; its <see cref="RecurrentForward{T}.Input"/> is not used.</summary>
    public required RecurrentForward<T> Layer;

    /// <summary>x̄ and u, their rows those of the gates, whose place u may have.</summary>
    public required RowNorm<T> InputNorm;
    public required RowNorm<T> RecurrentNorm;

    /// <summary>c as h shows it, before zoneout: by row when kept, else by rank; with its β, and room for it by rank, [B, line].</summary>
    public required RowNorm<T> CellNorm;
    public required T* CellBias;
    public required T* Shown;

    private int _firstRank;
    private int _endRank;

    public readonly SimdWidth Width => Layer.Width;

    public readonly long Work => Layer.Work;

    public readonly int SharesFor(int workers) => Layer.SharesFor(workers);

    public void SetShare(WorkShare share) => (_firstRank, _endRank) = Layer.Split.Of(share);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Run<TSimd, TVec, TCell>(ref TCell cell)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
        where TCell : unmanaged, ICell<T>
    {
        for (int step = Layer.FirstStep; step < Layer.EndStep; step++)
        {
            foreach (ref readonly RecurrenceBlock block in Layer.Plan.Step(step))
            {
                int first = Math.Max(_firstRank, block.First);
                nint rows = Math.Min(_endRank, block.First + block.Count) - first;
                if (rows <= 0)
                {
                    continue;
                }

                nint row = block.Row + first - block.First;
                nint previous = block.Previous + first - block.First;
                nint gateRow = row - Layer.FirstGateRow;
                int t = Layer.Plan.SequenceStep(step);
                for (nint panel = 0; panel < RecurrentNorm.Panels; panel++)
                {
                    T* seen = Layer.Path.Seen + (previous * Layer.Path.SeenStride);
                    Layer.MultiplySeen<TSimd, TVec>(panel, RecurrentNorm.Panels, seen, rows, RecurrentNorm.Row(panel, gateRow));
                }

                InputNorm.Measure<TSimd, TVec>(gateRow, gateRow, first, rows);
                RecurrentNorm.Measure<TSimd, TVec>(gateRow, gateRow, first, rows);
                ApplyCell<TSimd, TVec, TCell>(ref cell, t, first, rows, row, previous);
                CellNorm.Measure<TSimd, TVec>(Layer.KeepCells ? row : first, gateRow, first, rows);
                Show<TSimd, TVec, TCell>(ref cell, t, first, rows, row, previous);
                if (Layer.Path.Exists)
                {
                    Layer.Path.Forward<TSimd, TVec>(t, first, rows, row, previous);
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
        CandidateDrop<T> drop = Layer.Drop;
        for (nint panel = 0; panel < CellNorm.Panels; panel++)
        {
            T* z = Layer.Gates + (((panel * Layer.GateRows) + row - Layer.FirstGateRow) * 4 * line);
            T* c = CellNorm.Row(panel, Layer.KeepCells ? row : first);
            if (TCell.DropsCandidate)
            {
                drop = Layer.Drop.At(step, first, (int)(panel * line));
            }

            Combine<TSimd, TVec>(panel, row - Layer.FirstGateRow, z, rows);
            T* lines = Layer.KeptValues + (((panel * Layer.KeptRows) + (Layer.KeepCells ? row : first)) * cell.KeptLines * line);
            CellEpilogue<TSimd, TVec, T, TCell>.Gates(
                ref cell, Layer.UnitWeights == null ? null : Layer.UnitWeights + (panel * TCell.UnitWeightLines * line), lines, drop, z, Before(panel, first, previous), c, rows);
            CellEpilogue<TSimd, TVec, T, TCell>.ClearPadding(c, rows, Layer.Units - (panel * line));
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
        T* bias = Layer.Bias == null ? null : Layer.Bias + (panel * gates);
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
        T* h = Layer.Path.OutputOf(row, first);
        nint place = Layer.KeepCells ? row : first;
        for (nint panel = 0; panel < CellNorm.Panels; panel++)
        {
            T* z = Layer.Gates + (((panel * Layer.GateRows) + row - Layer.FirstGateRow) * 4 * line);
            CellNorm.Forward<TSimd, TVec>(panel, place, row - Layer.FirstGateRow, CellBias, shown, rows);
            CellEpilogue<TSimd, TVec, T, TCell>.Outputs(
                ref cell, z, shown, h + (panel * line), Layer.Path.OutputStride, rows, nint.Min(Layer.Units - (panel * line), line));
            if (Layer.CellZoneout.Exists)
            {
                T* after = Layer.Cells + (((panel * Layer.CellSlots) + (Layer.KeepCells ? Layer.Sequences + row : first)) * line);
                Layer.CellZoneout.Forward<TSimd, TVec>(
                    step, first, panel * line, Before(panel, first, previous), line, CellNorm.Row(panel, place), line, after, line, rows, line);
            }
        }
    }

    private readonly T* Before(nint panel, nint rank, nint previous)
        => Layer.Cells + (((panel * Layer.CellSlots) + (Layer.KeepCells ? previous : rank)) * (64 / sizeof(T)));
}
