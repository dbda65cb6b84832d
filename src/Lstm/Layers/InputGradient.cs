using System.Numerics;
using Lstm.Kernels.Products;
using Lstm.Runtime;
using Lstm.Simd;

namespace Lstm.Layers;

/// <summary>dx = Σ terms for all rows, a stretch of terms at a time.</summary>
/// <remarks>
/// The sum runs over all outputs of a layer, and a large vocabulary's weights do not fit the second-level cache. A stretch of
/// them does, and all rows pass over it before the next one comes: each chain goes on from where it was stored.
/// </remarks>
// SAFETY: DenseLayer.BackwardPanels, which alone makes one, gives it the terms of DenseTape.DzTerms, one for each panel of Dz,
// and an output with Rows rows of the layer's inputs. Run's stretches are parts of the TermCount terms.
internal unsafe struct InputGradient<T> : IJob
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int StretchBytes = 512 * 1024;

    public required SimdWidth Width;
    public required ProductTerm<T>* Terms;
    public required int TermCount;

    /// <summary>The layer's inputs.</summary>
    public required PanelLayout Columns;
    public required int Rows;

    /// <summary>dx [Rows, inputs].</summary>
    public required T* Output;

    public readonly long Work => (long)Rows * Columns.PaddedColumns * ProductTerm<T>.CountOf(Terms, TermCount);

    public readonly int SharesFor(int workers) => JobWork.SharesOfRows(Rows, workers);

    public readonly void Run(WorkShare share)
    {
        nint most = StretchBytes / (Columns.PaddedColumns * sizeof(T));
        for (int first = 0; first < TermCount;)
        {
            int count = ProductTerm<T>.CountWithin(most, Terms + first, TermCount - first, out _);
            RowProduct<T> product = new()
            {
                Width = Width,
                Terms = Terms + first,
                TermCount = count,
                Columns = Columns,
                Rows = Rows,
                Start = first == 0 ? null : Output,
                StartStride = Columns.Columns,
                Output = Output,
                OutputStride = Columns.Columns,
            };
            product.Run(share);
            first += count;
        }
    }
}
