using Lstm.Sequences;

namespace Lstm.Layers;

// A layer that reads in reverse, or both ways, computed again in the backward pass segment by segment. One that reads forward only is so
// together with the layers around it: RecomputedLayers.
internal sealed unsafe partial class LstmLayer<T>
{
    private bool IsCut(in Pass<T> pass, SequenceShape shape) => NeedsWholeSequence && pass.Cuts(shape);

    private void ForwardInSegments(in Pass<T> pass, Rows<T> input, LstmTape<T> tape)
    {
        tape.PrepareSegmented(input.Shape);
        tape.Segments ??= CreateSegments();
        foreach (SegmentedPass<T> direction in tape.Segments)
        {
            direction.Forward(pass, input, tape.Output.Pointer + tape.OutputStart);
        }
    }

    private void BackwardInSegments(in Pass<T> pass, Rows<T> input, LstmTape<T> tape, T* outputGradient, T* inputGradient, T* gradient)
    {
        foreach (SegmentedPass<T> direction in tape.Segments!)
        {
            direction.Backward(pass, input, outputGradient, inputGradient, gradient);
        }
    }

    // The directions run one after the other and share the room for a segment.
    private SegmentedPass<T>[] CreateSegments()
    {
        LayerTape<T> segment = CreateTape();
        return [.. Enumerable.Range(0, _directions.Length).Select(d => new SegmentedPass<T>(this, segment, d))];
    }
}
