using System.Diagnostics;
using System.Numerics;
using Lstm.Kernels.Recurrence;
using Lstm.Sequences;

namespace Lstm.Layers;

/// <summary>
/// A step of one session as a batch of one sequence of one step: for LSTM layers that <see cref="RecurrentStep{T}"/> does not
/// know.
/// </summary>
// SAFETY: x has InputSize values and y OutputSize, as StepKernel says; Forward reserves the one row of the tape's output that is
// copied (LstmTape.Prepare).
internal sealed unsafe class BatchOfOneStep<T> : StepKernel<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly LstmLayer<T> _layer;
    private readonly NetworkState<T> _state;
    private readonly LayerTape<T> _tape;
    private readonly SequenceShape _shape = new();
    private Pass<T> _pass;

    public BatchOfOneStep(LstmLayer<T> layer, Pass<T> pass, NetworkState<T> state)
    {
        (_layer, _pass, _state) = (layer, pass with { Initial = state }, state);
        _tape = layer.CreateTape();
        _shape.SetDense(1, 1);
        Debug.Assert(state.Count == 1, "The state is not that of one session.");
    }

    public override void Run(void* x, T* y)
    {
        _layer.Forward(_pass, new Rows<T>((T*)x, _layer.InputSize, _shape), _tape);
        _layer.TakeFinalState(_tape, _state, null);
        int size = _layer.OutputSize;
        new ReadOnlySpan<T>(_tape.OutputRows(size).Pointer, size).CopyTo(new Span<T>(y, size));
    }

    public override void Refresh(long version) => _pass = _pass with { Version = version };
}
