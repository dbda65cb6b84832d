using System.Numerics;
using Lstm.Kernels.Products;
using Lstm.Runtime;
using Lstm.Simd;

namespace Lstm.Benchmarks.Compare;

/// <summary>W: what one core reads per second of a block of so many bytes (rounded up to whole cache lines), in GB/s.</summary>
internal sealed unsafe class ReadCeiling<T> : Ceiling
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly AlignedBuffer<T> _block;
    private readonly AlignedBuffer<T> _sum = new(PanelLayout.LineOf<T>());
    private readonly long _count;

    public ReadCeiling(long bytes)
    {
        _count = (bytes + 63) / 64 * PanelLayout.LineOf<T>();
        _block = new AlignedBuffer<T>(_count);
        _block.Span.Fill(T.CreateChecked(0.5));
    }

    // A last-level cache keeps only what it has seen come back: one pass over a large block measures memory instead.
    protected override long LeastRuns => 3;

    protected override double Run(long count)
    {
        ReadProbe<T> probe = new() { Values = _block.Pointer, Count = (nint)_count, Passes = count, Sum = _sum.Pointer };
        SimdDispatch.Run<T, ReadProbe<T>>(ref probe);
        return (double)_count * sizeof(T) * count;
    }
}
