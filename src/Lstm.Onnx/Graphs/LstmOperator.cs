using Lstm.Cells;
using Lstm.Onnx.Files;

namespace Lstm.Onnx.Graphs;

/// <summary>ONNX's LSTM operator, versions 1 to 22.</summary>
internal static class LstmOperator
{
    public static void Read(NodeContext node)
    {
        Value result = Convert(node, out FinalState? hidden, out FinalState? cell);
        node.Set(0, result);
        node.Set(1, (Value?)hidden ?? Unknown.Instance);
        node.Set(2, (Value?)cell ?? Unknown.Instance);
    }

    private static Value Convert(NodeContext node, out FinalState? hidden, out FinalState? cell)
    {
        (hidden, cell) = (null, null);
        LstmSpec? spec = SpecOf(node);
        int count = spec?.Direction == LstmDirection.Bidirectional ? 2 : 1;
        OnnxTensor? w = node.Constant(1, "W"), r = node.Constant(2, "R");
        OnnxTensor? b = node.Has(3) ? node.Constant(3, "B") : null, p = node.Has(7) ? node.Constant(7, "P") : null;
        Flow? x = Sequences(node);
        if (spec is null || w is null || r is null || x is null)
        {
            return Unknown.Instance;
        }

        bool batchFirst = node.Attributes.Int("layout", 0) == 1;
        Atom[] time = x.Groups[batchFirst ? 1 : 0], batch = x.Groups[batchFirst ? 0 : 1];
        if (!Mark(node, time, AxisRole.Time) | !Mark(node, batch, AxisRole.Batch))
        {
            return Unknown.Instance;
        }

        long inputs = Dim.Of(x.Groups[2]).Known ?? (w.Shape is [.., var last] ? last : 0);
        spec = spec with { HiddenSize = (int)node.Attributes.Int("hidden_size", r.Shape is [_, _, var size] ? size : 0) };
        if (!Fits(node, spec.HiddenSize, count, inputs, w, r, b, p))
        {
            return Unknown.Instance;
        }

        spec = spec with
        {
            Bias = BiasOf(b, count, spec.HiddenSize),
            Cell = spec.Cell is LstmEquations cells
            ? cells with { Peephole = p is not null } : spec.Cell
        };
        DirectionWeights[]? directions = States(node, spec, count, [w, r, b, p], out bool learns);
        if (directions is null)
        {
            return Unknown.Instance;
        }

        Atom units = Atom.Feature(spec.HiddenSize);
        Atom? direction = count == 2 ? new Atom(2) { Role = AxisRole.Direction } : null;
        Atom[] directionGroup = direction is null ? [] : [direction];
        LstmNode lstm = new(Chain.Features(node, x), node.Name, spec with { LearnInitialState = learns }, directions)
        {
            Features = [.. directionGroup, units],
            Lengths = node.Has(4) ? LengthsOf(node, Dim.Of(time)) : null,
        };
        Atom[][] state = batchFirst ? [batch, directionGroup, [units]] : [directionGroup, batch, [units]];
        StateEntry[] entries = [.. directions.Select(entry => new StateEntry(lstm, entry))];
        hidden = new FinalState(entries, false, state, direction);
        cell = new FinalState(entries, true, state, direction);
        return new Flow(lstm, batchFirst ? [batch, time, directionGroup, [units]] : [time, directionGroup, batch, [units]]);
    }

    private static Flow? Sequences(NodeContext node)
    {
        switch (node.Input(0))
        {
            case Unknown:
                return null;
            case FinalState state when Chain.Pooled(state) is { } pooled:
                node.Fail(
                    $"reads the final state of '{pooled.Node.Source}' as a sequence; unsqueeze it and repeat it in time first");
                return null;
            case Flow { Rank: 3, Direction: null } flow:
                return flow;
            case Flow { Rank: 3 } flow:
                return Chain.Selected(flow);
            default:
                node.Fail("reads no sequence [T, N, I]");
                return null;
        }
    }

