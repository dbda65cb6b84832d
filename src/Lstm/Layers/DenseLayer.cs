using System.Diagnostics;
using System.Numerics;
using Lstm.Kernels.Elementwise;
using Lstm.Kernels.Products;
using Lstm.Kernels.Recurrence;
using Lstm.Parameters;
using Lstm.Runtime;

namespace Lstm.Layers;

/// <summary>y = φ(W x + b) for each row.</summary>
// SAFETY: DenseTape.Prepare reserves the output, and BackwardActivation Dz, for all rows; LossLayer, which passes parts of a
// batch, slices them from rows that it has counted and reserved. W and b are packed by the panels of Outputs, whole lines
// (ParameterLayout.Add). What is on the stack outlives the jobs, since Team.Run returns when all shares are done.
internal sealed unsafe class DenseLayer<T> : Layer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly DenseSpec _spec;
    private readonly Parameter _weight;
    private readonly Parameter? _bias;
    private readonly PanelLayout _outputs;

    public DenseLayer(DenseSpec spec, int inputSize, string name, ParameterLayout parameters)
    {
        _spec = spec;
        _outputs = PanelLayout.Plain<T>(spec.OutputSize);
        _weight = parameters.Add($"{name}.weight", [spec.OutputSize, inputSize], _outputs);
        _bias = spec.Bias ? parameters.Add($"{name}.bias", [spec.OutputSize], _outputs) : null;
    }

    public override int OutputSize => _spec.OutputSize;

    /// <summary>How W's outputs are grouped.</summary>
    public PanelLayout Outputs => _outputs;

    /// <summary>φ.</summary>
    public Activation Activation => _spec.Activation;

    /// <summary>Whether y = W x + b, so that a loss may take the layer with it.</summary>
    public bool IsLinear => _spec.Activation == Activation.None;

    public override LayerTape<T> CreateTape() => new DenseTape(_outputs, InputSize);

    public override void Initialize(ParameterStart<T> start) => start.Glorot(_weight, blocks: 1);

    public override void Forward(in Pass<T> pass, Rows<T> input, LayerTape<T> tape)
    {
        DenseTape own = (DenseTape)tape;
        Debug.Assert(input.Features == InputSize, "The rows are not of this layer's input.");
        own.Prepare(input, OutputSize);
        T* output = own.Output.Pointer;
        ForwardRows(pass, input.Pointer, input.Count, output);
    }

    public override StepKernel<T> BindStep(Pass<T> pass, NetworkState<T> state) => new RowStep(this, pass);

    /// <summary>x [rows, I] times W, whose columns are <see cref="Outputs"/>.</summary>
    public ProductTerm<T> InputTerm(in Pass<T> pass, T* input) => new()
    {
        A = input,
        ARowStride = InputSize,
        B = pass.Parameter(_weight),
        PanelRows = InputSize,
        RowStep = 1,
        Count = InputSize,
    };

    /// <summary>b, whole panels of it; or null.</summary>
    public T* Bias(in Pass<T> pass) => _bias is null ? null : pass.Parameter(_bias);

    /// <summary>y [rows, O] of x [rows, I].</summary>
    public void ForwardRows(in Pass<T> pass, T* input, int rows, T* output)
    {
        ProductTerm<T> x = InputTerm(pass, input);
        RowProduct<T> product = new()
        {
            Width = pass.Width,
            Terms = &x,
            TermCount = 1,
            Columns = _outputs,
            Rows = rows,
            Start = Bias(pass),
            StartStride = 0,
            Output = output,
            OutputStride = OutputSize,
        };
        pass.Team.Run(ref product);
        ActivationForward<T>.Run(pass.Width, _spec.Activation, output, (nint)rows * OutputSize);
    }

    public override void Backward(
        in Pass<T> pass, Rows<T> input, LayerTape<T> tape, T* outputGradient, T* inputGradient, T* gradient)
    {
        DenseTape own = (DenseTape)tape;
        Debug.Assert(input.Features == InputSize, "The rows are not of this layer's input.");
        Debug.Assert(outputGradient != null || input.Count == 0, "There is no gradient of the output.");
        own.Runs.Set(input.Shape);
        BackwardRows(pass, input.Pointer, input.Count, own, own.Output.Pointer, outputGradient, inputGradient, gradient);
    }

    /// <summary>
    /// The gradients of W, b (added, rows in the order of the tape's runs) and x (overwritten) of y = φ(W x + b).
    /// </summary>
    public void BackwardRows(
        in Pass<T> pass, T* input, int rows, DenseTape own, T* output, T* outputGradient, T* inputGradient, T* gradient)
    {
        BackwardActivation(pass, rows, own, output, outputGradient);
        BackwardPanels(pass, input, rows, own, inputGradient, gradient);
    }

    /// <summary>The gradient of W x + b, by panels of these rows in the tape's <see cref="DenseTape.Dz"/>.</summary>
    public void BackwardActivation(in Pass<T> pass, int rows, DenseTape own, T* output, T* outputGradient)
    {
        own.Dz.Reserve((long)rows * _outputs.PaddedColumns);
        ActivationBackward<T> activation = new()
        {
            Width = pass.Width,
            Activation = _spec.Activation,
            Columns = _outputs,
            Rows = rows,
            Output = output,
            OutputGradient = outputGradient,
            Gradient = own.Dz.Pointer,
        };
        pass.Team.Run(ref activation);
    }

    /// <summary>
    /// The same from the gradient of W x + b, which the tape's <see cref="DenseTape.Dz"/> hold by panels of these rows.
    /// </summary>
    public void BackwardPanels(in Pass<T> pass, T* input, int rows, DenseTape own, T* inputGradient, T* gradient)
    {
        AddParameterGradients(pass, own, rows, input, gradient);
        if (inputGradient != null)
        {
            own.Transposed.Update(pass.Parameter(_weight), pass.Version, pass.Team);
            InputGradient<T> product = new()
            {
                Width = pass.Width,
                Terms = own.DzTerms(rows),
                TermCount = _outputs.PanelCount,
                Columns = own.Transposed.Columns,
                Rows = rows,
                Output = inputGradient,
            };
            pass.Team.Run(ref product);
        }
    }

    private void AddParameterGradients(in Pass<T> pass, DenseTape own, int rows, T* input, T* gradient)
    {
        T one = T.One;
        WeightFactor<T>* factors = stackalloc WeightFactor<T>[2];
        factors[0] = new() { A = input, Stride = InputSize, Features = InputSize, Gradient = gradient + _weight.Offset };
        factors[1] = _bias is null ? default : new() { A = &one, Features = 1, Gradient = gradient + _bias.Offset };
        pass.AddWeightGradients(own.Runs, _outputs, factors, _bias is null ? 1 : 2, own.Dz.Pointer, rows);
    }

    /// <summary>The output, and dz by panels.</summary>
    internal sealed class DenseTape(PanelLayout outputs, int inputSize) : LayerTape<T>
    {
        private readonly AlignedBuffer<ProductTerm<T>> _terms = new(outputs.PanelCount);

        public AlignedBuffer<T> Dz { get; } = new();

        public RowRuns Runs { get; } = new();

        public TransposedWeights<T> Transposed { get; } = new(outputs, inputSize);

        public void Prepare(Rows<T> input, int outputSize)
        {
            OutputShape = input.Shape;
            Output.Reserve((long)input.Count * outputSize);
        }

        /// <summary>dz as the left factor of the product with the transposed weight.</summary>
        public ProductTerm<T>* DzTerms(int rows)
        {
            for (int q = 0; q < outputs.PanelCount; q++)
            {
                _terms.Pointer[q] = new ProductTerm<T>
                {
                    A = Dz.Pointer + ((nint)outputs.Start(q) * rows),
                    ARowStride = outputs.Width(q),
                    B = Transposed.Pointer,
                    PanelRows = outputs.PaddedColumns,
                    FirstRow = outputs.Start(q),
                    RowStep = 1,
                    Count = outputs.Width(q),
                };
            }

            return _terms.Pointer;
        }
    }

    private sealed class RowStep(DenseLayer<T> layer, Pass<T> pass) : StepKernel<T>
    {
        public override void Run(void* x, T* y) => layer.ForwardRows(pass, (T*)x, 1, y);
    }
}
