using System.Numerics;
using Lstm.Kernels.Products;
using Lstm.Runtime;
using Lstm.Simd;

namespace Lstm.Benchmarks.Compare;

/// <summary>P: multiply-adds of one core at the width the library runs at, in GFLOP/s.</summary>
internal sealed unsafe class PeakCeiling<T> : Ceiling
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly AlignedBuffer<T> _lines = new(MultiplyAddProbe<T>.LineCount * PanelLayout.LineOf<T>());

    protected override double Run(long count)
    {
        // Values near 1, whatever the number of iterations.
        _lines.Span.Fill(T.CreateChecked(0.5));
        MultiplyAddProbe<T> probe = new() { Iterations = 1000 * count, Lines = _lines.Pointer };
        SimdDispatch.Run<T, MultiplyAddProbe<T>>(ref probe);
        return probe.Flops;
    }
}
