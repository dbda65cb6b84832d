using System.Numerics;
using System.Numerics.Tensors;
using Lstm.Kernels.Recurrence;
using Lstm.Parameters;
using Lstm.Runtime;
using Lstm.Specs;

namespace Lstm.Layers;

/// <summary>Layers that their input bypasses: y = F(x) + x, or y = [F(x), x], with F one LSTM layer and what belongs to it.</summary>
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
        _lstm = Array.FindIndex(_inner, layer => layer is LstmLayer<T>);
        Concatenates = concatenates;
    }

    public bool Concatenates { get; }

    public override int OutputSize => Concatenates ? checked(InnerSize + InputSize) : InnerSize;

    public override LstmLayer<T>? Recurrent => (LstmLayer<T>)_inner[_lstm];

    public override int StateCount => _inner[_lstm].StateCount;

    public override StateSize StateSize => _inner[_lstm].StateSize;

    public override string? WholeSequenceReason => Recurrent!.WholeSequenceReason;

    /// <summary>How many of F's first outputs are read forward; null after a merge of two directions.</summary>
    public int? ForwardFeatures => _inner[^1] is LstmLayer<T> lstm ? lstm.ForwardFeatures : null;

    private int InnerSize => _inner[^1].OutputSize;

    public override LayerRecord<T> CreateRecord() => new Record([.. _inner.Select(layer => layer.CreateRecord())], _lstm);

    public override void Initialize(ParameterStart<T> start) => Array.ForEach(_inner, layer => layer.Initialize(start));

    public override void Forward(Pass<T> pass, Rows<T> input, LayerRecord<T> record)
    {
        Record kept = (Record)record;
        kept.Prepare(input.Shape, OutputSize);
        Rows<T> rows = input;
        for (int i = 0; i < _inner.Length; i++)
        {
            _inner[i].Forward(pass, rows, kept.Inner[i]);
            rows = kept.Inner[i].OutputRows(_inner[i].OutputSize);
        }

        if (!Concatenates)
        {
            Add(pass, rows.Pointer, InnerSize, input, kept.Output.Pointer);
            return;
        }

        for (nint row = 0; row < input.Count; row++)
        {
            Span<T> y = new(kept.Output.Pointer + (row * OutputSize), OutputSize);
            new ReadOnlySpan<T>(rows.Pointer + (row * InnerSize), InnerSize).CopyTo(y);
            new ReadOnlySpan<T>(input.Pointer + (row * InputSize), InputSize).CopyTo(y[InnerSize..]);
        }
    }

    public override StepKernel<T> BindStep(Pass<T> pass, NetworkState<T> state)
        => new Step(this, [.. _inner.Select(layer => layer.BindStep(pass, state))]);

    public override void Backward(Pass<T> pass, Rows<T> input, LayerRecord<T> record, T* outputGradient, T* inputGradient, T* gradient)
    {
        Record kept = (Record)record;
        T* dy = outputGradient;
        if (Concatenates)
        {
            dy = kept.Gradient(_inner.Length, (long)input.Count * InnerSize);
            for (nint row = 0; row < input.Count; row++)
            {
                new ReadOnlySpan<T>(outputGradient + (row * OutputSize), InnerSize).CopyTo(new Span<T>(dy + (row * InnerSize), InnerSize));
            }
        }

        for (int i = _inner.Length - 1; i >= 0; i--)
        {
            Rows<T> x = i > 0 ? kept.Inner[i - 1].OutputRows(_inner[i].InputSize) : input;
            T* dx = i > 0 ? kept.Gradient(i, (long)x.Count * x.Features) : inputGradient;
            _inner[i].Backward(pass, x, kept.Inner[i], dy, dx, gradient);
            dy = dx;
        }

        if (inputGradient != null)
        {
            Add(pass, outputGradient + (Concatenates ? InnerSize : 0), OutputSize, new Rows<T>(inputGradient, InputSize, input.Shape), inputGradient);
        }
    }

    // output [R, I] = a's first I values + b
    private void Add(Pass<T> pass, T* a, int stride, Rows<T> b, T* output)
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
    private sealed class Record(LayerRecord<T>[] inner, int lstm) : LayerRecord<T>
    {
        private readonly AlignedBuffer<T>[] _gradients = [.. Enumerable.Range(0, inner.Length + 1).Select(_ => new AlignedBuffer<T>())];

        public LayerRecord<T>[] Inner => inner;

        public override LayerRecord<T> Recurrent => inner[lstm];

        public T* Gradient(int layer, long length)
        {
            _gradients[layer].Reserve(length);
            return _gradients[layer].Pointer;
        }
    }

    private sealed class Step(ShortcutLayer<T> layer, StepKernel<T>[] inner) : StepKernel<T>
    {
        private readonly AlignedBuffer<T>[] _outputs = [.. layer._inner.Select(inside => new AlignedBuffer<T>(inside.OutputSize))];

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

        public override void Refresh() => Array.ForEach(inner, step => step.Refresh());
    }
}
