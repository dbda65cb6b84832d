using System.Diagnostics;
using System.Numerics;
using Lstm.Kernels.Products;
using Lstm.Kernels.Recurrence;
using Lstm.Parameters;
using Lstm.Runtime;
using Lstm.Specs;

namespace Lstm.Layers;

/// <summary>y = γ⊙(x − μ)·r + β with r = 1/√(σ² + ε) for each row.</summary>
// SAFETY: LayerTape.Prepare reserves the output, Forward two Scales for each row, and AddParameterGradients the Sums of both
// parameters, which have _features ≤ InputSize values each (ParameterLayout.Add, LayerStack). RowRuns.Set gives the
// rows of the shape. For gradients: Layer.Backward. A stream's step gets InputSize values (StepKernel).
internal sealed unsafe class LayerNormLayer<T> : Layer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly LayerNormSpec _spec;
    private readonly int _features;
    private readonly Parameter _weight;
    private readonly Parameter _bias;

    public LayerNormLayer(LayerNormSpec spec, int inputSize, string name, ParameterLayout parameters)
    {
        _spec = spec;
        _features = spec.Features ?? inputSize;
        _weight = parameters.Add($"{name}.weight", [_features]);
        _bias = parameters.Add($"{name}.bias", [_features]);
    }

    public override int OutputSize => InputSize;

    public override LayerTape<T> CreateTape() => new NormTape();

    public override void Initialize(ParameterStart<T> start) => start.Constant(_weight, 1, 0, _features);

    public override void Forward(in Pass<T> pass, Rows<T> input, LayerTape<T> tape)
    {
        NormTape own = (NormTape)tape;
        Debug.Assert(input.Features == InputSize, "The rows are not of this layer's input.");
        own.Prepare(input.Shape, InputSize);
        own.Scales.Reserve(2L * input.Count);
        Apply(pass, input.Pointer, own.Output.Pointer, own.Scales.Pointer, input.Count);
    }

    public override StepKernel<T> BindStep(Pass<T> pass, NetworkState<T> state) => new RowStep(this, pass);

    public override void Backward(
        in Pass<T> pass, Rows<T> input, LayerTape<T> tape, T* outputGradient, T* inputGradient, T* gradient)
    {
        NormTape own = (NormTape)tape;
        Debug.Assert(input.Features == InputSize, "The rows are not of this layer's input.");
        Debug.Assert(outputGradient != null || input.Count == 0, "There is no gradient of the output.");
        own.Runs.Set(input.Shape);
        AddParameterGradients(own, input.Pointer, outputGradient, gradient + _weight.Offset, gradient + _bias.Offset);
        if (inputGradient != null)
        {
            RowNormalization<T> rows = Of(pass, input.Pointer, inputGradient, own.Scales.Pointer, input.Count);
            rows.OutputGradient = outputGradient;
            pass.Team.Run(ref rows);
        }
    }

    private void Apply(in Pass<T> pass, T* x, T* y, T* scales, int rows)
    {
        RowNormalization<T> normalization = Of(pass, x, y, scales, rows);
        pass.Team.Run(ref normalization);
    }

    private RowNormalization<T> Of(in Pass<T> pass, T* x, T* destination, T* scales, int rows) => new()
    {
        Rows = rows,
        Features = _features,
        Width = InputSize,
        Epsilon = _spec.Epsilon,
        X = x,
        Gamma = pass.Parameter(_weight),
        Beta = pass.Parameter(_bias),
        Scales = scales,
        Destination = destination,
    };

    // dγ += Σ dy⊙(x − μ)·r and dβ += Σ dy, block by block, rows in the order of all parameters' gradients.
    private void AddParameterGradients(NormTape own, T* input, T* outputGradient, T* dGamma, T* dBeta)
    {
        own.Sums.Reserve(2L * _features);
        T* gamma = own.Sums.Pointer, beta = own.Sums.Pointer + _features;
        for (int block = 0; block < own.Runs.BlockCount; block++)
        {
            new Span<T>(gamma, checked(2 * _features)).Clear();
            foreach (RowRuns.Run run in own.Runs.Block(block))
            {
                for (int i = 0; i < run.Count; i++)
                {
                    nint row = run.Row + (i * run.Step);
                    T* scales = own.Scales.Pointer + (2 * row);
                    AddRow(input + (row * InputSize), outputGradient + (row * InputSize), scales, gamma, beta);
                }
            }

            for (nint f = 0; f < _features; f++)
            {
                dGamma[f] += gamma[f];
                dBeta[f] += beta[f];
            }
        }
    }

    private void AddRow(T* x, T* dy, T* scales, T* gamma, T* beta)
    {
        for (nint f = 0; f < _features; f++)
        {
            gamma[f] += dy[f] * ((x[f] - scales[0]) * scales[1]);
            beta[f] += dy[f];
        }
    }

    /// <summary>μ and r of each row, the order of the rows, and the gradients of both parameters over a block.</summary>
    private sealed class NormTape : LayerTape<T>
    {
        public AlignedBuffer<T> Sums { get; } = new();

        public AlignedBuffer<T> Scales { get; } = new();

        public RowRuns Runs { get; } = new();
    }

    private sealed class RowStep(LayerNormLayer<T> layer, Pass<T> pass) : StepKernel<T>
    {
        private readonly AlignedBuffer<T> _scales = new(2);

        public override void Run(void* x, T* y) => layer.Apply(pass, (T*)x, y, _scales.Pointer, 1);
    }
}
