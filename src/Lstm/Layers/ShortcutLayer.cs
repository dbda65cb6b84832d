using System.Diagnostics;
using System.Numerics;
using System.Numerics.Tensors;
using Lstm.Kernels.Recurrence;
using Lstm.Parameters;
using Lstm.Runtime;
using Lstm.Specs;

namespace Lstm.Layers;

/// <summary>
/// Layers that their input bypasses: y = F(x) + x, or y = [F(x), x], with F one LSTM layer and what belongs to it.
/// </summary>
// SAFETY: LayerTape.Prepare reserves the output, and ShortcutTape.Gradient the gradients between the layers, for all rows of the
// input; LayerStack.Shortcut refuses to add sizes that differ. A step's outputs have the inner layers' sizes.
internal sealed unsafe class ShortcutLayer<T> : Layer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Layer<T>[] _inner;
    private readonly int _lstm;

    /// <summary>Makes the layer.</summary>
    /// <param name="inner">One LSTM layer, and perhaps dropout before it and a merge after it.</param>
    /// <param name="concatenates">Whether the input is put behind the output instead of being added to it.</param>
    public ShortcutLayer(IEnumerable<Layer<T>> inner, bool concatenates)
    {
        _inner = [.. inner];
        _lstm = Array.FindIndex(_inner, layer => layer.StateCount > 0);
        Concatenates = concatenates;
    }

    public bool Concatenates { get; }

    public override int OutputSize => Concatenates ? checked(InnerSize + InputSize) : InnerSize;

    public override ReadOnlySpan<Layer<T>> Inner => _inner;

    public override int FirstState => _inner[_lstm].FirstState;

    public override int StateCount => _inner[_lstm].StateCount;

    public override StateSize StateSize => _inner[_lstm].StateSize;

    public override string? WholeSequenceReason => _inner[_lstm].WholeSequenceReason;

    public override bool NormalizesBatch => _inner[_lstm].NormalizesBatch;

    /// <summary>How many of F's first outputs are read forward; null after a merge of two directions.</summary>
    public override int? FeaturesReadForward => _inner[^1].FeaturesReadForward;

    private int InnerSize => _inner[^1].OutputSize;

    public override LayerTape<T> CreateTape() => new ShortcutTape([.. _inner.Select(layer => layer.CreateTape())]);

    public override void Initialize(ParameterStart<T> start) => Array.ForEach(_inner, layer => layer.Initialize(start));

    public override void Forward(in Pass<T> pass, Rows<T> input, LayerTape<T> tape)
    {
        ShortcutTape own = (ShortcutTape)tape;
        Debug.Assert(input.Features == InputSize, "The rows are not of this layer's input.");
        Debug.Assert(Concatenates || InnerSize == InputSize, "Only rows of one size can be added.");
        own.Prepare(input.Shape, OutputSize);
        Rows<T> rows = input;
        for (int i = 0; i < _inner.Length; i++)
        {
            _inner[i].Forward(pass, rows, own.Inner[i]);
            rows = own.Inner[i].OutputRows(_inner[i].OutputSize);
        }

        if (!Concatenates)
        {
            Add(pass, rows.Pointer, InnerSize, input, own.Output.Pointer);
            return;
        }

        for (nint row = 0; row < input.Count; row++)
        {
            Span<T> y = new(own.Output.Pointer + (row * OutputSize), OutputSize);
            new ReadOnlySpan<T>(rows.Pointer + (row * InnerSize), InnerSize).CopyTo(y);
            new ReadOnlySpan<T>(input.Pointer + (row * InputSize), InputSize).CopyTo(y[InnerSize..]);
        }
    }

    public override StepKernel<T> BindStep(Pass<T> pass, NetworkState<T> state)
        => new Step(this, [.. _inner.Select(layer => layer.BindStep(pass, state))]);

    public override void Backward(
        in Pass<T> pass, Rows<T> input, LayerTape<T> tape, T* outputGradient, T* inputGradient, T* gradient)
    {
        ShortcutTape own = (ShortcutTape)tape;
        Debug.Assert(input.Features == InputSize, "The rows are not of this layer's input.");
        Debug.Assert(outputGradient != null || input.Count == 0, "There is no gradient of the output.");
        T* dy = outputGradient;
        if (Concatenates)
        {
            dy = own.Gradient(_inner.Length, (long)input.Count * InnerSize);
            for (nint row = 0; row < input.Count; row++)
            {
                new ReadOnlySpan<T>(outputGradient + (row * OutputSize), InnerSize)
                    .CopyTo(new Span<T>(dy + (row * InnerSize), InnerSize));
            }
        }

        for (int i = _inner.Length - 1; i >= 0; i--)
        {
            Rows<T> x = i > 0 ? own.Inner[i - 1].OutputRows(_inner[i].InputSize) : input;
            T* dx = i > 0 ? own.Gradient(i, (long)x.Count * x.Features) : inputGradient;
            _inner[i].Backward(pass, x, own.Inner[i], dy, dx, gradient);
            dy = dx;
        }

        if (inputGradient != null)
        {
            T* bypassed = outputGradient + (Concatenates ? InnerSize : 0);
            Add(pass, bypassed, OutputSize, new Rows<T>(inputGradient, InputSize, input.Shape), inputGradient);
        }
    }

    public override void TakeFinalState(LayerTape<T> tape, NetworkState<T> state, int* stateRows)
        => _inner[_lstm].TakeFinalState(tape.Inner[_lstm], state, stateRows);

    public override void SetLearnedState(T* parameters, NetworkState<T> state, int first, int count)
        => _inner[_lstm].SetLearnedState(parameters, state, first, count);

    public override void AddInitialGradient(NetworkState<T> initial, T* gradient)
        => _inner[_lstm].AddInitialGradient(initial, gradient);

    public override void MoveStatistics(LayerTape<T> tape, Span<T> flat) => _inner[_lstm].MoveStatistics(tape.Inner[_lstm], flat);

    // output [R, I] = a's first I values + b
    private void Add(in Pass<T> pass, T* a, int stride, Rows<T> b, T* output)
    {
        RowCombination<T> sum = new()
        {
            Operation = LstmMerge.Sum,
            Rows = b.Count,
            Features = InputSize,
            A = a,
            AStride = stride,
            B = b.Pointer,
            BStride = InputSize,
            Output = output,
            OutputStride = InputSize,
        };
        pass.Team.Run(ref sum);
    }

    /// <summary>The output, what each inner layer leaves, and the gradients between them.</summary>
    private sealed class ShortcutTape(LayerTape<T>[] inner) : LayerTape<T>
    {
        private readonly AlignedBuffer<T>[] _gradients =
            [.. Enumerable.Range(0, inner.Length + 1).Select(_ => new AlignedBuffer<T>())];

        public override ReadOnlySpan<LayerTape<T>> Inner => inner;

        public T* Gradient(int layer, long length)
        {
            _gradients[layer].Reserve(length);
            return _gradients[layer].Pointer;
        }
    }

    private sealed class Step(ShortcutLayer<T> layer, StepKernel<T>[] inner) : StepKernel<T>
    {
        private readonly AlignedBuffer<T>[] _outputs =
            [.. layer._inner.Select(inside => new AlignedBuffer<T>(inside.OutputSize))];

        public override void Run(void* x, T* y)
        {
            void* value = x;
            for (int i = 0; i < inner.Length; i++)
            {
                inner[i].Run(value, _outputs[i].Pointer);
                value = _outputs[i].Pointer;
            }

            ReadOnlySpan<T> input = new(x, layer.InputSize), output = new(value, layer.InnerSize);
            if (layer.Concatenates)
            {
                // The input first: it may lie where the output goes.
                input.CopyTo(new Span<T>(y + output.Length, input.Length));
                output.CopyTo(new Span<T>(y, output.Length));
            }
            else
            {
                TensorPrimitives.Add(output, input, new Span<T>(y, output.Length));
            }
        }

        public override void Refresh(long version) => Array.ForEach(inner, step => step.Refresh(version));
    }
}
