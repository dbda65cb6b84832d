using System.Numerics;

namespace Lstm.Layers;

/// <summary>Layers that read forward and work step by step, cut into segments together.</summary>
internal sealed unsafe class LayerSegments<T>(Layer<T>[] layers, LayerTape<T>[] tapes)
    : SegmentedPass<T>(
        layers.First(layer => layer.StateCount > 0).FirstState, layers.Sum(layer => layer.StateCount), reverse: false)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly LayerRun<T> _run = new(layers, tapes);
    private readonly LayerGradients<T> _between = new();

    protected override int OutputStride => _run.Layers[^1].OutputSize;

    protected override void ForwardSegment(in Pass<T> pass, Rows<T> rows) => _run.Forward(pass, rows);

    protected override void BackwardSegment(in Pass<T> pass, Rows<T> rows, T* outputGradient, T* inputGradient, T* gradient)
        => _run.Backward(pass, rows, outputGradient, inputGradient, _between, gradient);

    // SAFETY: SegmentedPass gives the output's rows from the segment's first one on; RecomputedLayers.Forward has reserved all of
    // them.
    protected override void CopyOutput(T* output)
    {
        Rows<T> rows = _run.Tapes[^1].OutputRows(OutputStride);
        new ReadOnlySpan<T>(rows.Pointer, checked(rows.Count * OutputStride))
            .CopyTo(new Span<T>(output, rows.Count * OutputStride));
    }

    protected override void TakeState(NetworkState<T> state)
    {
        for (int i = 0; i < _run.Layers.Count; i++)
        {
            _run.Layers[i].TakeFinalState(_run.Tapes[i], state, null);
        }
    }
}
