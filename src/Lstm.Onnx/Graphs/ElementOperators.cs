using Lstm.Specs;

namespace Lstm.Onnx.Graphs;

/// <summary>Operators on single values: activations, sums, products, and layer normalisation written with them.</summary>
internal static class ElementOperators
{
    /// <summary>A function of each value, or the softmax.</summary>
    public static Value Activation(NodeContext node, Value value, ActivationFunction function)
    {
        if (DenseOperators.Sequences(node, value) is not { } flow)
        {
            return Unknown.Instance;
        }

        (double? alpha, double? beta) = OnnxActivations.Defaults((Cells.LstmActivationFunction)(int)function);
        ActivationSpec spec = new(function)
        {
            Alpha = alpha is { } a ? node.Attributes.Float("alpha", a) : 0,
            Beta = beta is { } b ? node.Attributes.Float("beta", b) : 0,
        };
        if (function is ActivationFunction.LeakyRelu or ActivationFunction.Elu && spec.Alpha < 0)
        {
            return node.Fail($"has α = {spec.Alpha}; it has to be at least 0");
        }

        return Applied(node, flow, spec);
    }

    public static Value Softmax(NodeContext node, Value value, ActivationFunction function)
    {
        if (DenseOperators.Sequences(node, value) is not { } flow)
        {
            return Unknown.Instance;
        }

        int axis = node.Axis(node.Attributes.Int("axis", node.Graph.Opset < 13 ? 1 : -1), flow.Rank);
        return axis != flow.Rank - 1
            ? node.Fail("is over another axis than the features")
            : Applied(node, flow, new ActivationSpec(function));
    }

    public static Value LayerNormalization(NodeContext node)
    {
        OnnxTensor? scale = node.Constant(1, "the scale"), bias = node.Has(2) ? node.Constant(2, "the bias") : null;
        if (DenseOperators.Sequences(node, node.Input(0)) is not { } flow || scale is null)
        {
            return Unknown.Instance;
        }

        return node.Axis(node.Attributes.Int("axis", -1), flow.Rank) != flow.Rank - 1
            ? node.Fail("is over more axes than the features")
            : Norm(node, flow, scale, bias, node.Attributes.Float("epsilon", 1e-5));
    }

    public static Value Add(NodeContext node, Value a, Value b) => (a, b) switch
    {
        (Flow or FinalState, Constant c) => AddConstant(node, a, c.Tensor, 1),
        (Constant c, Flow or FinalState) => AddConstant(node, b, c.Tensor, 1),
        (NormStage { Step: NormStep.Variance } stage, Constant { Tensor.Count: 1 } c)
            => stage with { Step = NormStep.Shifted, Epsilon = c.Tensor[0] },
        (Constant { Tensor.Count: 1 } c, NormStage { Step: NormStep.Variance } stage) => stage with
        {
            Step = NormStep.Shifted,
            Epsilon = c.Tensor[0]
        },
        (NormStage { Step: NormStep.Scaled or NormStep.Normal } stage, Constant c)
            => Norm(node, stage.Source, stage.Weight, c.Tensor, stage.Epsilon),
        (Constant c, NormStage { Step: NormStep.Scaled or NormStep.Normal } stage) => Norm(
        node, stage.Source, stage.Weight, c.Tensor, stage.Epsilon),
        (Absolute { Shift: 0 } x, Constant { Tensor.Count: 1 } c) => x with { Shift = c.Tensor[0] },
        (Constant { Tensor.Count: 1 } c, Absolute { Shift: 0 } x) => x with { Shift = c.Tensor[0] },
        (Flow x, Flow y) => Both(node, x, y, LstmMerge.Sum),
        _ => node.Fail("adds values that no layer adds"),
    };

    public static Value Sub(NodeContext node, Value a, Value b) => (a, b) switch
    {
        (Flow x, NormStage { Step: NormStep.Mean } mean) when Same(x, mean.Source) => new NormStage(x, NormStep.Centered),
        (Flow or FinalState, Constant c) => AddConstant(node, a, c.Tensor, -1),
        _ => node.Fail("subtracts values that no layer subtracts"),
    };