    private static bool Mark(NodeContext node, Atom[] group, AxisRole role)
    {
        foreach (Atom atom in group)
        {
            if (group.Length > 1 || (atom.Role != AxisRole.Unknown && atom.Role != role))
            {
                node.Fail($"reads as {role} what is {string.Join(" and ", group.Select(one => one.Role))} to other nodes");
                return false;
            }

            atom.Role = role;
        }

        return true;
    }

    private static bool Fits(
        NodeContext node, int units, int directions, long inputs, OnnxTensor w, OnnxTensor r, OnnxTensor? b, OnnxTensor? p)
    {
        bool fits = units >= 1 && units <= int.MaxValue / 8;
        if (!fits)
        {
            node.Fail($"hidden_size is {units}");
            return false;
        }

        Check("W", w, [directions, 4 * units, (int)inputs]);
        Check("R", r, [directions, 4 * units, units]);
        Check("B", b, [directions, 8 * units]);
        Check("P", p, [directions, 3 * units]);
        return fits;

        void Check(string name, OnnxTensor? tensor, int[] expected)
        {
            if (tensor is not null && (!tensor.Shape.SequenceEqual(expected) || tensor.IsInteger))
            {
                node.Fail($"{name} {tensor} has to be {Shorten.Shape(expected)}");
                fits = false;
            }
        }
    }

    // A second half of zeros is no second bias, and a bias of zeros stays one that can be trained.
    private static LstmBias BiasOf(OnnxTensor? b, int directions, int units)
    {
        bool isTwo = false;
        for (int i = 0; b is not null && i < directions * 4 * units && !isTwo; i++)
        {
            (int direction, int row) = Math.DivRem(i, 4 * units);
            isTwo = b[(direction * 8 * units) + (4 * units) + row] != 0;
        }

        return b is null ? LstmBias.None : isTwo ? LstmBias.Two : LstmBias.One;
    }

    private static string? LengthsOf(NodeContext node, Dim steps)
    {
        switch (node.Input(4))
        {
            case ShapeVector { Dims: var sizes } when Array.TrueForAll(sizes, size => IsSame(size, steps)):
            case RepeatedSize { Size: var size } when IsSame(size, steps):
                return null;
            case Constant:
                node.Graph.Ignored.Add(
                    $"sequence_lens of '{node.Name}', a constant: the lengths are those of the SequenceBatch");
                return null;
            case Flow { Node: InputNode input }:
                return input.Name;
            default:
                return node.InputName(4);
        }

        static bool IsSame(Dim a, Dim b) => a.Known is { } known ? known == b.Known
            : b.Known is null && a.Atoms.SequenceEqual(b.Atoms);
    }

    private static DirectionWeights[]? States(NodeContext node, LstmSpec spec, int count, OnnxTensor?[] tensors, out bool learns)
    {
        learns = false;
        object? h = node.Has(5) ? Initial(node, 5, spec.HiddenSize, count) : null, c = node.Has(6)
            ? Initial(node, 6, spec.HiddenSize, count) : null;
        if (h is Unknown || c is Unknown)
        {
            return null;
        }

        learns = h is OnnxTensor || c is OnnxTensor;
        if (learns && (h is InputPart || c is InputPart))
        {
            node.Fail("one of its initial states is a constant and the other an input of the graph");
            return null;
        }

        return [.. Enumerable.Range(0, count)
            .Select(index => new DirectionWeights(tensors[0]!, tensors[1]!, tensors[2], tensors[3], index)
        {
            InitialHidden = h as OnnxTensor,
            InitialCell = c as OnnxTensor,
            HiddenInput = Part(h, index),
            CellInput = Part(c, index),
        })];

        static InputPart? Part(object? value, int index)
            => value is InputPart part ? part with { First = part.First + index, Count = 1 } : null;
    }

