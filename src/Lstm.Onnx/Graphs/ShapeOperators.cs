namespace Lstm.Onnx.Graphs;

/// <summary>Operators that change shapes, by what they work on: constants, shapes, steps, states or inputs.</summary>
internal static class ShapeOperators
{
    public static Value Read(NodeContext node, Value value) => value switch
    {
        NormStage { Step: NormStep.Normal or NormStep.Scaled }
            => DenseOperators.Sequences(node, value) is { } normalised ? OfFlow(node, normalised) : Unknown.Instance,
        Constant constant => OfConstant(node, constant),
        Fill or Repeated or InputPart
            => node.OpType == "Shape" ? node.Fail("asks for the shape of an initial state") : OfState(node, value),
        ShapeVector vector => OfShape(node, vector),
        RepeatedSize when node.OpType is "Cast" or "Reshape" or "Squeeze" or "Unsqueeze" => value,
        Flow flow => OfFlow(node, flow),
        FinalState state => OfFinalState(node, state),
        _ => node.Fail("works on something that no layer gives"),
    };

    private static Value OfConstant(NodeContext node, Constant constant)
    {
        OnnxTensor tensor = constant.Tensor;
        int[] shape = [.. tensor.Shape];
        switch (node.OpType)
        {
            case "Shape":
                return new ShapeVector([.. shape.Select(size => Dim.Of((long)size))], false);
            case "Transpose":
                return ConstantOperators.Transpose(node, tensor);
            case "Cast":
                return ConstantOperators.Cast(node, tensor);
            case "Reshape" when node.Integers(1) is { } target:
                return ConstantOperators.Reshape(node, tensor, target);
            case "Slice":
                return ConstantOperators.Slice(node, tensor);
            case "Squeeze" or "Unsqueeze":
                Atom[][]? groups = [.. shape.Select(size => new Atom[] { new(size) })];
                groups = node.OpType == "Squeeze" ? AxisOperators.Squeeze(node, groups) : AxisOperators.Unsqueeze(node, groups);
                return groups is null ? Unknown.Instance
                    : new Constant(tensor.With([.. groups.Select(group => (int)Dim.Of(group).Known!.Value)]));
            case "Gather" when node.Input(1) is Constant { Tensor: var indices }:
                return ConstantOperators.Gather(node, tensor, indices);
            case "Gather" when node.Input(1) is Flow ids:
                return DenseOperators.Embedding(node, tensor, ids);
            case "Gather" when node.Input(1) is Unknown:
                return Unknown.Instance;
            case "Expand" or "Tile":
                node.Graph.Spend(tensor.Count);
                bool isZero = true;
                for (int i = 0; i < tensor.Count && isZero; i++)
                {
                    isZero = tensor[i] == 0;
                }

                return isZero ? new Fill(0) : new Repeated(tensor);
            default:
                return node.Fail($"works on {tensor} in a way that cannot be read");
        }
    }

    // Of an initial state only its values count: its shape is that of the layer.
    private static Value OfState(NodeContext node, Value value) => node.OpType switch
    {
        "Slice" or "Gather" when value is not Fill => node.Fail("takes a part of an initial state"),
        _ => value,
    };

