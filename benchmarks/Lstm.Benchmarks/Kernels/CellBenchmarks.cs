using System.Numerics;
using BenchmarkDotNet.Attributes;
using Lstm.Cells;
using Lstm.Kernels.Products;
using Lstm.Kernels.Recurrence;
using Lstm.Runtime;
using Lstm.Simd;

namespace Lstm.Benchmarks.Kernels;

/// <summary>The cell's equations for 32 rows of one panel: 512 cells of float, 256 of double.</summary>
[MemoryDiagnoser]
[GenericTypeArguments(typeof(float))]
[GenericTypeArguments(typeof(double))]
public unsafe class CellBenchmarks<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int Rows = 32;
    private readonly int _line = PanelLayout.LineOf<T>();
    private AlignedBuffer<T> _start = new();
    private AlignedBuffer<T> _z = new();
    private AlignedBuffer<T> _cells = new();
    private AlignedBuffer<T> _hidden = new();

    [GlobalSetup]
    public void Setup()
    {
        _start = RandomBuffer.Create<T>(4 * _line * Rows);
        _z = new(4 * _line * Rows);
        _cells = RandomBuffer.Create<T>(2 * _line * Rows);
        _hidden = RandomBuffer.Create<T>(2 * _line * Rows);
    }

    // Both work in place, so z is brought back each time: some 8 KB from the first-level cache.
    [Benchmark(Baseline = true)]
    public void CopyOnly() => _start.Span.CopyTo(_z.Span);

    [Benchmark]
    public void Forward()
    {
        CopyOnly();
        ForwardKernel kernel = new() { Z = _z.Pointer, Cells = _cells.Pointer, Hidden = _hidden.Pointer };
        SimdDispatch.Run<T, ForwardKernel>(ref kernel);
    }

    [Benchmark]
    public void Backward()
    {
        CopyOnly();
        _hidden.Span[(_line * Rows)..].Clear();
        BackwardKernel kernel = new() { Z = _z.Pointer, Cells = _cells.Pointer, Hidden = _hidden.Pointer };
        SimdDispatch.Run<T, BackwardKernel>(ref kernel);
    }

    private struct ForwardKernel : IKernel<T>
    {
        public T* Z;
        public T* Cells;
        public T* Hidden;

        public readonly void Invoke<TSimd, TVec>()
            where TSimd : struct, ISimd<TVec, T>
            where TVec : unmanaged
        {
            nint line = PanelLayout.LineOf<T>();
            StandardCell<T> cell = default;
            CellEpilogue<TSimd, TVec, T, StandardCell<T>>.Forward(
                ref cell, null, null, default, Z, Cells, Cells + (line * Rows), Hidden, line, Rows, line);
        }
    }

    // Hidden holds dh, then dc.
    private struct BackwardKernel : IKernel<T>
    {
        public T* Z;
        public T* Cells;
        public T* Hidden;

        public readonly void Invoke<TSimd, TVec>()
            where TSimd : struct, ISimd<TVec, T>
            where TVec : unmanaged
        {
            nint line = PanelLayout.LineOf<T>();
            StandardCell<T> cell = default;
            CellEpilogue<TSimd, TVec, T, StandardCell<T>>.Backward(
                ref cell, null, null, default, null, Z, Cells, Cells + (line * Rows), Hidden, line, Hidden + (line * Rows), Rows);
        }
    }
}
