using System.Diagnostics;
using System.Numerics;
using Lstm.Kernels.Products;
using Lstm.Runtime;
using Lstm.Simd;

namespace Lstm.Training.Losses.Softmax;

/// <summary>
/// Rows of logits y = W x + b, computed by panels and turned in place into the gradient of their softmax cross-entropy.
/// </summary>
/// <remarks>
/// The largest logit of each row is found while a panel is still in the first-level cache. The exponentials need it, so they
/// wait for the last panel; they and the gradient are made for few rows at a time, which the second-level cache holds.
/// </remarks>
internal unsafe struct SoftmaxPanels<T> : IKernel<T>, IJob
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // SAFETY: LossLayer.Sweep has reserved Values (rows × padded columns) and Losses for Block.Rows rows, SoftmaxRows.Sweep Lanes
    // and Rows; Input is that many rows of x. A share has rows of its own, so that no two workers write to the same ones. Labels
    // are compared with the classes when they are read (SoftmaxRows.TakeLabel) and kept in Rows.
    private const int StretchBytes = 768 * 1024;

    /// <summary>Chains that a row's sums run in.</summary>
    public const int Chains = 16;

    /// <summary>Columns after which the chains are added up.</summary>
    public const int Tile = 512;

    public required SimdWidth Width;
    public required SoftmaxRows<T> Loss;

    /// <summary>Labels, weights and scale of the rows; no output.</summary>
    public required LossBlock<T> Block;

    /// <summary>x and W.</summary>
    public required ProductTerm<T> Input;

    /// <summary>b, or null.</summary>
    public required T* Bias;
    public required PanelLayout Columns;

    /// <summary>Logits, then their gradient, by panels of all rows; zeros in the padding.</summary>
    public required T* Values;

    /// <summary>[Rows, 16]: sixteen largest logits, then sixteen sums.</summary>
    public required T* Lanes;

    /// <summary>[Rows].</summary>
    public required SoftmaxRow<T>* Rows;

    /// <summary>w·l of each row [Rows].</summary>
    public required double* Losses;

    private T* _classWeights;
    private int _first;
    private int _end;

    public readonly long Work => Block.Rows * (long)Columns.PaddedColumns * (Input.Count + JobWork.HardElement);

    public readonly int SharesFor(int workers) => Math.Min(workers, Block.Rows);

    public void Run(WorkShare share)
    {
        Debug.Assert(
            Block.Labels != null && Block.Features == Columns.Columns && Values != null && Lanes != null && Losses != null);
        (_first, _end) = share.Of(Block.Rows);
        fixed (T* weights = Loss.ClassWeights)
        {
            _classWeights = weights;
            SimdDispatch.Run<T, SoftmaxPanels<T>>(Width, ref this);
        }
    }

    public readonly void Invoke<TSimd, TVec>()
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        Logits<TSimd, TVec>();
        double weightSum = Loss.ClassWeightSum(Columns.Columns);
        int stretch = Math.Max(6, StretchBytes / (Columns.PaddedColumns * sizeof(T)));
        for (int row = _first; row < _end; row += stretch)
        {
            int end = Math.Min(_end, row + stretch);
            Begin(row, end);
            if (Loss.Smooths)
            {
                Sums<TSimd, TVec>(row, end, ofDistances: true);
            }

            Sums<TSimd, TVec>(row, end, ofDistances: false);
            Finish(row, end, weightSum);
            Gradient<TSimd, TVec>(row, end);
        }
    }

    private readonly T* At(int row, int column, int panel)
        => Values + ((nint)Columns.Start(panel) * Block.Rows) + ((nint)row * Columns.Width(panel)) + column
            - Columns.Start(panel);

    private readonly int PanelOf(int column)
    {
        // Panels are nearly equal: the guess is off by a few.
        int panel = (int)((long)column * Columns.PanelCount / Columns.PaddedColumns);
        while (Columns.Start(panel) > column)
        {
            panel--;
        }

        while (Columns.Start(panel + 1) <= column)
        {
            panel++;
        }

        return panel;
    }

    private readonly void Logits<TSimd, TVec>()
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        nint rows = _end - _first;
        ProductTerm<T> input = Input;
        new Span<T>(Lanes + ((nint)_first * Chains), (int)rows * Chains).Fill(T.NegativeInfinity);
        for (int q = 0; q < Columns.PanelCount; q++)
        {
            int start = Columns.Start(q);
            int width = Columns.Width(q);
            int columns = Math.Min(width, Columns.Columns - start);
            T* values = At(_first, start, q);
            PanelProduct<T> product = new()
            {
                C = values,
                CStride = width,
                Start = Bias == null ? null : Bias + start,
                Terms = &input,
                TermCount = 1,
                Row = _first,
                Rows = rows,
                PanelStart = start,
                Width = width,
            };
            product.FetchNext(Input, Columns, q, Input.Count);
            Product<TSimd, TVec, T>.Panel<AlongSum>(ref product);
            for (nint row = 0; columns < width && row < rows; row++)
            {
                new Span<T>(values + (row * width) + columns, width - columns).Clear();
            }

            SoftmaxTile<TSimd, TVec, T>.Max(values, width, rows, columns, start % Chains, Lanes + ((nint)_first * Chains));
        }
    }

    private readonly void Begin(int first, int end)
    {
        for (int row = first; row < end; row++)
        {
            T* lanes = Lanes + ((nint)row * Chains);
            T largest = SoftmaxRows<T>.Largest(lanes);
            new Span<T>(lanes, Chains).Clear();
            int? counted = SoftmaxRows<T>.RowWeight(Block, row) == 0 ? null : Loss.TakeLabel(Block, row);
            Rows[row] = new SoftmaxRow<T> { Largest = largest, Counts = counted is not null, Label = counted ?? 0 };
            if (counted is { } label)
            {
                int panel = PanelOf(label);
                Rows[row].Logit = *At(row, label, panel);
                Rows[row].IsRight = Rows[row].Logit == largest && IsFirst(row, label, panel, largest);
            }
        }
    }

    private readonly bool IsFirst(int row, int label, int panel, T largest)
    {
        for (int q = 0; q <= panel; q++)
        {
            int start = Columns.Start(q);
            if (new ReadOnlySpan<T>(At(row, start, q), (q == panel ? label : Columns.Start(q + 1)) - start).Contains(largest))
            {
                return false;
            }
        }

        return true;
    }

    // Σ exp(x − m), with the exponentials in x's place; or Σ v·(m − x), which leaves x.
    private readonly void Sums<TSimd, TVec>(int first, int end, bool ofDistances)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        T* sums = Lanes + ((nint)first * Chains);
        for (int q = 0; q < Columns.PanelCount; q++)
        {
            int panelEnd = Math.Min(Columns.Start(q + 1), Columns.Columns);
            for (int column = Columns.Start(q); column < panelEnd;)
            {
                // A panel may lie across the end of a tile.
                int next = Math.Min(panelEnd, (column / Tile * Tile) + Tile);
                T* x = At(first, column, q);
                if (ofDistances)
                {
                    SoftmaxTile<TSimd, TVec, T>
                        .Distances(
                        x, Columns.Width(q), end - first, next - column, column % Chains, Rows + first, _classWeights == null
                        ? null : _classWeights + column, sums);
                }
                else
                {
                    SoftmaxTile<TSimd, TVec, T>
                        .Exponentials(
                        x, Columns.Width(q), end - first, next - column, column % Chains, Rows + first, x, Columns.Width(q),
                        sums);
                }

                if (next % Tile == 0 || next == Columns.Columns)
                {
                    SoftmaxTile<TSimd, TVec, T>.Drain(sums, end - first, Rows + first, ofDistances);
                }

                column = next;
            }
        }
    }

    private readonly void Finish(int first, int end, double weightSum)
    {
        for (int row = first; row < end; row++)
        {
            Losses[row] = Rows[row].Counts
                ? Loss.Finish(
                    Rows[row].Label, SoftmaxRows<T>.RowWeight(Block, row), weightSum, Columns.Columns, Block.GradientScale,
                    ref Rows[row])
                : 0;
        }
    }

    private readonly void Gradient<TSimd, TVec>(int first, int end)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        for (int q = 0; q < Columns.PanelCount; q++)
        {
            int start = Columns.Start(q);
            int columns = Math.Min(Columns.Width(q), Columns.Columns - start);
            T* weights = Loss.Smooths && _classWeights != null ? _classWeights + start : null;
            SoftmaxTile<TSimd, TVec, T>
                .Gradient(At(first, start, q), Columns.Width(q), end - first, columns, Rows + first, weights);
        }

        for (int row = first; row < end; row++)
        {
            if (Rows[row].Counts)
            {
                int label = Rows[row].Label;
                *At(row, label, PanelOf(label)) -= Rows[row].Own;
            }
        }
    }
}
