using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Kernels.Elementwise;
using Lstm.Runtime;
using Lstm.Simd;

namespace Lstm.Kernels.Recurrence;

/// <summary>
/// What one step of one sequence through a recurrent layer works on; <see cref="CellKernels{T}.Bind"/> makes it runnable.
/// </summary>
// SAFETY: DirectionLayer.BindStep takes weights and biases from the flat parameters, by panels of the layer's gates, and h and c
// from a state of one sequence, which has room for whole lines of both (NetworkState's constructor). NetworkStream.Run keeps the
// network and the state alive.
internal unsafe struct RecurrentStep<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public required nint Inputs;
    public required nint Units;

    /// <summary>W_ih and W_hh by panels.</summary>
    public required T* Input;
    public required T* Recurrent;

    /// <summary>The biases by panels, null where there is none; two are added up.</summary>
    public required T* Bias;
    public required T* SecondBias;

    /// <summary>The weights of the units' own by panels; null for a cell that has none.</summary>
    public required T* UnitWeights;

    /// <summary>h [units], in room for whole lines. Becomes the new h.</summary>
    public required T* Hidden;

    /// <summary>c, by panels and so in order; its padding is zero. Becomes the new c.</summary>
    public required T* Cell;

    /// <summary>Workers that share the panels of each step.</summary>
    public required WorkerTeam Team;
}

/// <summary>
/// One step of one sequence: what streaming runs. The same chains as <see cref="RecurrentForward{T}"/>, so the same bits.
/// </summary>
internal sealed unsafe class RecurrentStep<TSimd, TVec, T, TCell> : StepKernel<T>
    where TSimd : struct, ISimd<TVec, T>
    where TVec : unmanaged
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TCell : unmanaged, ICell<T>
{
    private readonly RecurrentStep<T> _step;
    private readonly TCell _cell;
    private readonly nint _panels;
    private readonly AlignedBuffer<T> _gates;
    private readonly AlignedBuffer<T> _next;
    private readonly AlignedBuffer<T> _lines;
    private readonly AlignedBuffer<T> _biasSum = new();
    private readonly T* _firstBias;

    public RecurrentStep(RecurrentStep<T> step, TCell cell)
    {
        Debug.Assert(TCell.StateVectors == 1, "DirectionLayer.BindStep binds only cells that carry c alone.");
        _step = step;
        _cell = cell;
        _firstBias = step.Bias;
        _panels = (step.Units + Line - 1) / Line;
        _gates = new AlignedBuffer<T>(step.Team.Size * 4 * Line);
        _lines = new AlignedBuffer<T>(step.Team.Size * cell.KeptLines * Line);
        _next = new AlignedBuffer<T>(_panels * Line);
        if (step.SecondBias != null)
        {
            _biasSum.Reserve(_panels * 4 * Line);
            _step.Bias = _biasSum.Pointer;
            AddBiases();
        }
    }

    private static nint Line
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 64 / sizeof(T);
    }

    // AggressiveOptimization: a step is over before the runtime would count its calls, and some processes never let it
    // recompile: those that keep their only processor busy.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(void* x, T* y)
    {
        // SAFETY: x and y have Inputs and Units values, as StepKernel says. The constructor reserves gates and kept lines for
        // each worker of the team, and the next h for all panels; a share is a range of panels.
        Debug.Assert((x != null || _step.Inputs == 0) && y != null, "The input or output is missing.");
        Debug.Assert(_step.Hidden != null && _step.Cell != null, "The state is missing.");
        Debug.Assert(_next.Length >= _panels * Line && _gates.Length >= _step.Team.Size * 4 * Line, "A line is missing.");

        // A lone panel has read h before it writes it; of several, the later ones still need the old h.
        T* next = _panels == 1 ? _step.Hidden : _next.Pointer;
        if (_step.Team.Size > 1)
        {
            Panels job = new() { Kernel = this, X = (T*)x, Next = next };
            _step.Team.Run(ref job);
        }
        else
        {
            RunPanels((T*)x, next, 0, 0, _panels);
        }

        if (next != _step.Hidden)
        {
            new ReadOnlySpan<T>(next, (int)_step.Units).CopyTo(new Span<T>(_step.Hidden, (int)_step.Units));
        }

        new ReadOnlySpan<T>(next, (int)_step.Units).CopyTo(new Span<T>(y, (int)_step.Units));
    }

    public override void Refresh(long version) => AddBiases();

    private void AddBiases()
    {
        for (nint i = 0; i < _biasSum.Length; i++)
        {
            _biasSum.Pointer[i] = _firstBias[i] + _step.SecondBias[i];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void RunPanels(T* x, T* next, int worker, nint first, nint end)
    {
        nint width = 4 * Line;
        TCell cell = _cell;
        T* z = _gates.Pointer + (worker * width);
        T* lines = _lines.Pointer + (worker * cell.KeptLines * Line);
        for (nint panel = first; panel < end; panel++)
        {
            T* start = _step.Bias == null ? null : _step.Bias + (panel * width);
            T* w = _step.Input + (panel * width * _step.Inputs);
            T* r = _step.Recurrent + (panel * width * _step.Units);
            RowKernel<TSimd, TVec, T>.Run(z, start, x, _step.Inputs, w, _step.Hidden, _step.Units, r);
            T* c = _step.Cell + (panel * Line);
            T* own = _step.UnitWeights == null ? null : _step.UnitWeights + (panel * TCell.UnitWeightLines * Line);
            CellEpilogue<TSimd, TVec, T, TCell>.Step(ref cell, own, lines, z, c, next + (panel * Line));
        }
    }

    /// <summary>The panels; each reads the whole h of the step before.</summary>
    private struct Panels : IJob
    {
        public required RecurrentStep<TSimd, TVec, T, TCell> Kernel;
        public required T* X;
        public required T* Next;

        // Two workers from 2 MB of float weights on: reading them takes one core longer than waking a thread that sleeps, and the
        // second-level caches of two cores hold what one cannot.
        public readonly long Work
            => Kernel._panels * 4 * Line * (long)(Kernel._step.Inputs + Kernel._step.Units) * sizeof(T) / sizeof(float);

        public readonly int SharesFor(int workers) => (int)Math.Min(workers, Kernel._panels);

        public readonly void Run(WorkShare share)
        {
            (int first, int end) = share.Of((int)Kernel._panels);
            Kernel.RunPanels(X, Next, share.Worker, first, end);
        }
    }
}
