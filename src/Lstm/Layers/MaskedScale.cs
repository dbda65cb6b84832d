using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Kernels.Elementwise;
using Lstm.Runtime;
using Lstm.Sequences;
using Lstm.Simd;

namespace Lstm.Layers;

/// <summary>The dropout of a batch's rows: each element scaled by 1/(1 − p) or dropped.</summary>
// SAFETY: DropoutLayer.Apply, which alone makes one, gives it a source and a destination with Features values for each row of
// the shape. A share is a range of the shape's steps, and Row loads whole vectors only where as many values are left.
internal unsafe struct MaskedScale<T> : IKernel<T>, IJob
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public required SimdWidth Width;
    public required SequenceShape Shape;
    public required int Features;
    public required DropMask Mask;

    /// <summary>1/(1 − p).</summary>
    public required T Scale;
    public required T* Source;
    public required T* Destination;

    private int _first;
    private int _end;

    public readonly long Work => (long)Shape.RowCount * Features * JobWork.Element;

    public readonly int SharesFor(int workers) => Math.Min(workers, Shape.StepCount);

    public void Run(WorkShare share)
    {
        (_first, _end) = share.Of(Shape.StepCount);
        SimdDispatch.Run<T, MaskedScale<T>>(Width, ref this);
    }

    public readonly void Invoke<TSimd, TVec>()
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        for (int t = _first; t < _end; t++)
        {
            int row = Shape.Offset(t);
            for (int rank = 0; rank < Shape.Live(t); rank++)
            {
                nint offset = (nint)(row + rank) * Features;
                Row<TSimd, TVec>(Mask, Mask.RowKey(t, rank), Source + offset, Destination + offset, Features, Scale);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Row<TSimd, TVec>(DropMask mask, uint key, T* source, T* destination, nint count, T scale)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        nint unit = 0;
        for (; unit <= count - TSimd.Width; unit += TSimd.Width)
        {
            TVec scaled = TSimd.Multiply(TSimd.Load(source + unit), TSimd.Broadcast(scale));
            TSimd.Store(destination + unit, mask.Select<TSimd, TVec, T>(key, unit, scaled, TSimd.Zero));
        }

        for (; unit < count; unit++)
        {
            destination[unit] = mask.Select<SimdScalar<T>, T, T>(key, unit, source[unit] * scale, T.Zero);
        }
    }
}
