using Lstm.Onnx.Files;
using Lstm.Specs;

namespace Lstm.Onnx.Graphs;

/// <summary>Operators that move, join, divide or select axes of what flows from layer to layer.</summary>
internal static class AxisOperators
{
    private const int MostAxes = 16;

    public static Value Transpose(NodeContext node, Flow flow)
    {
        int[]? order = Order(node, flow.Rank);
        return order is null ? Unknown.Instance : flow with { Groups = [.. order.Select(axis => flow.Groups[axis])] };
    }

    public static Value Transpose(NodeContext node, FinalState state)
    {
        int[]? order = Order(node, state.Groups.Length);
        return order is null ? Unknown.Instance : state with { Groups = [.. order.Select(axis => state.Groups[axis])] };
    }

    /// <summary>The groups without some axes of size 1; null, with the problem noted, if one is of another size.</summary>
    public static Atom[][]? Squeeze(NodeContext node, Atom[][] groups)
    {
        long[]? axes = node.Axes(1);
        if (axes is null)
        {
            node.Fail("its axes are not known");
            return null;
        }

        bool[] gone = new bool[groups.Length];
        for (int i = 0; i < gone.Length && axes.Length == 0; i++)
        {
            gone[i] = Dim.Of(groups[i]).Known == 1;
        }

        foreach (long given in axes)
        {
            int axis = node.Axis(given, groups.Length);
            if (axis < 0)
            {
                return null;
            }

            if (Dim.Of(groups[axis]).Known is not (1 or null))
            {
                node.Fail($"squeezes axis {given}, which has {Dim.Of(groups[axis]).Known} values");
                return null;
            }

            gone[axis] = true;
        }

        return [.. groups.Where((_, i) => !gone[i])];
    }

    public static Atom[][]? Unsqueeze(NodeContext node, Atom[][] groups)
    {
        long[]? axes = node.Axes(1);
        if (axes is null || axes.Length > MostAxes)
        {
            node.Fail("its axes are not known");
            return null;
        }

        List<Atom[]> result = [.. groups];
        int rank = groups.Length + axes.Length;
        if (rank > MostAxes)
        {
            node.Fail($"has {rank} axes; a tensor here has at most {MostAxes}");
            return null;
        }

        foreach (int axis in axes.Select(axis => node.Axis(axis, rank)).Order())
        {
            if (axis < 0 || axis > result.Count)
            {
                return null;
            }

            result.Insert(axis, []);
        }

        return [.. result];
    }

    public static Value Reshape(NodeContext node, Flow flow, Dim[] target)
    {
        Atom[][]? groups = Regrouped(flow.Groups, target, node.Attributes.Int("allowzero", 0) == 0);
        return groups is null
            ? node.Fail("reshapes to a shape that divides steps, sequences or features, or fixes their number")
            : flow with { Groups = groups };
    }

    /// <summary>Selects one step, one direction, or a part of an input.</summary>
    public static Value Gather(NodeContext node, Flow flow, int axis, long index, bool keeps)
    {
        Atom[][] rest = keeps
            ? [.. flow.Groups.Select((group, i) => i == axis ? [] : group)]
            : [.. flow.Groups.Where((_, i) => i != axis)];
        switch (flow.Groups[axis])
        {
            case [{ Role: AxisRole.Direction }] when index is 0 or 1 or -1:
                return new Flow(flow.Node, rest, index == 0 ? 0 : 1);
            case [{ Role: AxisRole.Time or AxisRole.Unknown } time] when time.Role == AxisRole.Time
                || (index == -1 && axis < flow.Rank - 1):
                time.Role = AxisRole.Time;
                bool isLast = index == -1 || (time.Size is { } steps && index == steps - 1);
                if (index != 0 && !isLast)
                {
                    return node.Fail($"takes step {index}; a network gives the first or the last one");
                }

                NotePadding(node, flow);
                return flow with
                {
                    Groups = rest,
                    Node = new PlainNode(
                        flow.Node, node.Name,
                        new PoolingSpec(isLast ? Pooling.LastStep : Pooling.FirstStep))
                    { Features = flow.Node.Features },
                };
            case [] when index is 0 or -1:
                return flow with { Groups = rest };
            default:
                return node.Fail("takes a part of the sequences or of the features");
        }
    }

    /// <summary>
    /// One direction, taken as its half of the features that a bidirectional layer gives; null if the bounds are other ones.
    /// </summary>
    public static Flow? Direction(Flow flow, int axis, long start, long end)
    {
        if (flow.Direction is not null || axis != flow.Rank - 1
            || flow.Groups[axis] is not [{ Role: AxisRole.Direction }, var units]
            || !flow.Groups[axis].SequenceEqual(flow.Node.Features) || units.Size is not { } half)
        {
            return null;
        }

        (start, end) = (start < 0 ? start + (2 * half) : start, end < 0 ? end + (2 * half) : end);
        return end - start == half && (start == 0 || start == half)
            ? new Flow(flow.Node, [.. flow.Groups[..axis], [units]], start == 0 ? 0 : 1) : null;
    }

