using System.Numerics;
using Lstm.Kernels.Recurrence;
using Lstm.Sequences;

namespace Lstm.Layers;

/// <summary>A step of one session as a batch of one sequence of one step: for LSTM layers that <see cref="RecurrentStep{T}"/> does not know.</summary>
internal sealed unsafe class BatchOfOneStep<T> : StepKernel<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly LstmLayer<T> _layer;
    private readonly Pass<T> _pass;
    private readonly NetworkState<T> _state;
    private readonly LayerRecord<T> _record;
    private readonly SequenceShape _shape = new();

    public BatchOfOneStep(LstmLayer<T> layer, Pass<T> pass, NetworkState<T> state)
    {
        (_layer, _pass, _state) = (layer, pass, state);
        _record = layer.CreateRecord();
        _shape.SetDense(1, 1);
    }

    public override void Run(void* x, T* y)
    {
        _pass.Initial = _state;
        _layer.Forward(_pass, new Rows<T>((T*)x, _layer.InputSize, _shape), _record);
        _layer.TakeFinalState(_record, _state, null);
        new ReadOnlySpan<T>(_record.OutputRows(_layer.OutputSize).Pointer, _layer.OutputSize).CopyTo(new Span<T>(y, _layer.OutputSize));
    }
}
