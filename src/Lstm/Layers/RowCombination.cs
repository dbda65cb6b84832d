using System.Numerics;
using System.Numerics.Tensors;
using Lstm.Runtime;
using Lstm.Specs;

namespace Lstm.Layers;

/// <summary>
/// y = a ∘ b element by element, for rows of any strides. Each element is rounded by itself, so any width gives the same bits.
/// </summary>
// SAFETY: MergeLayer.Forward and ShortcutLayer.Add, which make it, give it Rows rows of a, b and y with at least Features values
// from each stride to the next. A share is a range of the rows.
internal unsafe struct RowCombination<T> : IJob
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public required LstmMerge Operation;
    public required int Rows;
    public required int Features;
    public required T* A;
    public required int AStride;
    public required T* B;
    public required int BStride;

    /// <summary>[Rows, Features]; may be <see cref="A"/> or <see cref="B"/>.</summary>
    public required T* Output;
    public required int OutputStride;

    public readonly long Work => (long)Rows * Features * JobWork.Element;

    public readonly int SharesFor(int workers) => Math.Min(workers, Rows);

    public readonly void Run(WorkShare share)
    {
        (int first, int end) = share.Of(Rows);
        for (nint row = first; row < end; row++)
        {
            ReadOnlySpan<T> a = new(A + (row * AStride), Features), b = new(B + (row * BStride), Features);
            Span<T> y = new(Output + (row * OutputStride), Features);
            if (Operation == LstmMerge.Product)
            {
                TensorPrimitives.Multiply(a, b, y);
                continue;
            }

            TensorPrimitives.Add(a, b, y);
            if (Operation == LstmMerge.Mean)
            {
                TensorPrimitives.Multiply(y, T.CreateChecked(0.5), y);
            }
        }
    }
}
