using System.Numerics;
using Lstm.Cells;
using Lstm.Onnx.Files;
using Lstm.Specs;

namespace Lstm.Onnx.Export;

/// <summary>Writes one step of an LSTM layer as the body of a Scan.</summary>
/// <remarks>
/// <code>
/// in:  h [N, width], c [N, H], with batch normalisation the number of the step [N]; W_ih x [N, 4H], with lengths live [N, 1]
/// out: the states after the step, those of sequences without this step unchanged; h [N, size]
/// </code>
/// </remarks>
/// <param name="writer">The graph around the body.</param>
/// <param name="direction">The direction.</param>
/// <param name="constants">Its parameters.</param>
/// <param name="hasLengths">Whether sequences may have fewer steps than others.</param>
internal sealed class ScanStep<T>(GraphWriter writer, ScanDirection direction, ScanConstants<T> constants, bool hasLengths)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const string Batch = "batch";
    private readonly string _place = $"{direction.Place}/step";
    private readonly LstmEquations _equations = direction.Equations;
    private readonly int _units = direction.Units;

    // All that is computed from parameters alone stands in the graph, before the body.
    private readonly string? _bias = direction.Spec.Normalization is BatchNormalization ? constants.Bias() : null;
    private readonly string[] _peepholes = direction.Equations.Peephole ? constants.Peepholes() : [];
    private readonly Dictionary<string, (string Mean, string Scale)> _statistics =
        ((string[])(direction.Spec.Normalization is BatchNormalization ? ["ih", "hh", "c"] : []))
            .ToDictionary(kind => kind, constants.Statistics);

    // Which of the statistics each sequence is at, [N].
    private string _set = string.Empty;

    public void Write(GraphProto body)
    {
        int width = direction.Width;
        string h = Input(body, "h", writer.ValueType, Batch, width), c = Input(body, "c", writer.ValueType, Batch, _units);
        string? number = null;
        if (direction.Spec.Normalization is BatchNormalization norm)
        {
            number = Input(body, "number", GraphWriter.Int64, Batch);
            _set = Node("Min", number, writer.Integer(norm.Steps - 1));
        }

        string x = Input(body, "x", writer.ValueType, Batch, 4 * _units);
        string? live = hasLengths ? Input(body, "live", GraphWriter.Bool, Batch, 1) : null;
        string[] z = Parts(PreActivations(x, h), _units, _units, _units, _units);
        (string newCell, string[] gates) = Cell(z, c);
        string newHidden = Hidden(gates[2], newCell);
        if (direction.Spec.Regularization.HiddenZoneout is > 0 and var rate)
        {
            string own = width == direction.Size ? h : Parts(h, direction.Size, width - direction.Size)[0];
            newHidden = Mixed(newHidden, own, rate);
        }

        newCell = Mixed(newCell, c, direction.Spec.Regularization.CellZoneout);
        string state = _equations.GateRecurrence
            ? writer.Node(_place, "Concat", [newHidden, .. gates], GraphWriter.Int("axis", 1)) : newHidden;
        Output(body, "h_out", writer.ValueType, Kept(state, h, live), Batch, width);
        Output(body, "c_out", writer.ValueType, Kept(newCell, c, live), Batch, _units);
        if (number is not null)
        {
            string one = live is null ? writer.Integer(1) : writer.Node(
                _place, "Cast", [Node("Squeeze", live, writer.Integers(1))], GraphWriter.Int("to", GraphWriter.Int64));
            Output(body, "number_out", GraphWriter.Int64, Node("Add", number, one), Batch);
        }

        Output(body, "y", writer.ValueType, newHidden, Batch, direction.Size);
    }

    // z [N, 4H]
    private string PreActivations(string x, string h)
    {
        string product = Node("MatMul", h, constants.Recurrent());
        switch (direction.Spec.Normalization)
        {
            case LayerNormalization norm:
                return Node("Add", x, LayerNorm(product, norm, constants.Vector("norm_hh_weight")));
            case BatchNormalization:
                string sum = Node("Add", BatchNorm(x, "ih"), BatchNorm(product, "hh"));
                return _bias is { } bias ? Node("Add", sum, bias) : sum;
            default:
                return Node("Add", x, product);
        }
    }

    // The new c, and the gates i f o.
    private (string Cell, string[] Gates) Cell(string[] z, string c)
    {
        (LstmActivation gate, LstmActivation cell, _) = direction.Activations;
        string? ones = _equations is { InputGate: true, ForgetGate: true, OutputGate: true } ? null
            : writer.Node(_place, "Expand", [writer.Number(1), Node("Shape", c)]);
        string i = Gate(_equations.InputGate, 0, z[0], c);
        string f = _equations.CoupledGates ? Node("Sub", writer.Number(1), i) : Gate(_equations.ForgetGate, 1, z[1], c);
        string g = Activated(Clipped(z[2], _equations.PreActivationClip), cell);
        string newCell = Clipped(Node("Add", Node("Mul", f, c), Node("Mul", i, g)), _equations.CellClip);
        return (newCell, [i, f, Gate(_equations.OutputGate, 2, z[3], newCell)]);

        string Gate(bool exists, int index, string sum, string seen)
        {
            if (!exists)
            {
                return ones!;
            }

            sum = _equations.Peephole ? Node("Add", sum, Node("Mul", seen, _peepholes[index])) : sum;
            return Activated(Clipped(sum, _equations.PreActivationClip), gate);
        }
    }

    // h before zoneout: the output gate of c as it is shown, and its projection.
    private string Hidden(string o, string c)
    {
        string shown = direction.Spec.Normalization switch
        {
            LayerNormalization norm
                => LayerNorm(c, norm, constants.Vector("norm_c_weight"), constants.Vector("norm_c_bias")),
            BatchNormalization => Node("Add", BatchNorm(c, "c"), constants.Vector("norm_c_bias")),
            _ => c,
        };
        string h = Node("Mul", o, Activated(shown, direction.Activations.Hidden));
        return direction.Spec.Projection is { } projection
            ? Clipped(Node("MatMul", h, constants.Projection()), projection.Clip) : h;
    }

    private string LayerNorm(string x, LayerNormalization norm, params string[] weights) => writer.Node(
        _place, "LayerNormalization", [x, .. weights], GraphWriter.Int("axis", -1), GraphWriter.Float("epsilon", norm.Epsilon));

    private string BatchNorm(string x, string kind)
    {
        (string mean, string scale) = _statistics[kind];
        return Node("Mul", Node("Sub", x, Node("Gather", mean, _set)), Node("Gather", scale, _set));
    }

    private string Activated(string x, LstmActivation activation) => ActivationExport.Write(
        writer, _place, Enum.Parse<ActivationFunction>(activation.Function.ToString()), activation.Alpha, activation.Beta, x);

    private string Clipped(string x, double? limit)
        => limit is { } value ? Node("Clip", x, writer.Number(-value), writer.Number(value)) : x;

    // Zoneout's expectation: rate·before + (1 − rate)·after.
    private string Mixed(string after, string before, double rate) => rate == 0 ? after
        : Node("Add", Node("Mul", before, writer.Number(rate)), Node("Mul", after, writer.Number(1 - rate)));

    private string Kept(string after, string before, string? live) => live is null ? after : Node("Where", live, after, before);

    private string[] Parts(string x, params long[] sizes)
        => writer.Nodes(_place, "Split", [x, writer.Integers(sizes)], sizes.Length, GraphWriter.Int("axis", 1));

    private string Node(string op, params string[] inputs) => writer.Node(_place, op, inputs);

    private string Input(GraphProto body, string name, int type, params object[] sizes)
    {
        string unique = writer.Unique($"{_place}/{name}");
        body.Input.Add(GraphWriter.Value(unique, type, sizes));
        return unique;
    }

    private void Output(GraphProto body, string name, int type, string value, params object[] sizes)
    {
        NodeProto node = new() { Name = writer.Unique($"{_place}/{name}"), OpType = "Identity" };
        node.Input.Add(value);
        node.Output.Add(node.Name);
        body.Node.Add(node);
        body.Output.Add(GraphWriter.Value(node.Name, type, sizes));
    }
}
