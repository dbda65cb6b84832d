using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Kernels.Products;
using Lstm.Runtime;
using Lstm.Simd;

namespace Lstm.Training.Optimizers;

/// <summary>An optimizer's arithmetic for the elements at one index, in a struct with its buffers and constants.</summary>
internal interface IUpdateRule<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    void Update<TSimd, TVec>(nint index)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged;
}

/// <summary>
/// Applies a rule to a range of the flat buffers, shared among workers; element by element, so any share gives the same bits.
/// </summary>
internal struct UpdateKernel<TRule, T> : IKernel<T>, IJob
    where TRule : struct, IUpdateRule<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public required SimdWidth Width;
    public required TRule Rule;
    public required int First;
    public required int End;

    private int _from;
    private int _to;

    public readonly long Work => (long)(End - First) * JobWork.HardElement;

    public readonly int SharesFor(int workers) => workers;

    public void Run(WorkShare share)
    {
        // Shares begin on cache lines: no two workers write to one.
        int line = PanelLayout.LineOf<T>();
        (int from, int to) = share.Of((End - First + line - 1) / line);
        _from = First + (from * line);
        _to = Math.Min(End, First + (to * line));
        SimdDispatch.Run<T, UpdateKernel<TRule, T>>(Width, ref this);
    }

    public readonly void Invoke<TSimd, TVec>()
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged => Apply<TSimd, TVec>(Rule, _from, _to);

    // Optimized at once: a leaf loop that may be entered only a few times.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Apply<TSimd, TVec>(TRule rule, nint index, nint end)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        for (; index <= end - TSimd.Width; index += TSimd.Width)
        {
            rule.Update<TSimd, TVec>(index);
        }

        for (; index < end; index++)
        {
            rule.Update<SimdScalar<T>, T>(index);
        }
    }
}