    /// <summary>The axes that reductions go over, and the groups that remain.</summary>
    public static Value Reduce(NodeContext node, Flow flow)
    {
        long[]? given = node.Axes(1);
        if (given is not [var one])
        {
            return node.Fail("reduces over all or several axes; a network pools the steps");
        }

        int axis = node.Axis(one, flow.Rank);
        if (axis < 0)
        {
            return Unknown.Instance;
        }

        bool keeps = node.Attributes.Int("keepdims", 1) != 0;
        Atom[][] rest = keeps
            ? [.. flow.Groups.Select((group, i) => i == axis ? [] : group)]
            : [.. flow.Groups.Where((_, i) => i != axis)];
        switch (flow.Groups[axis])
        {
            case [{ Role: AxisRole.Direction }] when flow.Direction is null:
                LstmMerge? merge =
                    node.OpType switch
                    {
                        "ReduceSum" => LstmMerge.Sum,
                        "ReduceMean" => LstmMerge.Mean,
                        "ReduceProd" => LstmMerge.Product,
                        _ => null
                    };
                Flow? merged = merge is { } kind ? Chain.Merged(flow.Node, kind, rest) : null;
                return merged is null ? node.Fail("joins two directions in a way that no merge has") : merged;
            case [{ Role: AxisRole.Time or AxisRole.Unknown } time] when axis < flow.Rank - 1 && node.OpType is "ReduceMean"
                or "ReduceMax":
                time.Role = AxisRole.Time;
                NotePadding(node, flow);
                flow = Chain.Selected(flow);
                PoolingSpec pooling = new(node.OpType == "ReduceMean" ? Pooling.Mean : Pooling.Max);
                return flow with
                {
                    Groups = rest,
                    Node = new PlainNode(flow.Node, node.Name, pooling) { Features = flow.Node.Features }
                };
            case var group when axis == flow.Rank - 1 && node.OpType == "ReduceMean" && keeps
                && (flow.Node is InputNode || group.SequenceEqual(flow.Node.Features)):
                return new NormStage(flow, NormStep.Mean);
            default:
                return node.Fail("reduces in a way that no pooling has");
        }
    }

    // The graph pools what LSTM gives past a sequence's length, zeros, with its values.
    private static void NotePadding(NodeContext node, Flow flow)
    {
        if (Chain.LstmOf(flow.Node)?.Lengths is not null)
        {
            node.Graph.Ignored.Add(
                $"'{node.Name}' ({node.OpType}) pools zeros past the lengths of sequences; the network pools their own steps");
        }
    }

    /// <summary>Repeats what has no step in time: Keras's RepeatVector.</summary>
    public static Value Repeat(NodeContext node, Flow flow, int axis, long times)
    {
        if (times == 1)
        {
            return flow;
        }

        if (flow.Groups[axis].Length > 0 || times is < 1 or > int.MaxValue || axis == flow.Rank - 1)
        {
            return node.Fail("repeats something other than one step in time");
        }

        flow = Chain.Selected(flow);
        Atom time = new(times) { Role = AxisRole.Time };
        return flow with
        {
            Groups = [.. flow.Groups.Select((group, i) => i == axis ? [time] : group)],
            Node = new PlainNode(flow.Node, node.Name, new RepeatLastSpec((int)times)) { Features = flow.Node.Features },
        };
    }

    /// <summary>Atoms in the groups that a shape asks for; null if an axis would have to be divided.</summary>
    public static Atom[][]? Regrouped(Atom[][] source, Dim[] target, bool zeroCopies)
    {
        Atom[] atoms = [.. source.SelectMany(group => group)];
        Atom[]?[] result = new Atom[target.Length][];
        int infer = Array.FindIndex(target, dim => dim.Known == -1);
        int start = 0, end = atoms.Length;
        for (int j = 0; j < (infer < 0 ? target.Length : infer); j++)
        {
            int taken = Taken(SizeAt(j), atoms, step: 1, start);
            if (taken < 0 || start + taken > end)
            {
                return null;
            }

            result[j] = atoms[start..(start + taken)];
            start += taken;
        }

        for (int j = target.Length - 1; infer >= 0 && j > infer; j--)
        {
            int taken = Taken(SizeAt(j), atoms, step: -1, end - 1);
            if (taken < 0 || end - taken < start)
            {
                return null;
            }

            result[j] = atoms[(end - taken)..end];
            end -= taken;
        }

        if (infer >= 0)
        {
            result[infer] = atoms[start..end];
        }
        else if (start < end)
        {
            return null;
        }

        return result!;

        // A zero stands for the size that the axis of this number has.
        Dim SizeAt(int j) => target[j].Known == 0 && zeroCopies && j < source.Length ? Dim.Of(source[j]) : target[j];
    }

    // How many atoms make a size, from a place on; −1 if theirs do not give it.
    private static int Taken(Dim dim, Atom[] atoms, int step, int from)
    {
        if (dim.Known is not { } wanted)
        {
            // The size of axes that nobody knows can only be that of the same axes.
            int first = step > 0 ? from : from + 1 - dim.Atoms.Length;
            return first >= 0 && first + dim.Atoms.Length <= atoms.Length
                && atoms.AsSpan(first, dim.Atoms.Length).SequenceEqual(dim.Atoms) ? dim.Atoms.Length : -1;
        }

        long product = 1;
        int taken = 0;
        while (from >= 0 && from < atoms.Length && (product < wanted || (wanted == 1 && taken == 0 && atoms[from].Size == 1)))
        {
            if (atoms[from].Size is not { } size || (product *= size) > wanted)
            {
                return -1;
            }

            from += step;
            taken++;
        }

        return product == wanted ? taken : -1;
    }

    private static int[]? Order(NodeContext node, int rank)
    {
        long[] given = node.Attributes.Ints("perm") ?? [.. Enumerable.Range(0, rank).Reverse().Select(axis => (long)axis)];
        int[] order = [.. given.Take(17).Select(axis => axis >= 0 && axis < rank ? (int)axis : -1)];
        if (order.Length == rank && order.Distinct().Count() == rank && !order.Contains(-1))
        {
            return order;
        }

        node.Fail($"has the order {Shorten.Shape(order)} for {rank} axes");
        return null;
    }
}
