using Lstm.Specs;

namespace Lstm.Onnx.Graphs;

/// <summary>
/// Works on chains of layers: what a layer gives when only a part of it, or a combination of parts, is asked for.
/// </summary>
internal static class Chain
{
    /// <summary>
    /// The layer whose features are the last axis of a value, all of them in order; the problem is noted if they are not.
    /// </summary>
    public static LayerNode Features(NodeContext node, Flow flow)
    {
        flow = Selected(flow);
        Atom[] features =
            [.. flow.Groups[^1].Where(atom => atom.Role is not (AxisRole.Batch or AxisRole.Time) || atom.Size != 1)];
        if (flow.Node is InputNode input && features is [var only] && only.Role is AxisRole.Unknown or AxisRole.Feature)
        {
            only.Role = AxisRole.Feature;
            return new RootView(input) { Features = features };
        }

        // An axis of one value says nothing of the order, and may have been squeezed away.
        if (!features.Where(atom => atom.Size != 1).SequenceEqual(flow.Node.Features.Where(atom => atom.Size != 1)))
        {
            node.Fail("its last axis has other values than the features of the layer before, in their order");
        }

        return flow.Node;
    }

    /// <summary>A value with one direction selected, as that of a layer that reads in this direction only.</summary>
    public static Flow Selected(Flow flow)
    {
        if (flow.Direction is not { } direction)
        {
            return flow;
        }

        LayerNode single = OfLstm(flow.Node, lstm =>
        {
            LstmSpec spec = lstm.Spec with { Direction = direction == 0 ? LstmDirection.Forward : LstmDirection.Reverse };
            if (spec.Cell is Cells.LstmEquations equations)
            {
                spec = spec with
                {
                    Cell = direction == 0 ? WithoutReverse(equations) : WithoutReverse(equations with
                    {
                        GateActivation = equations.ReverseGateActivation ?? equations.GateActivation,
                        CellActivation = equations.ReverseCellActivation ?? equations.CellActivation,
                        HiddenActivation = equations.ReverseHiddenActivation ?? equations.HiddenActivation,
                    }),
                };
            }

            return lstm.With(lstm.Parent!, spec, [lstm.Directions[direction]], [lstm.Features[^1]]);
        })!;
        return new Flow(single, flow.Groups);

        static Cells.LstmEquations WithoutReverse(Cells.LstmEquations equations)
            => equations with { ReverseGateActivation = null, ReverseCellActivation = null, ReverseHiddenActivation = null };
    }

    /// <summary>The same layers with another LSTM: itself, or under a pooling. Null if there is none.</summary>
    public static LayerNode? OfLstm(LayerNode node, Func<LstmNode, LstmNode> change) => node switch
    {
        LstmNode lstm => change(lstm),
        PlainNode { Spec: PoolingSpec, Parent: LstmNode lstm } pooling => Pool(change(lstm), pooling),
        _ => null,
    };

    /// <summary>The LSTM itself, or under a pooling.</summary>
    public static LstmNode? LstmOf(LayerNode node) => node switch
    {
        LstmNode lstm => lstm,
        PlainNode { Spec: PoolingSpec, Parent: LstmNode lstm } => lstm,
        _ => null,
    };

    /// <summary>The final h of one layer as its outputs pooled to the last one; null for c, or for several layers.</summary>
    public static Flow? Pooled(FinalState state)
    {
        if (state.IsCell || state.Entries.Any(entry => entry.Node != state.Entries[0].Node))
        {
            return null;
        }

        LstmNode lstm = (LstmNode)state.Entries[0].Node;
        PlainNode pooling = new(lstm, lstm.Source, new PoolingSpec(Pooling.Last)) { Features = lstm.Features };
        return state.Entries.Length == lstm.Directions.Length
            ? new Flow(pooling, state.Groups)
            : state.Entries.Length == 1
                ? new Flow(pooling, state.Groups, Array.IndexOf(lstm.Directions, state.Entries[0].Direction)) : null;
    }

    /// <summary>
    /// The layer of which two values are the two directions: with its steps, or each direction's last output. Null if they are
    /// none such.
    /// </summary>
    public static LayerNode? Halves(Flow a, Flow b)
    {
        if (a.Direction is not { } first || b.Direction != 1 - first)
        {
            return null;
        }

        if (a.Node == b.Node)
        {
            return a.Node;
        }

        // The last step in the direction of reading: the first step of the direction that reads in reverse.
        return a.Node is PlainNode { Spec: PoolingSpec x, Parent: LstmNode lstm } pooling
            && b.Node is PlainNode { Spec: PoolingSpec y } && b.Node.Parent == lstm
            && IsLast(x.Pooling, first) && IsLast(y.Pooling, 1 - first)
            ? new PlainNode(lstm, pooling.Source, new PoolingSpec(Pooling.Last)) { Features = lstm.Features } : null;

        static bool IsLast(Pooling pooling, int direction)
            => pooling == Pooling.Last || pooling == (direction == 0 ? Pooling.LastStep : Pooling.FirstStep);
    }

    /// <summary>Both directions made one by a merge.</summary>
    public static Flow? Merged(LayerNode node, LstmMerge merge, Atom[][] groups)
        => OfLstm(
            node, lstm => lstm.With(
            lstm.Parent!, lstm.Spec with { Merge = merge }, lstm.Directions, [lstm.Features[^1]])) is { } merged
            ? new Flow(merged, groups) : null;

    /// <summary>
    /// One bidirectional layer of two that read the same values, one in each direction; null if they are no such pair.
    /// </summary>
    public static LayerNode? Joined(LayerNode forward, LayerNode reverse)
    {
        LstmNode? one = LstmOf(forward), two = LstmOf(reverse);
        if (one is null || two is null || forward is PlainNode != reverse is PlainNode || !SameParent(one.Parent!, two.Parent!)
            || one.Spec.Direction != LstmDirection.Forward || two.Spec.Direction != LstmDirection.Reverse
                || one.Lengths != two.Lengths
            || one.Spec.LearnInitialState != two.Spec.LearnInitialState)
        {
            return null;
        }

        Cells.LstmEquations a = (Cells.LstmEquations)one.Spec.Cell, b = (Cells.LstmEquations)two.Spec.Cell;
        Cells.LstmEquations shared =
            b with
            {
                GateActivation = a.GateActivation,
                CellActivation = a.CellActivation,
                HiddenActivation = a.HiddenActivation
            };
        LstmBias bias = (LstmBias)Math.Max((int)one.Spec.Bias, (int)two.Spec.Bias);
        if (shared != a || one.Spec.HiddenSize != two.Spec.HiddenSize || (b != shared && a != b))
        {
            return null;
        }

        LstmSpec spec = one.Spec with { Direction = LstmDirection.Bidirectional, Bias = bias };
        Atom direction = new(2) { Role = AxisRole.Direction };
        return OfLstm(
            forward,
            lstm => lstm.With(lstm.Parent!, spec, [.. lstm.Directions, .. two.Directions], [direction, lstm.Features[^1]]));
    }

    private static bool SameParent(LayerNode one, LayerNode two)
        => one == two || (one is RootView a && two is RootView b && a.Parent == b.Parent);

    private static PlainNode Pool(LstmNode lstm, PlainNode pooling)
        => new(lstm, pooling.Source, pooling.Spec) { Features = lstm.Features };
}

/// <summary>The graph's input, seen as steps of features.</summary>
internal sealed class RootView(InputNode input) : LayerNode(input, input.Source);