    public static Value Mul(NodeContext node, Value a, Value b) => (a, b) switch
    {
        (Flow x, Constant { Tensor.Count: 1 } c) => Scaled(node, x, c.Tensor[0]),
        (Constant { Tensor.Count: 1 } c, Flow x) => Scaled(node, x, c.Tensor[0]),
        (NormStage { Step: NormStep.Centered } x, NormStage { Step: NormStep.Centered } y) when Same(x.Source, y.Source)
            => x with { Step = NormStep.Squared },
        (NormStage { Step: NormStep.Centered } x, NormStage { Step: NormStep.Reciprocal } y) when Same(
        x.Source, y.Source) => y with { Step = NormStep.Normal },
        (NormStage { Step: NormStep.Normal } x, Constant c) => x with { Step = NormStep.Scaled, Weight = c.Tensor },
        (Constant c, NormStage { Step: NormStep.Normal } x) => x with { Step = NormStep.Scaled, Weight = c.Tensor },
        (Flow x, Flow y) => Both(node, x, y, LstmMerge.Product),
        _ => node.Fail("multiplies values that no layer multiplies"),
    };

    public static Value Div(NodeContext node, Value a, Value b) => (a, b) switch
    {
        (Flow x, Constant { Tensor.Count: 1 } c) when c.Tensor[0] != 0 => Scaled(node, x, 1 / c.Tensor[0]),
        (NormStage { Step: NormStep.Centered } x, NormStage { Step: NormStep.Deviation } y) when Same(x.Source, y.Source)
            => y with { Step = NormStep.Normal },
        (Flow or FinalState, Absolute { Shift: 1 } y) when DenseOperators.Sequences(node, a) is { } x && Same(x, y.Source)
            => Applied(node, x, new ActivationSpec(ActivationFunction.Softsign)),
        _ => node.Fail("divides values that no layer divides"),
    };

    /// <summary>The features of two values side by side: two directions, or a skip connection.</summary>
    public static Value Concat(NodeContext node, Value[] values)
    {
        if (values is [FinalState, ..] && values.All(value => value is FinalState))
        {
            return States(node, [.. values.Cast<FinalState>()]);
        }

        Flow?[] flows = [.. values.Select(value => value as Flow ?? (value is FinalState state ? Chain.Pooled(state) : null))];
        if (flows.Length == 1 && flows[0] is { } only)
        {
            return only;
        }

        if (flows is not [{ } a, { } b] || a.Rank != b.Rank)
        {
            return node.Fail("joins values that no layer joins");
        }

        int axis = node.Axis(node.Attributes.Int("axis", 0), a.Rank);
        return axis < 0 ? Unknown.Instance
            : axis != a.Rank - 1 ? node.Fail("joins steps or sequences")
            : SideBySide(node, a, b);
    }

    private static Value States(NodeContext node, FinalState[] states)
    {
        int axis = node.Axis(node.Attributes.Int("axis", 0), states[0].Groups.Length);
        bool fits = axis >= 0
            && states.All(state => state.IsCell == states[0].IsCell && state.Groups.Length == states[0].Groups.Length);
        fits = fits && states.All(state => state.Groups[axis] is [] || state.Groups[axis] is [var atom] && atom == state.Axis);
        if (!fits)
        {
            return states is [{ IsCell: false } a, { IsCell: false } b] && axis == a.Groups.Length - 1
                && a.Groups.Length == b.Groups.Length
                && Chain.Pooled(a) is { } x && Chain.Pooled(b) is { } y
                    ? SideBySide(node, x, y)
                    : node.Fail("joins states other than one after the other");
        }

        StateEntry[] entries = [.. states.SelectMany(state => state.Entries)];
        Atom all = new(entries.Length) { Role = AxisRole.Direction };
        return states[
            0] with
        {
            Entries = entries,
            Axis = all,
            Groups = [.. states[0].Groups.Select((group, i) => i == axis ? [all] : group)]
        };
    }