    private static Value OfShape(NodeContext node, ShapeVector vector)
    {
        switch (node.OpType)
        {
            case "Gather" when node.Integers(1) is { } given:
                int all = vector.Dims.Length;
                long[] places = [.. given.Select(index => index < 0 ? index + all : index)];
                return places.All(place => place >= 0 && place < all)
                    ? new ShapeVector(
                        [.. places.Select(place => vector.Dims[place])],
                        node.Input(1) is Constant { Tensor.Shape.Count: 0 } or ShapeVector { IsScalar: true })
                    : node.Fail($"takes [{string.Join(", ", given)}] of a shape of {all} numbers");
            case "Slice" when ConstantOperators.Bounds(node, 1) is [var (_, start, end)]:
                int count = vector.Dims.Length;
                int first = (int)Math.Clamp(start < 0 ? start + count : start, 0, count),
                    last = (int)Math.Clamp(end < 0 ? end + count : end, 0, count);
                return new ShapeVector(vector.Dims[first..Math.Max(first, last)], false);
            case "Unsqueeze" or "Reshape":
                return vector with { IsScalar = false };
            case "Squeeze":
                return vector with { IsScalar = vector.Dims.Length == 1 };
            case "Cast":
                return vector;
            case "Expand" or "Tile" when vector.Dims is [var size]:
                return node.Integers(1) is [> 0 and <= 64 and var times]
                    ? new ShapeVector([.. Enumerable.Repeat(size, (int)times)], false) : new RepeatedSize(size);
            case "Shape":
                return new ShapeVector(vector.IsScalar ? [] : [Dim.Of(vector.Dims.Length)], false);
            default:
                return node.Fail("computes a shape in a way that cannot be read");
        }
    }

    private static Value OfFlow(NodeContext node, Flow flow)
    {
        switch (node.OpType)
        {
            case "Shape":
                return ShapeArithmetic.ShapeOf(node, flow.Groups);
            case "Cast":
                return flow;
            case "Transpose":
                return AxisOperators.Transpose(node, flow);
            case "Squeeze" or "Unsqueeze":
                Atom[][]? groups = node.OpType == "Squeeze" ? AxisOperators.Squeeze(node, flow.Groups)
                    : AxisOperators.Unsqueeze(node, flow.Groups);
                return groups is null ? Unknown.Instance : flow with { Groups = groups };
            case "Flatten":
                long from = node.Attributes.Int("axis", 1);
                int axis = (int)Math.Clamp(from < 0 ? from + flow.Rank : from, 0, flow.Rank);
                return flow with
                {
                    Groups = [
                    [.. flow.Groups[..axis].SelectMany(group => group)], [.. flow.Groups[axis..].SelectMany(group => group)]]
                };
            case "Reshape":
                long[]? old = node.Attributes.Ints("shape");
                ShapeVector? shape = old is null ? node.Has(1) ? ShapeArithmetic.Shape(node.Input(1)) : null
                    : new ShapeVector([.. old.Select(Dim.Of)], false);
                return shape is { Dims.Length: <= 16 } ? AxisOperators.Reshape(node, flow, shape.Dims)
                    : node.Fail("reshapes to a shape that is not known");
            case "Gather":
                int place = node.Axis(node.Attributes.Int("axis", 0), flow.Rank);
                return place < 0 ? Unknown.Instance
                    : node.Input(1) is not Constant { Tensor: { Count: 1, IsInteger: true } index }
                        ? node.Fail("takes parts that are not known")
                    : Part(node, flow, place, (long)index[0], index.Shape.Count > 0);
            case "Slice":
                return Sliced(node, flow);
            case "Expand" or "Tile":
                return Tiled(node, flow);
            default:
                return node.Fail("works on the values of steps in a way that no layer has");
        }
    }

    private static Value Part(NodeContext node, Flow flow, int axis, long index, bool keeps)
        => flow.Node is InputNode input && input.Axes.Length == flow.Rank && axis <= 1 && flow.Groups[axis] is [var atom]
            && atom.Role == AxisRole.Unknown
            ? new InputPart(input, axis, (int)Math.Clamp(index < 0 ? index + (atom.Size ?? 0) : index, 0, int.MaxValue / 2), 1)
            : AxisOperators.Gather(node, flow, axis, index, keeps);

