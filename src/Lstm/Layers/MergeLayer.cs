using System.Diagnostics;
using System.Numerics;
using System.Numerics.Tensors;
using Lstm.Kernels.Recurrence;
using Lstm.Specs;

namespace Lstm.Layers;

/// <summary>
/// Makes the two halves of each row one: y = a + b, (a + b)/2 or a⊙b, with a the forward direction's output and b the reverse
/// one's.
/// </summary>
// SAFETY: rows of the input are two outputs long, since OutputSize is half of InputSize; LayerTape.Prepare reserves the output
// for all of them, and Layer.Backward says what the gradients have.
internal sealed unsafe class MergeLayer<T> : Layer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public required LstmMerge Merge { get; init; }

    public override int OutputSize => InputSize / 2;

    public override string? WholeSequenceReason => "merges what was read in both directions";

    public override LayerTape<T> CreateTape() => new LayerTape<T>();

    public override void Forward(in Pass<T> pass, Rows<T> input, LayerTape<T> tape)
    {
        Debug.Assert(input.Features == InputSize && InputSize == 2 * OutputSize, "The rows are not two outputs long.");
        tape.Prepare(input.Shape, OutputSize);
        RowCombination<T> merge = new()
        {
            Operation = Merge,
            Rows = input.Count,
            Features = OutputSize,
            A = input.Pointer,
            AStride = InputSize,
            B = input.Pointer + OutputSize,
            BStride = InputSize,
            Output = tape.Output.Pointer,
            OutputStride = OutputSize,
        };
        pass.Team.Run(ref merge);
    }

    public override StepKernel<T> BindStep(Pass<T> pass, NetworkState<T> state)
        => throw new NotSupportedException($"Layer '{Name}' merges two directions: it has no single step.");

    public override void Backward(
        in Pass<T> pass, Rows<T> input, LayerTape<T> tape, T* outputGradient, T* inputGradient, T* gradient)
    {
        if (inputGradient == null)
        {
            return;
        }

        Debug.Assert(input.Features == InputSize, "The rows are not of this layer's input.");
        Debug.Assert(outputGradient != null || input.Count == 0, "There is no gradient of the output.");
        for (nint row = 0; row < input.Count; row++)
        {
            ReadOnlySpan<T> dy = new(outputGradient + (row * OutputSize), OutputSize);
            T* x = input.Pointer + (row * InputSize);
            T* dx = inputGradient + (row * InputSize);
            ReadOnlySpan<T> a = new(x, OutputSize), b = new(x + OutputSize, OutputSize);
            Span<T> da = new(dx, OutputSize), db = new(dx + OutputSize, OutputSize);
            switch (Merge)
            {
                case LstmMerge.Product:
                    TensorPrimitives.Multiply(dy, b, da);
                    TensorPrimitives.Multiply(dy, a, db);
                    break;
                case LstmMerge.Mean:
                    TensorPrimitives.Multiply(dy, T.CreateChecked(0.5), da);
                    da.CopyTo(db);
                    break;
                default:
                    dy.CopyTo(da);
                    dy.CopyTo(db);
                    break;
            }
        }
    }
}
