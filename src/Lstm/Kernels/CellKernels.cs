using System.Numerics;
using Lstm.Kernels.Normalization;
using Lstm.Kernels.Recurrence;
using Lstm.Runtime;
using Lstm.Simd;

namespace Lstm.Kernels;

/// <summary>
/// The recurrent kernels, compiled for one cell: a layer has one of these, and calls it once a pass, never once a step.
/// </summary>
internal abstract class CellKernels<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public abstract void Run(WorkerTeam team, ref RecurrentForward<T> work);

    public abstract void Run(WorkerTeam team, ref RecurrentBackward<T> work);

    public abstract void Run(WorkerTeam team, ref LayerNormForward<T> work);

    public abstract void Run(WorkerTeam team, ref LayerNormBackward<T> work);

    /// <summary>One job of a step with batch normalisation.</summary>
    public abstract void Run(WorkerTeam team, ref BatchNormForward<T> work);

    /// <inheritdoc cref="Run(WorkerTeam, ref BatchNormForward{T})"/>
    public abstract void Run(WorkerTeam team, ref BatchNormBackward<T> work);

    public abstract StepKernel<T> Bind(SimdWidth width, RecurrentStep<T> step);
}

/// <inheritdoc/>
internal sealed class CellKernels<T, TCell>(TCell cell) : CellKernels<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TCell : unmanaged, ICell<T>
{
    public override void Run(WorkerTeam team, ref RecurrentForward<T> work)
    {
        CellJob<T, RecurrentForward<T>, TCell> job = new(work, cell);
        team.Run(ref job);
    }

    public override void Run(WorkerTeam team, ref RecurrentBackward<T> work)
    {
        CellJob<T, RecurrentBackward<T>, TCell> job = new(work, cell);
        team.Run(ref job);
    }

    public override void Run(WorkerTeam team, ref LayerNormForward<T> work)
    {
        CellJob<T, LayerNormForward<T>, TCell> job = new(work, cell);
        team.Run(ref job);
    }

    public override void Run(WorkerTeam team, ref LayerNormBackward<T> work)
    {
        CellJob<T, LayerNormBackward<T>, TCell> job = new(work, cell);
        team.Run(ref job);
    }

    public override void Run(WorkerTeam team, ref BatchNormForward<T> work)
    {
        CellJob<T, BatchNormForward<T>, TCell> job = new(work, cell);
        team.Run(ref job);
    }

    public override void Run(WorkerTeam team, ref BatchNormBackward<T> work)
    {
        CellJob<T, BatchNormBackward<T>, TCell> job = new(work, cell);
        team.Run(ref job);
    }

    public override StepKernel<T> Bind(SimdWidth width, RecurrentStep<T> step)
    {
        Binding binding = new() { Step = step, Cell = cell };
        SimdDispatch.Run<T, Binding>(width, ref binding);
        return binding.Bound!;
    }

    private struct Binding : IKernel<T>
    {
        public required RecurrentStep<T> Step;
        public required TCell Cell;
        public StepKernel<T>? Bound;

        public void Invoke<TSimd, TVec>()
            where TSimd : struct, ISimd<TVec, T>
            where TVec : unmanaged => Bound = new RecurrentStep<TSimd, TVec, T, TCell>(Step, Cell);
    }
}

/// <summary>Work with its cell, for a team of workers.</summary>
internal struct CellJob<T, TWork, TCell>(TWork work, TCell cell) : IKernel<T>, IJob
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TWork : struct, ICellWork<T>
    where TCell : unmanaged, ICell<T>
{
    private TWork _work = work;
    private TCell _cell = cell;

    public readonly long Work => _work.Work;

    public readonly int SharesFor(int workers) => _work.SharesFor(workers);

    public void Run(WorkShare share)
    {
        _work.SetShare(share);
        SimdDispatch.Run<T, CellJob<T, TWork, TCell>>(_work.Width, ref this);
    }

    public void Invoke<TSimd, TVec>()
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged => _work.Run<TSimd, TVec, TCell>(ref _cell);
}
