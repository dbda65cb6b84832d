using System.Diagnostics;
using System.Numerics;
using Lstm.Runtime;

namespace Lstm.Layers;

/// <summary>The gradients between the layers of a run: two buffers that backward passes use in turn.</summary>
internal sealed unsafe class LayerGradients<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly AlignedBuffer<T>[] _buffers = [new(), new()];

    // SAFETY: Reserve makes room for all values of the input's rows; the pointer is valid until the same buffer is reserved for a
    // layer two places away, which is after the layer between them has read it.
    /// <summary>Makes room for the gradient of the input of a layer, which is not the first.</summary>
    public T* Of(int layer, Rows<T> input)
    {
        Debug.Assert(layer > 0);
        AlignedBuffer<T> buffer = _buffers[layer & 1];
        buffer.Reserve((long)input.Count * input.Features);
        return buffer.Pointer;
    }
}