    private static Value SideBySide(NodeContext node, Flow a, Flow b)
    {
        if (Chain.Halves(a, b) is { } both)
        {
            Flow whole = new(both, [.. a.Groups[..^1], both.Features]);
            return a.Direction == 0 ? whole : Permuted(node, whole);
        }

        (Flow x, Flow y) = (Chain.Selected(a), Chain.Selected(b));
        if (Chain.Joined(x.Node, y.Node) is { } joined)
        {
            return new Flow(joined, [.. x.Groups[..^1], joined.Features]);
        }

        if (Chain.Joined(y.Node, x.Node) is { } swapped)
        {
            return Permuted(node, new Flow(swapped, [.. x.Groups[..^1], swapped.Features]));
        }

        return Bypassed(x.Node, y.Node, LstmShortcut.Concatenate) is { } skip
            ? new Flow(skip, [.. x.Groups[..^1], skip.Features])
            : node.Fail("joins the features of layers other than two directions, or an LSTM and its input");
    }

    // Forward's values come first here; a file that has reverse's first is given a layer that only changes the order.
    private static Flow Permuted(NodeContext node, Flow flow)
    {
        int half = (int)flow.Node.Features[^1].Size!.Value;
        Atom features = Atom.Feature(2L * half);
        int[] order = [.. Enumerable.Range(half, half), .. Enumerable.Range(0, half)];
        return new Flow(
            new PermuteNode(flow.Node, node.Name, order) { Features = [features] }, [.. flow.Groups[..^1], [features]]);
    }

    private static Value Both(NodeContext node, Flow a, Flow b, LstmMerge merge)
    {
        if (Chain.Halves(a, b) is { } both)
        {
            return Chain.Merged(both, merge, a.Groups) ?? node.Fail("joins two directions in a way that no merge has");
        }

        (Flow x, Flow y) = (Chain.Selected(a), Chain.Selected(b));
        if ((Chain.Joined(x.Node, y.Node) ?? Chain.Joined(y.Node, x.Node)) is { } joined)
        {
            return Chain.Merged(joined, merge, x.Groups) ?? node.Fail("joins two directions in a way that no merge has");
        }

        LayerNode? residual = merge != LstmMerge.Sum ? null
            : Bypassed(x.Node, y.Node, LstmShortcut.Add) ?? Bypassed(y.Node, x.Node, LstmShortcut.Add);
        return residual is null
            ? node.Fail("combines layers other than two directions, or an LSTM and its input")
            : new Flow(residual, [.. x.Groups[..^1], residual.Features]);
    }

    // An LSTM whose input bypasses it.
    private static LstmNode? Bypassed(LayerNode node, LayerNode input, LstmShortcut shortcut)
    {
        if (node is not LstmNode { Spec.Shortcut: LstmShortcut.None } lstm
            || !(lstm.Parent == input || (lstm.Parent is RootView view && view.Parent == input)))
        {
            return null;
        }

        long own = lstm.FeatureCount, bypass = lstm.Parent!.FeatureCount;
        return shortcut == LstmShortcut.Add && own != bypass ? null : lstm.With(
            lstm.Parent, lstm.Spec with { Shortcut = shortcut }, lstm.Directions,
            [Atom.Feature(shortcut == LstmShortcut.Add ? own : own + bypass)]);
    }

    private static Value AddConstant(NodeContext node, Value value, OnnxTensor tensor, double sign)
    {
        if (DenseOperators.Sequences(node, value) is not { } flow)
        {
            return Unknown.Instance;
        }

        if (sign == 1 && DenseOperators.WithBias(flow, tensor) is { } biased)
        {
            return biased;
        }

        if (tensor.Count != 1)
        {
            return node.Fail($"adds {tensor} to something other than a product");
        }

        double shift = sign * tensor[0];
        return flow.Node is PlainNode
        {
            Spec: ActivationSpec { Function: ActivationFunction.Affine, Beta: 0 } affine,
            Parent: { } parent
        }
            ? flow with { Node = Plain(node, parent, flow.Node.Features, affine with { Beta = shift }) }
            : Applied(node, flow, new ActivationSpec(ActivationFunction.Affine) { Alpha = 1, Beta = shift });
    }