    // Null for zeros, a tensor [D, 1, H] that all sequences share, an input, or Unknown with the problem noted.
    private static object? Initial(NodeContext node, int index, int units, int count)
    {
        string name = index == 5 ? "initial_h" : "initial_c";
        switch (node.Input(index))
        {
            case Unknown:
                return Unknown.Instance;
            case Fill { Number: 0 }:
                return null;
            case Flow { Node: InputNode input, Groups: var groups }:
                int axis = node.Attributes.Int("layout", 0) == 1 ? 1 : 0;
                return new InputPart(input, input.Axes.Length == groups.Length ? axis : -1, 0, count);
            case InputPart part when part.Count == count || part.Axis < 0:
                return part;
            case Fill fill:
                node.Graph.Spend((long)units * count);
                return Shared(
                    node, new OnnxTensor(node.InputName(index), [count, 1, units], Filled(count * units, fill.Number)),
                    name, units, count);
            case Constant { Tensor: var tensor }:
                return Shared(node, tensor, name, units, count);
            case Repeated { Tensor: var tensor }:
                return Shared(node, tensor, name, units, count);
            default:
                return node.Fail(
                    $"{name} '{Shorten.Text(node.InputName(index))}' is neither zeros, a constant nor an input of the graph: " +
                    $"import a part");
        }
    }

    private static Array Filled(int count, double value) => (float)value == value
        ? Enumerable.Repeat((float)value, count).ToArray() : Enumerable.Repeat(value, count).ToArray();

    private static object? Shared(NodeContext node, OnnxTensor tensor, string name, int units, int count)
    {
        int rows = units == 0 ? 0 : tensor.Count / units, each = count == 0 ? 0 : rows / count;
        bool isZero = true, isShared = tensor.Count == count * each * units && each > 0;
        bool batchFirst = node.Attributes.Int("layout", 0) == 1;
        for (int i = 0; i < tensor.Count && (isZero || isShared); i++)
        {
            (int row, int unit) = Math.DivRem(i, Math.Max(1, units));
            int first = batchFirst ? row % count : row / Math.Max(1, each) * each;
            isZero &= tensor[i] == 0;
            isShared = isShared && tensor[i].Equals(tensor[(first * units) + unit]);
        }

        if (isZero)
        {
            return null;
        }

        return !isShared
            ? node.Fail($"{name} {tensor} has other values for each sequence; it has to be [{count}, 1, {units}], or an input")
            : tensor.Pick([count, 1, units], i => ((batchFirst ? i / units : i / units * each) * units) + (i % units));
    }

    private static LstmSpec? SpecOf(NodeContext node)
    {
        string direction = node.Attributes.Text("direction") ?? "forward";
        if (!Enum.TryParse(direction, ignoreCase: true, out LstmDirection parsed) || !Enum.IsDefined(parsed)
            || int.TryParse(direction, out _))
        {
            node.Fail($"direction is '{Shorten.Text(direction)}'; it has to be forward, reverse or bidirectional");
            return null;
        }

        double clip = node.Attributes.Float("clip", 0);
        if (node.Attributes.Has("clip") && clip is not (> 0 and <= 1e30))
        {
            clip = 0;
            node.Graph.Ignored.Add($"clip of '{node.Name}', which bounds nothing");
        }

        LstmEquations equations = new()
        {
            CoupledGates = node.Attributes.Int("input_forget", 0) != 0,
            PreActivationClip = clip > 0 ? clip : null,
        };
        LstmActivation[]? all = OnnxActivations.Read(node, parsed == LstmDirection.Bidirectional ? 6 : 3);
        if (all is null)
        {
            return null;
        }

        if (all.Length >= 3)
        {
            equations = equations with
            {
                GateActivation = Unless(all[0], LstmActivationFunction.Sigmoid),
                CellActivation = Unless(all[1], LstmActivationFunction.Tanh),
                HiddenActivation = Unless(all[2], LstmActivationFunction.Tanh),
            };
        }

        if (all.Length == 6 && !all[..3].SequenceEqual(all[3..]))
        {
            equations =
                equations with
                {
                    ReverseGateActivation = all[3],
                    ReverseCellActivation = all[4],
                    ReverseHiddenActivation = all[5]
                };
        }

        return new LstmSpec(1) { Direction = parsed, Cell = equations };

        static LstmActivation? Unless(LstmActivation activation, LstmActivationFunction standard)
            => activation.Function == standard ? null : activation;
    }
}
