using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Kernels.Elementwise;
using Lstm.Runtime;
using Lstm.Simd;

namespace Lstm.Layers;

/// <summary>The softmax of each row, its logarithm, or dx of either from the output y.</summary>
/// <remarks>
/// <para>m = max x, s = Σ exp(x − m): y = exp(x − m)/s, or (x − m) − log s. Backward: dx = y⊙(dy − Σ y⊙dy), or dy − exp(y)·Σ
/// dy.</para>
/// <para>The sums are in double, in the order of the values, so that every width gives the same bits.</para>
/// </remarks>
// SAFETY: ActivationLayer, which alone makes one, gives it Rows rows of Features values, at least one, in Source, Destination
// and, unless null, Y. A share is a range of these rows, and whole vectors are loaded only where as many values are left.
internal unsafe struct RowSoftmax<T> : IKernel<T>, IJob
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int PartLength = 64;

    public required SimdWidth Width;
    public required int Rows;
    public required int Features;
    public required bool IsLogarithm;

    /// <summary>x, or dy [Rows, Features].</summary>
    public required T* Source;

    /// <summary>y, or dx [Rows, Features]; y may be the source.</summary>
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
        SimdDispatch.Run<T, RowSoftmax<T>>(Width, ref this);
    }

    public readonly void Invoke<TSimd, TVec>()
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        for (int row = _first; row < _end; row++)
        {
            nint offset = (nint)row * Features;
            if (Y == null)
            {
                Forward<TSimd, TVec>(Source + offset, Destination + offset);
            }
            else
            {
                Backward<TSimd, TVec>(Y + offset, Source + offset, Destination + offset);
            }
        }
    }

    private readonly void Forward<TSimd, TVec>(T* x, T* y)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        T largest = x[0];
        for (nint i = 1; i < Features; i++)
        {
            largest = x[i] > largest ? x[i] : largest;
        }

        if (IsLogarithm)
        {
            ForwardLogarithm<TSimd, TVec>(x, largest, y);
            return;
        }

        Exponentials<TSimd, TVec>(x, largest, y, Features);
        T divisor = T.CreateTruncating(Add(0, y, Features));
        for (nint i = 0; i < Features; i++)
        {
            y[i] /= divisor;
        }
    }

    // The exponentials part by part, since y may be x, which is still needed.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void ForwardLogarithm<TSimd, TVec>(T* x, T largest, T* y)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        T* part = stackalloc T[PartLength];
        double sum = 0;
        for (nint first = 0; first < Features; first += PartLength)
        {
            nint count = Math.Min(PartLength, Features - first);
            Exponentials<TSimd, TVec>(x + first, largest, part, count);
            sum = Add(sum, part, count);
        }

        T logarithm = T.CreateTruncating(Elementary<SimdScalar<double>, double, double>.Log(sum));
        for (nint i = 0; i < Features; i++)
        {
            y[i] = (x[i] - largest) - logarithm;
        }
    }

    private static double Add(double sum, T* values, nint count)
    {
        for (nint i = 0; i < count; i++)
        {
            sum += double.CreateTruncating(values[i]);
        }

        return sum;
    }

    private readonly void Backward<TSimd, TVec>(T* y, T* dy, T* dx)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        double sum = 0;
        for (nint i = 0; i < Features; i++)
        {
            sum += double.CreateTruncating(dy[i]) * (IsLogarithm ? 1 : double.CreateTruncating(y[i]));
        }

        T total = T.CreateTruncating(sum);
        if (!IsLogarithm)
        {
            for (nint i = 0; i < Features; i++)
            {
                dx[i] = y[i] * (dy[i] - total);
            }

            return;
        }

        Exponentials<TSimd, TVec>(y, T.Zero, dx, Features);
        for (nint i = 0; i < Features; i++)
        {
            dx[i] = dy[i] - (dx[i] * total);
        }
    }

    // y = exp(x − shift)
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Exponentials<TSimd, TVec>(T* x, T shift, T* y, nint count)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        nint i = 0;
        for (; i <= count - TSimd.Width; i += TSimd.Width)
        {
            TSimd.Store(y + i, Elementary<TSimd, TVec, T>.Exp(TSimd.Subtract(TSimd.Load(x + i), TSimd.Broadcast(shift))));
        }

        for (; i < count; i++)
        {
            y[i] = Elementary<SimdScalar<T>, T, T>.Exp(x[i] - shift);
        }
    }
}
