using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Kernels.Products;
using Lstm.Runtime;
using Lstm.Simd;

namespace Lstm.Kernels.Recurrence;

/// <summary>dpᵢ += Σ dzᵢ⊙c₋₁, dp_f += Σ dz_f⊙c₋₁, dp_o += Σ dz_o⊙c: the rows in the order of the weights' gradients.</summary>
/// <remarks>
/// One chain per unit, gate and block of rows, from 0, added to the value already there; workers divide the panels.
/// </remarks>
internal unsafe struct PeepholeGradient<T> : IKernel<T>, IJob
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public required SimdWidth Width;
    public required RowRuns Runs;
    public required int Panels;

    /// <summary>B: slots before the first row's.</summary>
    public required nint Sequences;

    /// <summary>dz [panels, GateRows, 4·line].</summary>
    public required T* Gates;
    public required nint GateRows;

    /// <summary>c by slot: [panels, CellSlots, line].</summary>
    public required T* Cells;
    public required nint CellSlots;

    /// <summary>
    /// The c that o saw, [panels, GateRows, line], where zoneout has mixed it on its way into <see cref="Cells"/>; else null.
    /// </summary>
    public T* NewCells;

    /// <summary>dp [panels, 3·line].</summary>
    public required T* Gradient;

    private WorkShare _share;

    public readonly long Work => Runs.RowCount * (long)Panels * 3 * (64 / sizeof(T)) * JobWork.Element;

    public readonly int SharesFor(int workers) => Math.Min(workers, Panels);

    public void Run(WorkShare share)
    {
        _share = share;
        SimdDispatch.Run<T, PeepholeGradient<T>>(Width, ref this);
    }

    // AggressiveOptimization: it runs once a pass, so it would stay in unoptimised code for long.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Invoke<TSimd, TVec>()
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        // SAFETY: DirectionGradients.AddPeephole passes what DirectionTape.Prepare has reserved: dz and the new c by row, c by
        // slot, for all panels; the runs are those of the same shape and plan. A share is a range of panels.
        Debug.Assert(Gates != null && Cells != null && Gradient != null, "An operand is missing.");
        Debug.Assert(Runs.RowCount <= GateRows && Sequences + Runs.RowCount <= CellSlots, "There are more rows than were kept.");
        nint line = 64 / sizeof(T);
        (int first, int end) = _share.Of(Panels);
        for (nint panel = first; panel < end; panel++)
        {
            T* z = Gates + (panel * GateRows * 4 * line);
            T* cells = Cells + (panel * CellSlots * line);
            T* seen = NewCells == null ? cells + (Sequences * line) : NewCells + (panel * GateRows * line);
            for (nint u = 0; u < line; u += TSimd.Width)
            {
                T* gradient = Gradient + (panel * 3 * line) + u;
                TVec inputs = TSimd.Load(gradient);
                TVec forgets = TSimd.Load(gradient + line);
                TVec outputs = TSimd.Load(gradient + (2 * line));
                for (int block = 0; block < Runs.BlockCount; block++)
                {
                    TVec i = TSimd.Zero;
                    TVec f = TSimd.Zero;
                    TVec o = TSimd.Zero;
                    foreach (RowRuns.Run run in Runs.Block(block))
                    {
                        T* dz = z + ((nint)run.Row * 4 * line) + u;
                        T* before = cells + (run.Slot * line) + u;
                        T* after = seen + ((nint)run.Row * line) + u;
                        nint step = run.Step * line;
                        for (nint k = run.Count; k > 0; k--)
                        {
                            TVec c = TSimd.Load(before);
                            i = TSimd.MultiplyAdd(dz, 0, c, i);
                            f = TSimd.MultiplyAdd(dz, line, c, f);
                            o = TSimd.MultiplyAdd(dz, 3 * line, TSimd.Load(after), o);
                            dz += 4 * step;
                            before += step;
                            after += step;
                        }
                    }

                    inputs = TSimd.Add(inputs, i);
                    forgets = TSimd.Add(forgets, f);
                    outputs = TSimd.Add(outputs, o);
                }

                TSimd.Store(gradient, inputs);
                TSimd.Store(gradient + line, forgets);
                TSimd.Store(gradient + (2 * line), outputs);
            }
        }
    }
}
