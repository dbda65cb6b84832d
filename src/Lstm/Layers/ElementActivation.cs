using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Cells;
using Lstm.Runtime;
using Lstm.Simd;

namespace Lstm.Layers;

/// <summary>y = φ(x) for each value, or dx = dy⊙φ′ from the output y.</summary>
// SAFETY: ActivationLayer, which alone makes one, gives it Rows rows of Features values in Source, Destination and, unless null,
// Y. A share is a range of these rows, and whole vectors are loaded only where as many values are left.
internal unsafe struct ElementActivation<T> : IKernel<T>, IJob
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public required SimdWidth Width;
    public required int Rows;
    public required int Features;
    public required ChosenActivation<T> Activation;

    /// <summary>x, or dy [Rows, Features].</summary>
    public required T* Source;

    /// <summary>y, or dx [Rows, Features]; may be the source.</summary>
    public required T* Destination;

    /// <summary>y for the backward pass; null for the forward pass.</summary>
    public T* Y;

    private int _first;
    private int _end;

    public readonly long Work => (long)Rows * Features * JobWork.HardElement;

    public readonly int SharesFor(int workers) => Math.Min(workers, Rows);

    public void Run(WorkShare share)
    {
        (_first, _end) = share.Of(Rows);
        SimdDispatch.Run<T, ElementActivation<T>>(Width, ref this);
    }

    public readonly void Invoke<TSimd, TVec>()
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        nint first = (nint)_first * Features, count = (nint)(_end - _first) * Features;
        if (Y == null)
        {
            Forward<TSimd, TVec>(Activation, Source + first, Destination + first, count);
        }
        else
        {
            Backward<TSimd, TVec>(Activation, Y + first, Source + first, Destination + first, count);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Forward<TSimd, TVec>(ChosenActivation<T> activation, T* x, T* y, nint count)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        nint i = 0;
        for (; i <= count - TSimd.Width; i += TSimd.Width)
        {
            TSimd.Store(y + i, activation.Forward<TSimd, TVec>(TSimd.Load(x + i)));
        }

        for (; i < count; i++)
        {
            y[i] = activation.Forward<SimdScalar<T>, T>(x[i]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Backward<TSimd, TVec>(ChosenActivation<T> activation, T* y, T* dy, T* dx, nint count)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        nint i = 0;
        for (; i <= count - TSimd.Width; i += TSimd.Width)
        {
            TSimd.Store(dx + i, activation.Backward<TSimd, TVec>(TSimd.Load(y + i), TSimd.Load(dy + i)));
        }

        for (; i < count; i++)
        {
            dx[i] = activation.Backward<SimdScalar<T>, T>(y[i], dy[i]);
        }
    }
}
