using System.Diagnostics;
using System.Numerics;
using Lstm.Kernels.Recurrence;

namespace Lstm.Layers;

/// <summary>The last row of each sequence, as often as it has steps out.</summary>
// SAFETY: RepeatTape.Prepare reserves Steps rows of the output for each sequence, and Row(b, t) is one of them. The last step of
// a sequence that has one is a row of the input. For gradients: Layer.Backward.
internal sealed unsafe class RepeatLastLayer<T> : Layer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Steps out per sequence.</summary>
    public required int Steps { get; init; }

    public override int OutputSize => InputSize;

    public override string? WholeSequenceReason => "repeats the last step of whole sequences";

    public override LayerTape<T> CreateTape() => new RepeatTape();

    public override void Forward(in Pass<T> pass, Rows<T> input, LayerTape<T> tape)
    {
        Debug.Assert(input.Features == InputSize, "The rows are not of this layer's input.");
        ((RepeatTape)tape).Prepare(input.Shape.Count, Steps, InputSize);
        for (int b = 0; b < input.Shape.Count; b++)
        {
            ReadOnlySpan<T> last = Last(input, b);
            for (int t = 0; t < Steps; t++)
            {
                Span<T> y = new(tape.Output.Pointer + ((nint)tape.OutputShape.Row(b, t) * InputSize), InputSize);
                if (last.IsEmpty)
                {
                    y.Clear();
                }
                else
                {
                    last.CopyTo(y);
                }
            }
        }
    }

    public override StepKernel<T> BindStep(Pass<T> pass, NetworkState<T> state)
        => throw new NotSupportedException($"Layer '{Name}' repeats the last step of whole sequences: it has no single step.");

    // dx of a last row = Σ dy, the last step first.
    public override void Backward(
        in Pass<T> pass, Rows<T> input, LayerTape<T> tape, T* outputGradient, T* inputGradient, T* gradient)
    {
        if (inputGradient == null)
        {
            return;
        }

        Debug.Assert(input.Features == InputSize, "The rows are not of this layer's input.");
        Debug.Assert(tape.OutputShape.Count == input.Shape.Count, "The tape is of another batch.");
        Debug.Assert(outputGradient != null, "There is no gradient of the output.");
        new Span<T>(inputGradient, checked(input.Count * InputSize)).Clear();
        for (int b = 0; b < input.Shape.Count; b++)
        {
            int length = input.Shape.Lengths[b];
            T* dx = inputGradient + (length == 0 ? 0 : (nint)input.Shape.Row(b, length - 1) * InputSize);
            for (int t = Steps - 1; t >= 0 && length > 0; t--)
            {
                T* dy = outputGradient + ((nint)tape.OutputShape.Row(b, t) * InputSize);
                for (nint f = 0; f < InputSize; f++)
                {
                    dx[f] += dy[f];
                }
            }
        }
    }

    private ReadOnlySpan<T> Last(Rows<T> input, int sequence)
    {
        int length = input.Shape.Lengths[sequence];
        return length == 0 ? [] : new(input.Pointer + ((nint)input.Shape.Row(sequence, length - 1) * InputSize), InputSize);
    }

    private sealed class RepeatTape : LayerTape<T>
    {
        public void Prepare(int count, int steps, int features)
        {
            OutputShape.SetDense(count, steps);
            Output.Reserve((long)count * steps * features);
        }
    }
}
