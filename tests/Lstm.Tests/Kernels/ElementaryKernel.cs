using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Simd;

namespace Lstm.Tests.Kernels;

/// <summary>destination[k] = f(source[k]); in place when both are the same memory.</summary>
internal readonly unsafe struct ElementaryKernel<TFunction, T>(T* source, T* destination, nint length) : IKernel<T>
    where TFunction : struct, IElementaryFunction
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Runs at the widest width; the spans are equally long and the same memory or disjoint.</summary>
    public static void Run(ReadOnlySpan<T> source, Span<T> destination) => Run(SimdDispatch.Best, source, destination);

    /// <summary>Runs at <paramref name="width"/>; the spans are equally long and the same memory or disjoint.</summary>
    public static void Run(SimdWidth width, ReadOnlySpan<T> source, Span<T> destination)
    {
        Debug.Assert(source.Length == destination.Length, "Source and destination differ in length.");
        fixed (T* from = source, to = destination)
        {
            // SAFETY: both spans are pinned and length elements long.
            var kernel = new ElementaryKernel<TFunction, T>(from, to, destination.Length);
            SimdDispatch.Run<T, ElementaryKernel<TFunction, T>>(width, ref kernel);
        }
    }

    public void Invoke<TSimd, TVec>()
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged => Apply<TSimd, TVec>(source, destination, length);

    // Optimized at once: a hot leaf loop that may be entered only a few times.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Apply<TSimd, TVec>(T* source, T* destination, nint length)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        nint k = 0;
        for (; k <= length - TSimd.Width; k += TSimd.Width)
        {
            TSimd.Store(destination + k, TFunction.Apply<TSimd, TVec, T>(TSimd.Load(source + k)));
        }

        // One lane at a time gives the same bits, so an element's place in the span cannot be seen in its result.
        for (; k < length; k++)
        {
            destination[k] = TFunction.Apply<SimdScalar<T>, T, T>(source[k]);
        }
    }
}
