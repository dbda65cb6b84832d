using Lstm.Benchmarks.Compare;
using Lstm.Kernels.Products;
using Lstm.Runtime;
using Lstm.Simd;

namespace Lstm.Benchmarks.Timing;

/// <summary>About a millisecond of multiply-adds on registers: P, timed in turn with what is held against it.</summary>
internal sealed unsafe class PeakProbe
{
    private readonly AlignedBuffer<float> _lines = new(MultiplyAddProbe<float>.LineCount * PanelLayout.LineOf<float>());

    /// <summary>Operations of one run.</summary>
    public double Flops { get; private set; }

    public void Run()
    {
        _lines.Span.Fill(0.5f);
        MultiplyAddProbe<float> probe = new() { Iterations = 100_000, Lines = _lines.Pointer };
        SimdDispatch.Run<float, MultiplyAddProbe<float>>(ref probe);
        Flops = probe.Flops;
    }
}
