using System.Numerics;
using BenchmarkDotNet.Attributes;
using Lstm.Cells;
using Lstm.Kernels;
using Lstm.Kernels.Products;
using Lstm.Kernels.Recurrence;
using Lstm.Runtime;
using Lstm.Simd;

namespace Lstm.Benchmarks.Kernels;

/// <summary>The row kernel: one step of one sequence of one layer, as streams run it. It reads all 8·H² weights once.</summary>
[MemoryDiagnoser]
[GenericTypeArguments(typeof(float))]
[GenericTypeArguments(typeof(double))]
public unsafe class StepBenchmarks<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private AlignedBuffer<T> _weights = new();
    private AlignedBuffer<T> _rows = new();
    private readonly WorkerTeam _team = new(1);
    private StepKernel<T> _step = null!;

    [Params(64, 256)]
    public int Units { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        int gates = PanelLayout.Gates<T>(Units).PaddedColumns;
        _weights = RandomBuffer.Create<T>(2L * gates * Units);
        _rows = RandomBuffer.Create<T>(4L * gates);
        _step = new CellKernels<T, StandardCell<T>>(default).Bind(SimdDispatch.Best, new RecurrentStep<T>
        {
            Inputs = Units,
            Units = Units,
            Input = _weights.Pointer,
            Recurrent = _weights.Pointer + ((nint)gates * Units),
            Bias = null,
            SecondBias = null,
            UnitWeights = null,
            Hidden = _rows.Pointer + (gates / 4),
            Cell = _rows.Pointer + (gates / 2),
            Team = _team,
        });
    }

    [Benchmark]
    public void Step() => _step.Run(_rows.Pointer, _rows.Pointer + (3 * Units));
}