    private static Value Scaled(NodeContext node, Flow flow, double factor)
    {
        if (factor == 0.5 && Chain.LstmOf(flow.Node) is { Spec.Merge: LstmMerge.Sum, Spec.Shortcut: LstmShortcut.None })
        {
            return Chain.Merged(flow.Node, LstmMerge.Mean, flow.Groups)!;
        }

        flow = Chain.Selected(flow);
        return flow.Node is PlainNode
        {
            Spec: ActivationSpec { Function: ActivationFunction.Tanh },
            Parent: PlainNode { Spec: ActivationSpec { Function: ActivationFunction.Affine, Beta: 0 } inner } scale
        }
            && factor != 0
            ? flow with
            {
                Node = Plain(
                node, scale.Parent!, flow.Node.Features,
                new ActivationSpec(ActivationFunction.ScaledTanh) { Alpha = factor, Beta = inner.Alpha })
            }
            : Applied(node, flow, new ActivationSpec(ActivationFunction.Affine) { Alpha = factor });
    }

    private static Value Applied(NodeContext node, Flow flow, ActivationSpec spec)
    {
        Activation? fused = spec.Function switch
        {
            ActivationFunction.Sigmoid => Lstm.Activation.Sigmoid,
            ActivationFunction.Tanh => Lstm.Activation.Tanh,
            ActivationFunction.Relu => Lstm.Activation.Relu,
            _ => null,
        };
        if (fused is { } activation && flow.Node is DenseNode { Activation: Lstm.Activation.None } dense)
        {
            return flow with { Node = dense.With(dense.Bias, activation) };
        }

        if (!double.IsFinite(spec.Alpha) || !double.IsFinite(spec.Beta) || Math.Abs(spec.Alpha) is > 0 and < 1e-30 or > 1e30
            || Math.Abs(spec.Beta) is > 0 and < 1e-30 or > 1e30)
        {
            return node.Fail($"has the numbers {spec.Alpha} and {spec.Beta}; they have to be 0 or from 1e-30 to 1e30 in size");
        }

        LayerNode parent = Chain.Features(node, flow);
        return flow with { Node = Plain(node, parent, flow.Node is InputNode ? parent.Features : flow.Node.Features, spec) };
    }

    private static PlainNode Plain(NodeContext node, LayerNode parent, Atom[] features, LayerSpec spec)
        => new(parent, node.Name, spec) { Features = features };

    /// <summary>A layer normalisation over the last axis.</summary>
    public static Value Norm(NodeContext node, Flow flow, OnnxTensor? weight, OnnxTensor? bias, double epsilon)
    {
        LayerNode parent = Chain.Features(node, flow);
        long features = Dim.Of(flow.Groups[^1]).Known ?? weight?.Count ?? 0;
        foreach (OnnxTensor? tensor in (OnnxTensor?[])[weight, bias])
        {
            if (tensor is not null && (tensor.Count != features || tensor.IsInteger))
            {
                return node.Fail($"normalises {features} features with {tensor}");
            }
        }

        return epsilon is >= 1e-30 and <= 1e30
            ? flow with { Node = new NormNode(parent, node.Name, weight, bias, epsilon) { Features = parent.Features } }
            : node.Fail($"has ε = {epsilon}; it has to be from 1e-30 to 1e30");
    }

    private static bool Same(Flow a, Flow b) => a.Node == b.Node && a.Direction == b.Direction && a.Rank == b.Rank
        && a.Groups.Zip(b.Groups).All(pair => pair.First.SequenceEqual(pair.Second));
}
