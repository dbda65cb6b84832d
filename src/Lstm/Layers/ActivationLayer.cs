using System.Diagnostics;
using System.Numerics;
using Lstm.Cells;
using Lstm.Kernels.Recurrence;
using Lstm.Specs;

namespace Lstm.Layers;

/// <summary>y = φ(x) for each value, or the softmax of each row. Backward works from the output alone.</summary>
// SAFETY: input and output have InputSize values in each row: LayerTape.Prepare reserves the output, Layer.Backward says what the
// gradients have. A stream's step gets as many values (StepKernel).
internal sealed unsafe class ActivationLayer<T> : Layer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly ActivationFunction _function;
    private readonly ChosenActivation<T> _chosen;

    public ActivationLayer(ActivationSpec spec)
    {
        _function = spec.Function;
        if (!IsSoftmax)
        {
            LstmActivationFunction function = Enum.Parse<LstmActivationFunction>(Function);
            _chosen = new(new LstmActivation(function, spec.Alpha, spec.Beta));
        }
    }

    /// <summary>The function, as messages name it.</summary>
    public string Function => _function.ToString();

    public override int OutputSize => InputSize;

    /// <summary>Whether a row's values depend on each other.</summary>
    private bool IsSoftmax => _function is ActivationFunction.Softmax or ActivationFunction.LogSoftmax;

    /// <summary>Throws unless the spec's numbers fit its function.</summary>
    /// <exception cref="ArgumentException">They do not.</exception>
    public static void Check(ActivationSpec spec, string name)
    {
        SpecCheck.Defined(spec.Function, name, nameof(spec.Function));
        SpecCheck.Check(IsNumber(spec.Alpha), name, nameof(spec.Alpha), spec.Alpha, "0, or from 1e-30 to 1e30 in size");
        SpecCheck.Check(IsNumber(spec.Beta), name, nameof(spec.Beta), spec.Beta, "0, or from 1e-30 to 1e30 in size");
        SpecCheck.Check(
            spec.Function is not (ActivationFunction.LeakyRelu or ActivationFunction.Elu)
            || spec.Alpha >= 0, name, nameof(spec.Alpha), spec.Alpha,
            "at least 0 for LeakyRelu and Elu");
        SpecCheck.Check(
            spec.Function != ActivationFunction.ScaledTanh
            || spec.Alpha != 0, name, nameof(spec.Alpha), spec.Alpha, "another number than 0 for ScaledTanh");
    }

    public override LayerTape<T> CreateTape() => new();

    public override void Forward(in Pass<T> pass, Rows<T> input, LayerTape<T> tape)
    {
        Debug.Assert(input.Features == InputSize, "The rows are not of this layer's input.");
        tape.Prepare(input.Shape, InputSize);
        Apply(pass, input.Pointer, tape.Output.Pointer, input.Count);
    }

    public override StepKernel<T> BindStep(Pass<T> pass, NetworkState<T> state) => new RowStep(this, pass);

    public override void Backward(
        in Pass<T> pass, Rows<T> input, LayerTape<T> tape, T* outputGradient, T* inputGradient, T* gradient)
    {
        if (inputGradient == null)
        {
            return;
        }

        Debug.Assert(outputGradient != null || input.Count == 0, "There is no gradient of the output.");
        if (IsSoftmax)
        {
            RowSoftmax<T> softmax = SoftmaxOf(pass, outputGradient, inputGradient, input.Count);
            softmax.Y = tape.Output.Pointer;
            pass.Team.Run(ref softmax);
            return;
        }

        ElementActivation<T> element = ElementOf(pass, outputGradient, inputGradient, input.Count);
        element.Y = tape.Output.Pointer;
        pass.Team.Run(ref element);
    }

    private static bool IsNumber(double value) => value is 0 || Math.Abs(value) is >= 1e-30 and <= 1e30;

    private void Apply(in Pass<T> pass, T* x, T* y, int rows)
    {
        if (IsSoftmax)
        {
            RowSoftmax<T> softmax = SoftmaxOf(pass, x, y, rows);
            pass.Team.Run(ref softmax);
            return;
        }

        ElementActivation<T> element = ElementOf(pass, x, y, rows);
        pass.Team.Run(ref element);
    }

    private RowSoftmax<T> SoftmaxOf(in Pass<T> pass, T* source, T* destination, int rows) => new()
    {
        Width = pass.Width,
        Rows = rows,
        Features = InputSize,
        IsLogarithm = _function == ActivationFunction.LogSoftmax,
        Source = source,
        Destination = destination,
    };

    private ElementActivation<T> ElementOf(in Pass<T> pass, T* source, T* destination, int rows) => new()
    {
        Width = pass.Width,
        Rows = rows,
        Features = InputSize,
        Activation = _chosen,
        Source = source,
        Destination = destination,
    };

    private sealed class RowStep(ActivationLayer<T> layer, Pass<T> pass) : StepKernel<T>
    {
        public override void Run(void* x, T* y) => layer.Apply(pass, (T*)x, y, 1);
    }
}
