using System.Numerics;
using Lstm.Simd;

namespace Lstm.Kernels.Recurrence;

/// <summary>What the first steps see of the initial states: <see cref="HiddenUpdate{T}.See"/> of slots 0 … B − 1.</summary>
internal struct SeenStart<T>(HiddenUpdate<T> update) : IKernel<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly HiddenUpdate<T> _update = update;

    public readonly void Invoke<TSimd, TVec>()
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged => _update.See<TSimd, TVec>(0, 0, _update.Sequences, 0);
}
