using System.Numerics;
using Lstm.Kernels.Recurrence;
using Lstm.Runtime;

namespace Lstm.Layers;

/// <summary>One direction of a layer that needs whole sequences, cut into segments by itself.</summary>
// SAFETY: ForwardSegment reserves the slots of h for the segment. SegmentedPass gives CopyOutput the segment's first row in this
// direction's columns of the layer's output, outputSize values apart, which LstmTape.Prepare has reserved for all rows.
internal sealed unsafe class DirectionSegments<T>(DirectionLayer<T> direction, int hiddenSize, int outputSize)
    : SegmentedPass<T>(direction.States.Entry, 1, direction.IsReverse)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly DirectionTape<T> _tape = direction.CreateTape();

    // h of a segment, by slot.
    private readonly AlignedBuffer<T> _hidden = new();

    protected override int OutputStride => outputSize;

    protected override void ForwardSegment(in Pass<T> pass, Rows<T> rows)
    {
        _hidden.Reserve(((long)rows.Shape.Count + rows.Count) * hiddenSize);
        _tape.Prepare(pass, rows.Shape, new Slots<T>(_hidden.Pointer, hiddenSize));
        direction.Forward(pass, rows, _tape);
    }

    protected override void BackwardSegment(in Pass<T> pass, Rows<T> rows, T* outputGradient, T* inputGradient, T* gradient)
        => direction.Backward(pass, rows, _tape, outputGradient, outputSize, inputGradient, gradient);

    protected override void CopyOutput(T* output)
    {
        for (nint row = 0; row < _tape.Shape.RowCount; row++)
        {
            new ReadOnlySpan<T>(_tape.Hidden.At(_tape.Shape.Count + row), hiddenSize)
                .CopyTo(new Span<T>(output + (row * outputSize), hiddenSize));
        }
    }

    protected override void TakeState(NetworkState<T> state) => direction.States.TakeFinal(_tape, state, null);
}
