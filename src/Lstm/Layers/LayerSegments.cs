using System.Numerics;
using Lstm.Runtime;

namespace Lstm.Layers;

/// <summary>Layers that read forward and work step by step, cut into segments together.</summary>
internal sealed unsafe class LayerSegments<T>(Layer<T>[] layers, LayerTape<T>[] tapes)
    : SegmentedPass<T>(layers.First(layer => layer.StateCount > 0).FirstState, layers.Sum(layer => layer.StateCount), reverse: false)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly AlignedBuffer<T>[] _gradients = [new(), new()];

    protected override int OutputStride => layers[^1].OutputSize;

    protected override void ForwardSegment(in Pass<T> pass, Rows<T> rows)
    {
        for (int i = 0; i < layers.Length; i++)
        {
            layers[i].Forward(pass, rows, tapes[i]);
            rows = tapes[i].OutputRows(layers[i].OutputSize);
        }
    }

    protected override void BackwardSegment(in Pass<T> pass, Rows<T> rows, T* outputGradient, T* inputGradient, T* gradient)
    {
        for (int i = layers.Length - 1; i >= 0; i--)
        {
            Rows<T> x = i > 0 ? tapes[i - 1].OutputRows(layers[i].InputSize) : rows;
            T* dx = i > 0 ? Gradient(i, (long)x.Count * x.Features) : inputGradient;
            layers[i].Backward(pass, x, tapes[i], outputGradient, dx, gradient);
            outputGradient = dx;
        }
    }

    protected override void CopyOutput(T* output)
    {
        Rows<T> rows = tapes[^1].OutputRows(OutputStride);
        new ReadOnlySpan<T>(rows.Pointer, checked(rows.Count * OutputStride)).CopyTo(new Span<T>(output, rows.Count * OutputStride));
    }

    protected override void TakeState(NetworkState<T> state)
    {
        for (int i = 0; i < layers.Length; i++)
        {
            layers[i].TakeFinalState(tapes[i], state, null);
        }
    }

    private T* Gradient(int layer, long length)
    {
        AlignedBuffer<T> buffer = _gradients[layer & 1];
        buffer.Reserve(length);
        return buffer.Pointer;
    }
}
