using System.Diagnostics;
using System.Numerics;
using Lstm.Kernels.Recurrence;

namespace Lstm.Layers;

/// <summary>
/// A run of layers that all work step by step, as one layer that keeps only its output's rows: <see cref="LayerSegments{T}"/>.
/// </summary>
// SAFETY: LayerTape.Prepare reserves the output for all rows of the input, and LayerRun passes gradients of as many rows; the
// segments are ranges of these rows (SegmentedPass).
internal sealed unsafe class RecomputedLayers<T> : Layer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Layer<T>[] _layers;
    private readonly LayerTape<T>[] _segments;

    /// <summary>Makes it of layers, an LSTM among them, and room for a segment of each.</summary>
    public RecomputedLayers(Layer<T>[] layers, LayerTape<T>[] segments) => (_layers, _segments) = (layers, segments);

    public override int OutputSize => _layers[^1].OutputSize;

    public override int StateCount => _layers.Sum(layer => layer.StateCount);

    public override LayerTape<T> CreateTape() => new RecomputedTape(new LayerSegments<T>(_layers, _segments));

    public override void Forward(in Pass<T> pass, Rows<T> input, LayerTape<T> tape)
    {
        RecomputedTape own = (RecomputedTape)tape;
        Debug.Assert(input.Features == InputSize, "The rows are not of this layer's input.");
        own.Prepare(input.Shape, OutputSize);
        own.Segments.Forward(pass, input, own.Output.Pointer);
    }

    public override StepKernel<T> BindStep(Pass<T> pass, NetworkState<T> state)
        => throw new NotSupportedException(
            $"The layers up to '{Name}' are computed again in a backward pass: streams have none.");

    public override void Backward(
        in Pass<T> pass, Rows<T> input, LayerTape<T> tape, T* outputGradient, T* inputGradient, T* gradient)
        => ((RecomputedTape)tape).Segments.Backward(pass, input, outputGradient, inputGradient, gradient);

    public override void TakeFinalState(LayerTape<T> tape, NetworkState<T> state, int* stateRows)
        => ((RecomputedTape)tape).Segments.TakeFinalState(state);

    private sealed class RecomputedTape(LayerSegments<T> segments) : LayerTape<T>
    {
        public LayerSegments<T> Segments => segments;
    }
}
