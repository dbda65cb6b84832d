using System.Diagnostics;
using System.Numerics;
using Lstm.Kernels.Recurrence;
using Lstm.Runtime;
using Lstm.Sequences;

namespace Lstm.Layers;

/// <summary>One row per sequence, in the caller's order: its last output, or the mean or the largest of its outputs.</summary>
// SAFETY: PoolingTape.Prepare reserves a row of the output, and for max one of Largest, for each sequence. Steps t are less than
// Lengths[b], those that Max has put into Largest too, so that Row(b, t) is a row of the input. For gradients: Layer.Backward.
internal sealed unsafe class PoolingLayer<T> : Layer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public required Pooling Pooling { get; init; }

    /// <summary>Features before this one end at the last step; the rest, read in reverse, end at the first.</summary>
    public required int ForwardFeatures { get; init; }

    public override int OutputSize => InputSize;

    public override string? WholeSequenceReason => "pools all steps";

    public override LayerTape<T> CreateTape() => new PoolingTape();

    public override void Forward(in Pass<T> pass, Rows<T> input, LayerTape<T> tape)
    {
        PoolingTape own = (PoolingTape)tape;
        Debug.Assert(input.Features == InputSize, "The rows are not of this layer's input.");
        own.Prepare(input.Shape, InputSize, Pooling == Pooling.Max);
        for (int b = 0; b < input.Shape.Count; b++)
        {
            T* output = own.Output.Pointer + ((nint)b * InputSize);
            int length = input.Shape.Lengths[b];
            new Span<T>(output, InputSize).Clear();
            if (length == 0)
            {
                continue;
            }

            switch (Pooling)
            {
                case Pooling.Last or Pooling.LastStep or Pooling.FirstStep:
                    for (int f = 0; f < InputSize; f++)
                    {
                        output[f] = input.Pointer[((nint)input.Shape.Row(b, LastStep(f, length)) * InputSize) + f];
                    }

                    break;
                case Pooling.Mean:
                    Mean(input, b, length, output);
                    break;
                default:
                    Max(input, b, length, output, own.Largest.Pointer + ((nint)b * InputSize));
                    break;
            }
        }
    }

    public override StepKernel<T> BindStep(Pass<T> pass, NetworkState<T> state)
        => throw new NotSupportedException($"Layer '{Name}' pools whole sequences: it has no single step.");

    public override void Backward(
        in Pass<T> pass, Rows<T> input, LayerTape<T> tape, T* outputGradient, T* inputGradient, T* gradient)
    {
        if (inputGradient == null)
        {
            return;
        }

        PoolingTape own = (PoolingTape)tape;
        Debug.Assert(input.Features == InputSize, "The rows are not of this layer's input.");
        Debug.Assert(own.OutputShape.Count == input.Shape.Count, "The tape is of another batch.");
        Debug.Assert(outputGradient != null, "There is no gradient of the output.");
        new Span<T>(inputGradient, checked(input.Count * InputSize)).Clear();
        for (int b = 0; b < input.Shape.Count; b++)
        {
            int length = input.Shape.Lengths[b];
            T* dy = outputGradient + ((nint)b * InputSize);
            T share = length == 0 ? T.Zero : T.One / T.CreateChecked(length);
            for (int f = 0; length > 0 && f < InputSize; f++)
            {
                switch (Pooling)
                {
                    case Pooling.Last or Pooling.LastStep or Pooling.FirstStep:
                        inputGradient[((nint)input.Shape.Row(b, LastStep(f, length)) * InputSize) + f] = dy[f];
                        break;
                    case Pooling.Max:
                        int largest = own.Largest.Pointer[((nint)b * InputSize) + f];
                        inputGradient[((nint)input.Shape.Row(b, largest) * InputSize) + f] = dy[f];
                        break;
                    default:
                        for (int t = 0; t < length; t++)
                        {
                            inputGradient[((nint)input.Shape.Row(b, t) * InputSize) + f] = dy[f] * share;
                        }

                        break;
                }
            }
        }
    }

    private int LastStep(int feature, int length) => feature < ForwardFeatures ? length - 1 : 0;

    private void Mean(Rows<T> input, int b, int length, T* output)
    {
        for (int t = 0; t < length; t++)
        {
            T* row = input.Pointer + ((nint)input.Shape.Row(b, t) * InputSize);
            for (nint f = 0; f < InputSize; f++)
            {
                output[f] += row[f];
            }
        }

        T share = T.One / T.CreateChecked(length);
        for (nint f = 0; f < InputSize; f++)
        {
            output[f] *= share;
        }
    }

    // A NaN is larger than any number and stays: what went wrong must be seen.
    private void Max(Rows<T> input, int b, int length, T* output, int* largest)
    {
        for (int t = 0; t < length; t++)
        {
            T* row = input.Pointer + ((nint)input.Shape.Row(b, t) * InputSize);
            for (nint f = 0; f < InputSize; f++)
            {
                if (t == 0 || (!T.IsNaN(output[f]) && !(row[f] <= output[f])))
                {
                    output[f] = row[f];
                    largest[f] = t;
                }
            }
        }
    }

    private sealed class PoolingTape : LayerTape<T>
    {
        /// <summary>For max: the step each feature was taken from, [B, features].</summary>
        public AlignedBuffer<int> Largest { get; } = new();

        public void Prepare(SequenceShape shape, int features, bool max)
        {
            OutputShape.SetDense(shape.Count, 1);
            Output.Reserve((long)shape.Count * features);
            if (max)
            {
                Largest.Reserve((long)shape.Count * features);
            }
        }
    }
}
