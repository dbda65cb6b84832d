using System.Numerics;
using Lstm.Cells;
using Lstm.Onnx.Files;
using Lstm.Specs;

namespace Lstm.Onnx.Export;

/// <summary>
/// Writes LSTM layers whose equations ONNX's LSTM lacks: the input's product for all steps, then a Scan whose body is one step.
/// </summary>
internal sealed class ScanExport<T>(Network<T> network, GraphWriter writer, PoolingExport poolings)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Whether ONNX's LSTM lacks the layer's equations.</summary>
    public static bool Needs(LstmSpec spec) => spec is not
    {
        Projection: null, Normalization: null, Regularization: { HiddenZoneout: 0, CellZoneout: 0 },
        Cell: LstmEquations { InputGate: true, ForgetGate: true, OutputGate: true, GateRecurrence: false, CellClip: null },
    };

    public ScanResult Write(ScanDirection direction, ExportSteps steps, string h, string c)
    {
        string place = direction.Place;
        ScanConstants<T> constants = new(network, writer, direction);
        ScanStep<T> step = new(writer, direction, constants, steps.Lengths is not null);
        List<string> inputs = [h, c];
        if (direction.Spec.Normalization is BatchNormalization)
        {
            string batch = writer.Node(
                place, "Gather", [writer.Node(place, "Shape", [c]), writer.Integers(0)], GraphWriter.Int("axis", 0));
            inputs.Add(writer.Node(place, "Expand", [writer.Integers(0), batch]));
        }

        int states = inputs.Count;
        inputs.Add(InputProduct(direction, constants, steps));
        if (steps.Lengths is not null)
        {
            inputs.Add(poolings.Live(steps));
        }

        int scanned = inputs.Count - states;
        long back = direction.Reverse ? 1 : 0;
        GraphProto body = writer.Body($"{place}/step", step.Write);
        string[] outputs = writer.Nodes(
            place, "Scan", [.. inputs], states + 1, GraphWriter.Inner("body", body), GraphWriter.Int("num_scan_inputs", scanned),
            GraphWriter.Ints("scan_input_directions", [.. Enumerable.Repeat(back, scanned)]),
            GraphWriter.Ints("scan_output_directions", back));
        return new ScanResult(outputs[states], outputs[0], outputs[1]);
    }

    // W_ih x [T, N, 4H]; without batch normalisation already normalised, and with the bias.
    private string InputProduct(ScanDirection direction, ScanConstants<T> constants, ExportSteps steps)
    {
        string product = writer.Node(direction.Place, "MatMul", [steps.Name, constants.Input(steps.Features)]);
        switch (direction.Spec.Normalization)
        {
            case BatchNormalization:
                return product;
            case LayerNormalization norm:
                List<string> operands = [product, constants.Vector("norm_ih_weight")];
                operands.AddRange(constants.Bias() is { } shift ? [shift] : []);
                return writer.Node(
                    direction.Place, "LayerNormalization", [.. operands], GraphWriter.Int("axis", -1),
                    GraphWriter.Float("epsilon", norm.Epsilon));
            default:
                return constants.Bias() is { } bias ? writer.Node(direction.Place, "Add", [product, bias]) : product;
        }
    }
}
