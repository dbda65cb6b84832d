using System.Numerics;
using Lstm.Kernels.Recurrence;

namespace Lstm.Layers;

/// <summary>A run of layers that all work step by step, as one layer that keeps only its output's rows: <see cref="SegmentedPass{T}"/>.</summary>
internal sealed unsafe class RecomputedLayers<T> : Layer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Layer<T>[] _layers;
    private readonly LayerRecord<T>[] _segments;

    /// <summary>Makes it of layers, an LSTM among them, and room for a segment of each.</summary>
    public RecomputedLayers(Layer<T>[] layers, LayerRecord<T>[] segments) => (_layers, _segments) = (layers, segments);

    public override int OutputSize => _layers[^1].OutputSize;

    public override int StateCount => _layers.Sum(layer => layer.StateCount);

    public override LayerRecord<T> CreateRecord() => new Record(new SegmentedPass<T>(_layers, _segments));

    public override void Forward(Pass<T> pass, Rows<T> input, LayerRecord<T> record)
    {
        Record kept = (Record)record;
        kept.Prepare(input.Shape, OutputSize);
        kept.Segments.Forward(pass, input, kept.Output.Pointer);
    }

    public override StepKernel<T> BindStep(Pass<T> pass, NetworkState<T> state)
        => throw new NotSupportedException($"The layers up to '{Name}' are computed again in a backward pass: streams have none.");

    public override void Backward(Pass<T> pass, Rows<T> input, LayerRecord<T> record, T* outputGradient, T* inputGradient, T* gradient)
        => ((Record)record).Segments.Backward(pass, input, outputGradient, inputGradient, gradient);

    public override void TakeFinalState(LayerRecord<T> record, NetworkState<T> state, int* stateRows) => ((Record)record).Segments.TakeFinalState(state);

    private sealed class Record(SegmentedPass<T> segments) : LayerRecord<T>
    {
        public SegmentedPass<T> Segments => segments;
    }
}
