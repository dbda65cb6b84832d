using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Runtime;
using Lstm.Simd;

namespace Lstm.Kernels.Products;

/// <summary>
/// z = b + x·Wᵀ for a stretch of rows, z by panels: the input's half of the pre-activations of all steps at once.
/// </summary>
internal unsafe struct InputProduct<T> : IKernel<T>, IJob
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public required SimdWidth Width;

    /// <summary>x and W by panels.</summary>
    public required ProductTerm<T> Input;

    /// <summary>b by panels, or null.</summary>
    public required T* Bias;
    public required PanelLayout Columns;

    /// <summary>Rows of x, [FirstRow, EndRow).</summary>
    public required int FirstRow;
    public required int EndRow;

    /// <summary>z [panels, OutputRows, panel width], its first row standing for <see cref="FirstRow"/>.</summary>
    public required T* Output;
    public required nint OutputRows;

    private int _first;
    private int _end;

    public readonly long Work => (long)(EndRow - FirstRow) * Columns.PaddedColumns * Input.Count;

    public readonly int SharesFor(int workers) => JobWork.SharesOfRows(EndRow - FirstRow, workers);

    public void Run(WorkShare share)
    {
        (_first, _end) = share.Of(EndRow - FirstRow);
        SimdDispatch.Run<T, InputProduct<T>>(Width, ref this);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Invoke<TSimd, TVec>()
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        // SAFETY: DirectionLayer.MultiplyInput passes rows of the batch (DirectionTape.RowsOf) and z reserved by
        // DirectionTape.Prepare or the recurrence's Prepare for GateRows rows of all panels, at least as many as the stretch has
        // (LongestStretch). Bias is a parameter or sum of PaddedColumns values.
        Debug.Assert(_first >= 0 && _end <= EndRow - FirstRow && FirstRow >= 0, "A row is not of the stretch.");
        Debug.Assert(Output != null && OutputRows >= EndRow - FirstRow, "z has too few rows.");
        Debug.Assert(Input.RowStep == 1 && Input.Count == Input.PanelRows, "The input's term is not the whole W.");
        ProductTerm<T> input = Input;
        int rowsPerBlock = Product<TSimd, TVec, T>.RowsPerBlock((int)input.Count);
        for (int block = _first; block < _end; block += rowsPerBlock)
        {
            nint rows = Math.Min(rowsPerBlock, _end - block);
            for (int q = 0; q < Columns.PanelCount; q++)
            {
                nint start = Columns.Start(q);
                nint width = Columns.Width(q);
                PanelProduct<T> product = new()
                {
                    C = Output + (start * OutputRows) + (block * width),
                    CStride = width,
                    Start = Bias == null ? null : Bias + start,
                    Terms = &input,
                    TermCount = 1,
                    Row = FirstRow + block,
                    Rows = rows,
                    PanelStart = start,
                    Width = width,
                };
                product.FetchNext(Input, Columns, q, Input.Count);
                Product<TSimd, TVec, T>.Panel<AlongSum>(ref product);
            }
        }
    }
}
