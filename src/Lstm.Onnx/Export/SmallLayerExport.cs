using System.Numerics;
using Lstm.Specs;

namespace Lstm.Onnx.Export;

/// <summary>Writes layers without recurrence.</summary>
internal sealed class SmallLayerExport<T>(Network<T> network, GraphWriter writer)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly PoolingExport _poolings = new(writer);

    public ExportSteps Write(LayerSpec spec, string name, ExportSteps steps)
    {
        switch (spec)
        {
            case DropoutSpec:
                return steps;
            case EmbeddingSpec embedding:
                string table =
                    writer.Constant<T>($"{name}/weight", Read($"{name}.weight"), network.InputSize, embedding.OutputSize);
                return Next(
                    steps, writer.Node(name, "Gather", [table, steps.Name], GraphWriter.Int("axis", 0)), embedding.OutputSize);
            case DenseSpec dense:
                return WriteDense(dense, name, steps);
            case ActivationSpec activation:
                return Next(steps, Activation(activation, name, steps.Name), steps.Features);
            case LayerNormSpec norm:
                string weight = writer.Constant<T>($"{name}/weight", Read($"{name}.weight"), steps.Features);
                string bias = writer.Constant<T>($"{name}/bias", Read($"{name}.bias"), steps.Features);
                return Next(steps, writer.Node(
                    name, "LayerNormalization", [steps.Name, weight, bias], GraphWriter.Int("axis", -1),
                    GraphWriter.Float("epsilon", norm.Epsilon)), steps.Features);
            case PoolingSpec { Pooling: var pooling }:
                return _poolings.Write(pooling, steps);
            case RepeatLastSpec repeat:
                string last = steps.IsPooled ? steps.Name : _poolings.Last(steps);
                string repeated = writer.Node(name, "Tile", [last, writer.Integers(repeat.Steps, 1, 1)]);
                return new ExportSteps(repeated, steps.Features, null, IsPooled: false);
            default:
                throw new NotSupportedException($"Layer '{name}' is a {spec.GetType().Name}, which has no form in ONNX.");
        }
    }

    private ExportSteps WriteDense(DenseSpec dense, string name, ExportSteps steps)
    {
        T[] weight = Read($"{name}.weight"), transposed = new T[weight.Length];
        for (int i = 0; i < weight.Length; i++)
        {
            transposed[(i % steps.Features * dense.OutputSize) + (i / steps.Features)] = weight[i];
        }

        string y =
            writer.Node(
            name, "MatMul", [steps.Name, writer.Constant<T>($"{name}/weight", transposed, steps.Features, dense.OutputSize)]);
        if (dense.Bias)
        {
            y = writer.Node(name, "Add", [y, writer.Constant<T>($"{name}/bias", Read($"{name}.bias"), dense.OutputSize)]);
        }

        y = dense.Activation == Lstm.Activation.None ? y : writer.Node(name, dense.Activation.ToString(), [y]);
        return Next(steps, y, dense.OutputSize);
    }

    private string Activation(ActivationSpec spec, string name, string x)
    {
        switch (spec.Function)
        {
            case ActivationFunction.Softmax or ActivationFunction.LogSoftmax:
                return writer.Node(name, spec.Function.ToString(), [x], GraphWriter.Int("axis", -1));
            case ActivationFunction.Affine:
                string scaled = writer.Node(name, "Mul", [x, writer.Number(spec.Alpha)]);
                return spec.Beta == 0 ? scaled : writer.Node(name, "Add", [scaled, writer.Number(spec.Beta)]);
            case ActivationFunction.ScaledTanh:
                string tanh = writer.Node(name, "Tanh", [writer.Node(name, "Mul", [x, writer.Number(spec.Beta)])]);
                return writer.Node(name, "Mul", [tanh, writer.Number(spec.Alpha)]);
            case ActivationFunction.HardSigmoid:
                return writer.Node(
                    name, "HardSigmoid", [x], GraphWriter.Float("alpha", spec.Alpha), GraphWriter.Float("beta", spec.Beta));
            case ActivationFunction.LeakyRelu or ActivationFunction.Elu or ActivationFunction.ThresholdedRelu:
                return writer.Node(name, spec.Function.ToString(), [x], GraphWriter.Float("alpha", spec.Alpha));
            default:
                return writer.Node(name, spec.Function.ToString(), [x]);
        }
    }

    private static ExportSteps Next(ExportSteps steps, string name, int features)
        => new(name, features, steps.Lengths, steps.IsPooled);

    private T[] Read(string parameter)
    {
        T[] values = new T[network.Parameters.Single(one => one.Name == parameter).Count];
        network.ReadParameter(parameter, values);
        return values;
    }
}