    private static Value Sliced(NodeContext node, Flow flow)
    {
        if (ConstantOperators.Bounds(node, flow.Rank) is not [var (axis, start, end)])
        {
            return node.Fail("takes a part along several axes");
        }

        long? size = Dim.Of(flow.Groups[axis]).Known;
        if (AxisOperators.Direction(flow, axis, start, Math.Min(end, size ?? end)) is { } direction)
        {
            return direction;
        }

        if (flow.Node is InputNode input && input.Axes.Length == flow.Rank && axis <= 1
            && flow.Groups[axis] is [{ Role: AxisRole.Unknown }]
            && start >= 0 && end > start && end <= (size ?? int.MaxValue / 2))
        {
            return new InputPart(input, axis, (int)start, (int)(end - start));
        }

        if (start <= 0 && (end >= (size ?? int.MaxValue) || (size is { } all && start == -all && end == 0))
            && (start == 0 || start == -(size ?? 0)))
        {
            return flow;
        }

        bool isLast = (start == -1 && end >= int.MaxValue) || (size is { } n && (start == n - 1 || start == -1) && end >= n);
        return isLast || (start == 0 && end == 1)
            || (flow.Groups[axis] is [{ Role: AxisRole.Direction }] && start == 1 && end >= 2)
            ? AxisOperators.Gather(node, flow, axis, isLast ? -1 : start, keeps: true)
            : node.Fail($"takes {start} … {end} of an axis");
    }

    private static Value Tiled(NodeContext node, Flow flow)
    {
        ShapeVector? target = ShapeArithmetic.Shape(node.Input(1));
        if (target is null || target.Dims.Length != flow.Rank)
        {
            return node.Fail("repeats to a shape that is not known, or of another rank");
        }

        for (int axis = 0; axis < flow.Rank; axis++)
        {
            Dim dim = target.Dims[axis];
            if (dim.Known == 1 || (node.OpType == "Expand" && IsSize(dim, flow.Groups[axis])))
            {
                continue;
            }

            return dim.Known is { } times ? AxisOperators.Repeat(node, flow, axis, times)
                : node.Fail("repeats to a size that is that of another axis, which only the running graph knows");
        }

        return flow;
    }

    private static bool IsSize(Dim dim, Atom[] group)
        => dim.Known is { } known ? known == Dim.Of(group).Known : dim.Atoms.SequenceEqual(group);

    private static Value OfFinalState(NodeContext node, FinalState state)
    {
        switch (node.OpType)
        {
            case "Transpose":
                return AxisOperators.Transpose(node, state);
            case "Squeeze" or "Unsqueeze":
                Atom[][]? groups = node.OpType == "Squeeze" ? AxisOperators.Squeeze(node, state.Groups)
                    : AxisOperators.Unsqueeze(node, state.Groups);
                return groups is null ? Unknown.Instance : state with { Groups = groups };
            case "Shape":
                return ShapeArithmetic.ShapeOf(node, state.Groups);
            case "Gather" or "Slice" when state.Axis is { } entries
                && Array.FindIndex(state.Groups, group => group is [var only] && only == entries) is var axis and >= 0:
                return Entry(node, state, axis);
            default:
                return Chain.Pooled(state) is { } pooled ? OfFlow(node, pooled)
                    : node.Fail("works on a final cell state, which no layer reads");
        }
    }

    private static Value Entry(NodeContext node, FinalState state, int axis)
    {
        long[]? index = node.OpType == "Gather" ? node.Integers(1)
            : ConstantOperators.Bounds(node, state.Groups.Length) is [var (at, start, end)] && at == axis
                && (end - start == 1 || (start == -1 && end > 0)) ? [start] : null;
        if (index is not [var given]
            || (node.OpType == "Gather" && node.Axis(node.Attributes.Int("axis", 0), state.Groups.Length) != axis))
        {
            return Chain.Pooled(state) is { } pooled ? OfFlow(node, pooled) : node.Fail("takes a part of a final state");
        }

        long place = given < 0 ? given + state.Entries.Length : given;
        if (place < 0 || place >= state.Entries.Length)
        {
            return node.Fail($"takes state {given} of {state.Entries.Length}");
        }

        bool keeps = node.OpType == "Slice" || node.Input(1) is Constant { Tensor.Shape.Count: > 0 };
        Atom[][] groups = keeps
            ? [.. state.Groups.Select((group, i) => i == axis ? [] : group)]
            : [.. state.Groups.Where((_, i) => i != axis)];
        return state with { Entries = [state.Entries[place]], Axis = null, Groups = groups };
    }
}
