using System.Numerics;
using Lstm.Specs;

namespace Lstm.Onnx.Export;

/// <summary>Writes layers without recurrence.</summary>
internal sealed class SmallLayerExport<T>(Network<T> network, GraphWriter writer, PoolingExport poolings)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public ExportSteps Write(LayerSpec spec, string name, ExportSteps steps)
    {
        switch (spec)
        {
            case DropoutSpec:
                return steps;
            case EmbeddingSpec embedding:
                string table =
                    writer.Constant<T>($"{name}/weight", network.Read($"{name}.weight"), network.InputSize, embedding.OutputSize);
                return Next(
                    steps, writer.Node(name, "Gather", [table, steps.Name], GraphWriter.Int("axis", 0)), embedding.OutputSize);
            case DenseSpec dense:
                return WriteDense(dense, name, steps);
            case ActivationSpec activation:
                string y = ActivationExport.Write(
                    writer, name, activation.Function, activation.Alpha, activation.Beta, steps.Name);
                return Next(steps, y, steps.Features);
            case LayerNormSpec norm:
                return Next(steps, WriteNorm(norm, name, steps), steps.Features);
            case PoolingSpec { Pooling: var pooling }:
                return poolings.Write(pooling, steps);
            case RepeatLastSpec repeat:
                string last = steps.IsPooled ? steps.Name : poolings.Last(steps);
                string repeated = writer.Node(name, "Tile", [last, writer.Integers(repeat.Steps, 1, 1)]);
                return new ExportSteps(repeated, steps.Features, null, IsPooled: false);
            default:
                throw new NotSupportedException($"Layer '{name}' is a {spec.GetType().Name}, which has no form in ONNX.");
        }
    }

    // Values behind the normalised ones are cut off and joined again.
    private string WriteNorm(LayerNormSpec norm, string name, ExportSteps steps)
    {
        int features = norm.Features ?? steps.Features;
        bool isPart = features < steps.Features;
        string weight = writer.Constant<T>($"{name}/weight", network.Read($"{name}.weight"), features);
        string bias = writer.Constant<T>($"{name}/bias", network.Read($"{name}.bias"), features);
        string x = isPart ? Part(0, features) : steps.Name;
        string y = writer.Node(
            name, "LayerNormalization", [x, weight, bias], GraphWriter.Int("axis", -1),
            GraphWriter.Float("epsilon", norm.Epsilon));
        return isPart
            ? writer.Node(name, "Concat", [y, Part(features, steps.Features)], GraphWriter.Int("axis", -1))
            : y;

        string Part(int from, int to) => writer.Node(
            name, "Slice", [steps.Name, writer.Integers(from), writer.Integers(to), writer.Integers(-1)]);
    }

    private ExportSteps WriteDense(DenseSpec dense, string name, ExportSteps steps)
    {
        T[] transposed = ParameterValues.Transposed(network.Read($"{name}.weight"), steps.Features);
        string y =
            writer.Node(
            name, "MatMul", [steps.Name, writer.Constant<T>($"{name}/weight", transposed, steps.Features, dense.OutputSize)]);
        if (dense.Bias)
        {
            y = writer.Node(name, "Add", [y, writer.Constant<T>($"{name}/bias", network.Read($"{name}.bias"), dense.OutputSize)]);
        }

        y = dense.Activation == Lstm.Activation.None ? y : writer.Node(name, dense.Activation.ToString(), [y]);
        return Next(steps, y, dense.OutputSize);
    }

    private static ExportSteps Next(ExportSteps steps, string name, int features)
        => new(name, features, steps.Lengths, steps.IsPooled);
}
