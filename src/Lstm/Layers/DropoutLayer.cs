using System.Diagnostics;
using System.Numerics;
using Lstm.Kernels.Elementwise;
using Lstm.Kernels.Recurrence;
using Lstm.Sequences;

namespace Lstm.Layers;

/// <summary>
/// y = x⊙m/(1 − p) with m drawn anew for each element and step, or once for a sequence; y = x outside training.
/// </summary>
/// <remarks>Backward draws m again instead of storing it (<see cref="DropMask"/>).</remarks>
// SAFETY: input and output have InputSize values in each row: LayerTape.Prepare reserves the output, Layer.Backward says what the
// gradients have. A stream's step gets as many values (StepKernel).
internal sealed unsafe class DropoutLayer<T> : Layer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public required double Rate { get; init; }

    /// <summary>Whether a sequence has one mask for all its steps: variational dropout.</summary>
    public bool HoldsMask { get; init; }

    public override int OutputSize => InputSize;

    public override LayerTape<T> CreateTape() => new LayerTape<T>();

    public override void Forward(in Pass<T> pass, Rows<T> input, LayerTape<T> tape)
    {
        Debug.Assert(input.Features == InputSize, "The rows are not of this layer's input.");
        tape.Prepare(input.Shape, InputSize);
        Apply(pass, input.Shape, input.Pointer, tape.Output.Pointer);
    }

    public override StepKernel<T> BindStep(Pass<T> pass, NetworkState<T> state) => new CopyStep(InputSize);

    public override void Backward(
        in Pass<T> pass, Rows<T> input, LayerTape<T> tape, T* outputGradient, T* inputGradient, T* gradient)
    {
        Debug.Assert(outputGradient != null || input.Count == 0, "There is no gradient of the output.");
        if (inputGradient != null)
        {
            Apply(pass, input.Shape, outputGradient, inputGradient);
        }
    }

    private void Apply(in Pass<T> pass, SequenceShape shape, T* source, T* destination)
    {
        if (!pass.Training || Rate == 0)
        {
            new ReadOnlySpan<T>(source, checked(shape.RowCount * InputSize))
                .CopyTo(new Span<T>(destination, shape.RowCount * InputSize));
            return;
        }

        MaskedScale<T> mask = new()
        {
            Width = pass.Width,
            Shape = shape,
            Features = InputSize,
            Mask = new DropMask(shape, pass.RandomKey(Index), Rate, HoldsMask),
            Scale = T.CreateChecked(1 / (1 - Rate)),
            Source = source,
            Destination = destination,
        };
        pass.Team.Run(ref mask);
    }

    private sealed class CopyStep(int size) : StepKernel<T>
    {
        public override void Run(void* x, T* y) => new ReadOnlySpan<T>(x, size).CopyTo(new Span<T>(y, size));
    }
}
