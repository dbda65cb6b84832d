using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Runtime;
using Lstm.Simd;

namespace Lstm.Kernels.Products;

/// <summary>
/// y = start + Σ terms for all rows, y stored row by row without padding: a dense layer's output, an input gradient.
/// </summary>
internal unsafe struct RowProduct<T> : IKernel<T>, IJob
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public required SimdWidth Width;
    public required ProductTerm<T>* Terms;
    public required int TermCount;
    public required PanelLayout Columns;
    public required int Rows;

    /// <summary>The start of each row's chains: one row for all (stride 0), y itself, or null for zero.</summary>
    public required T* Start;
    public required nint StartStride;

    /// <summary>y, rows of <see cref="OutputStride"/>.</summary>
    public required T* Output;
    public required nint OutputStride;

    private int _first;
    private int _end;

    public readonly long Work => (long)Rows * Columns.PaddedColumns * ProductTerm<T>.CountOf(Terms, TermCount);

    public readonly int SharesFor(int workers) => JobWork.SharesOfRows(Rows, workers);

    public void Run(WorkShare share)
    {
        (_first, _end) = share.Of(Rows);
        SimdDispatch.Run<T, RowProduct<T>>(Width, ref this);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Invoke<TSimd, TVec>()
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        // SAFETY: y has Rows rows of Columns.Columns real values: DenseTape.Prepare and LossLayer reserve it for DenseLayer,
        // LayerGradients.Of and Tape.ReserveInputGradient for the gradients of inputs. Only these columns are touched
        // (NarrowProduct, PanelEdge); a share is a range of the rows.
        Debug.Assert(_first >= 0 && _end <= Rows, "A row is not of the product.");
        Debug.Assert(Output != null || Rows == 0, "There is no y.");
        Debug.Assert(OutputStride >= Columns.Columns || Rows <= 1, "Rows of y overlap.");
        Debug.Assert(Start == null || StartStride == 0 || StartStride >= Columns.Columns, "Rows of the start overlap.");

        // The sum is taken in blocks, so that a block of a panel and of the terms' rows stay in the caches.
        int first = 0;
        do
        {
            int count = ProductTerm<T>
                .CountWithin(Product<TSimd, TVec, T>.SumPerBlock, Terms + first, TermCount - first, out nint k);
            AddTerms<TSimd, TVec>(first, first + count, k);
            first += count;
        }
        while (first < TermCount);
    }

    // y ← (start, or with later blocks what y holds) + terms first … end, k values of the sum in all.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void AddTerms<TSimd, TVec>(int first, int end, nint k)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        T* start = first == 0 ? Start : Output;
        nint startStride = first == 0 ? StartStride : OutputStride;
        int rowsPerBlock = Product<TSimd, TVec, T>.RowsPerBlock((int)nint.Max(k, 1));
        for (nint block = _first; block < _end; block += rowsPerBlock)
        {
            nint rows = nint.Min(rowsPerBlock, _end - block);
            for (int q = 0; q < Columns.PanelCount; q++)
            {
                int column = Columns.Start(q);
                PanelProduct<T> product = new()
                {
                    C = Output + (block * OutputStride) + column,
                    CStride = OutputStride,
                    Start = start == null ? null : start + (block * startStride) + column,
                    StartStride = startStride,
                    Terms = Terms + first,
                    TermCount = end - first,
                    Row = block,
                    Rows = rows,
                    PanelStart = column,
                    Width = Columns.Width(q),
                };
                if (end > first)
                {
                    product.FetchNext(Terms[first], Columns, q, k);
                }

                NarrowProduct<TSimd, TVec, T>.Run(ref product, Columns.Columns - column);
                Product<TSimd, TVec, T>.PanelEdge(ref product, Columns.Columns - column);
            }
        }
    }
}
