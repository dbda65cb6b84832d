using System.Diagnostics;
using System.Numerics;
using Lstm.Kernels.Products;
using Lstm.Kernels.Recurrence;
using Lstm.Parameters;

namespace Lstm.Layers;

/// <summary>y = W[id], a row of a table for each id.</summary>
// SAFETY: pass.Ids has an id for each row: PassChecks.WhyNotInput refuses ids of other than one value per step. Place checks each
// id against the vocabulary where it is used, so that it is a row of the table and of its gradient; LayerTape.Prepare reserves
// the output for all rows.
internal sealed unsafe class EmbeddingLayer<T> : Layer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly EmbeddingSpec _spec;
    private readonly int _vocabulary;
    private readonly Parameter _weight;

    public EmbeddingLayer(EmbeddingSpec spec, int vocabulary, string name, ParameterLayout parameters)
    {
        _spec = spec;
        _vocabulary = vocabulary;
        _weight = parameters.Add($"{name}.weight", [vocabulary, spec.OutputSize]);
    }

    public override int OutputSize => _spec.OutputSize;

    public override LayerTape<T> CreateTape() => new EmbeddingTape();

    public override void Initialize(ParameterStart<T> start) => start.Uniform(_weight, Math.Sqrt(3.0 / OutputSize));

    public override void Forward(in Pass<T> pass, Rows<T> input, LayerTape<T> tape)
    {
        EmbeddingTape own = (EmbeddingTape)tape;
        Debug.Assert(pass.Ids != null || input.Count == 0, "There are no ids.");
        own.Prepare(input.Shape, OutputSize);
        T* table = pass.Parameter(_weight);
        for (int row = 0; row < input.Count; row++)
        {
            new ReadOnlySpan<T>(table + Place(pass.Ids + row, _vocabulary, OutputSize), OutputSize)
                .CopyTo(new Span<T>(own.Output.Pointer + ((nint)row * OutputSize), OutputSize));
        }
    }

    public override StepKernel<T> BindStep(Pass<T> pass, NetworkState<T> state)
        => new LookupStep(pass.Parameter(_weight), _vocabulary, OutputSize);

    // An id's row takes its gradients in the order of RowRuns, as a weight does.
    public override void Backward(
        in Pass<T> pass, Rows<T> input, LayerTape<T> tape, T* outputGradient, T* inputGradient, T* gradient)
    {
        EmbeddingTape own = (EmbeddingTape)tape;
        Debug.Assert(pass.Ids != null || input.Count == 0, "There are no ids.");
        Debug.Assert(outputGradient != null || input.Count == 0, "There is no gradient of the output.");
        own.Runs.Set(input.Shape);
        T* table = gradient + _weight.Offset;
        foreach (RowRuns.Run run in own.Runs.All)
        {
            for (int i = 0; i < run.Count; i++)
            {
                int row = run.Row + (i * run.Step);
                T* target = table + Place(pass.Ids + row, _vocabulary, OutputSize);
                T* source = outputGradient + ((nint)row * OutputSize);
                for (nint e = 0; e < OutputSize; e++)
                {
                    target[e] += source[e];
                }
            }
        }
    }

    // Ids are checked when a pass begins, but they are in the caller's memory: another thread may have changed one since.
    private static nint Place(int* id, int vocabulary, int size)
    {
        int index = Volatile.Read(ref *id);
        return (uint)index < (uint)vocabulary
            ? (nint)index * size
            : throw new InvalidOperationException(
                $"An id has been changed to {index} during the pass; the network knows 0 … {vocabulary - 1}. "
                + "Give each thread ids of its own.");
    }

    private sealed class EmbeddingTape : LayerTape<T>
    {
        public RowRuns Runs { get; } = new();
    }

    private sealed class LookupStep(T* table, int vocabulary, int size) : StepKernel<T>
    {
        public override void Run(void* x, T* y)
            => new ReadOnlySpan<T>(table + Place((int*)x, vocabulary, size), size).CopyTo(new Span<T>(y, size));
    }
}
