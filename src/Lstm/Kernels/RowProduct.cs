using System.Numerics;
using Lstm.Simd;

namespace Lstm.Kernels;

/// <summary>y = start + Σ terms for all rows, y stored row by row without padding: a dense layer's output, an input gradient.</summary>
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

    public void Run(int worker, int workers)
    {
        (_first, _end) = SequenceSplit.Even(Rows, worker, workers);
        SimdDispatch.Run<T, RowProduct<T>>(Width, ref this);
    }

    public readonly void Invoke<TSimd, TVec>()
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        int k = 0;
        for (int i = 0; i < TermCount; i++)
        {
            k += (int)Terms[i].Count;
        }

        int rowsPerBlock = Product<TSimd, TVec, T>.RowsPerBlock(Math.Max(k, 1));
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
                    Start = Start == null ? null : Start + (block * StartStride) + column,
                    StartStride = StartStride,
                    Terms = Terms,
                    TermCount = TermCount,
                    Row = block,
                    Rows = rows,
                    PanelStart = column,
                    Width = Columns.Width(q),
                };
                product.Fetch(Terms[0].B + (Columns.Start(q + 1) % Columns.PaddedColumns * Terms[0].PanelRows), Terms[0].PanelRows);
                Product<TSimd, TVec, T>.PanelEdge(ref product, Columns.Columns - column);
            }
        }
    }
}
