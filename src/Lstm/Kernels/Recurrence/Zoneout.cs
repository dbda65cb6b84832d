using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Kernels.Elementwise;
using Lstm.Simd;

namespace Lstm.Kernels.Recurrence;

/// <summary>
/// Zoneout (Krueger et al. 2017): units that keep their previous value, drawn while training, else in expectation.
/// </summary>
/// <remarks>
/// <code>
/// training:    y = x₋₁ where m, x elsewhere      otherwise:   y = p⊙x₋₁ + (1 − p)⊙x
/// </code>
/// </remarks>
// SAFETY: callers pass rows of their share in buffers of c, h or their gradients, count values in each row; vectors are used only
// while a whole one is left. The recurrences and HiddenUpdate say who reserves the buffers.
internal readonly unsafe struct Zoneout<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>p; with 0, the default, there is no zoneout.</summary>
    public T Rate { get; init; }

    /// <summary>Which units keep their value; none outside training.</summary>
    public DropMask Mask { get; init; }

    public bool Exists => Rate > T.Zero;

    // previous, next, result [rows, count] with their strides; the result may be one of the others. The key is of row `step` of
    // `rank` + r.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Forward<TSimd, TVec>(
        int step, int rank, nint unit, T* previous, nint previousStride, T* next, nint nextStride, T* result, nint resultStride,
        nint rows, nint count)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        Debug.Assert(previous != null && next != null && result != null && rows >= 0 && count >= 0, "An operand is missing.");
        for (nint r = 0; r < rows; r++)
        {
            uint key = Mask.Exists ? Mask.RowKey(step, rank + (int)r) : 0;
            nint u = 0;
            for (; u <= count - TSimd.Width; u += TSimd.Width)
            {
                TSimd.Store(result + u, Mix<TSimd, TVec>(key, unit + u, TSimd.Load(previous + u), TSimd.Load(next + u)));
            }

            for (; u < count; u++)
            {
                result[u] = Mix<SimdScalar<T>, T>(key, unit + u, previous[u], next[u]);
            }

            previous += previousStride;
            next += nextStride;
            result += resultStride;
        }
    }

    // d [rows, count] in: ∂/∂y, out: ∂/∂x; carried [rows, count]: ∂/∂x₋₁.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Backward<TSimd, TVec>(int step, int rank, nint unit, T* d, T* carried, nint stride, nint rows, nint count)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        Debug.Assert(d != null && carried != null && rows >= 0 && count >= 0 && stride >= count, "An operand is missing.");
        for (nint r = 0; r < rows; r++)
        {
            uint key = Mask.Exists ? Mask.RowKey(step, rank + (int)r) : 0;
            nint u = 0;
            for (; u <= count - TSimd.Width; u += TSimd.Width)
            {
                TSimd.Store(d + u, Split<TSimd, TVec>(key, unit + u, TSimd.Load(d + u), out TVec previous));
                TSimd.Store(carried + u, previous);
            }

            for (; u < count; u++)
            {
                d[u] = Split<SimdScalar<T>, T>(key, unit + u, d[u], out carried[u]);
            }

            d += stride;
            carried += stride;
        }
    }

    // d [count] in: ∂/∂x₋₁ by way of x, out: with what was carried past it.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddCarried<TSimd, TVec>(T* d, T* carried, nint count)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        // Whole lines, so whole vectors.
        Debug.Assert(d != null && carried != null && count % TSimd.Width == 0, "The rows are no whole lines.");
        for (nint u = 0; u < count; u += TSimd.Width)
        {
            TSimd.Store(d + u, TSimd.Add(TSimd.Load(d + u), TSimd.Load(carried + u)));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private TVec Mix<TSimd, TVec>(uint key, nint unit, TVec previous, TVec next)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
        => Mask.Exists
            ? Mask.Select<TSimd, TVec, T>(key, unit, next, previous)
            : TSimd.MultiplyAdd(previous, TSimd.Broadcast(Rate), TSimd.Multiply(next, TSimd.Broadcast(T.One - Rate)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private TVec Split<TSimd, TVec>(uint key, nint unit, TVec d, out TVec previous)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        if (Mask.Exists)
        {
            previous = Mask.Select<TSimd, TVec, T>(key, unit, TSimd.Zero, d);
            return Mask.Select<TSimd, TVec, T>(key, unit, d, TSimd.Zero);
        }

        previous = TSimd.Multiply(d, TSimd.Broadcast(Rate));
        return TSimd.Multiply(d, TSimd.Broadcast(T.One - Rate));
    }
}
