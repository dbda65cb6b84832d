namespace Lstm.Onnx.Graphs;

/// <summary>ONNX's Split: the directions of a layer, or parts of a constant, of a shape or of an initial state.</summary>
internal static class SplitOperator
{
    public static void Read(NodeContext node)
    {
        Value value = node.Input(0);
        int rank = value switch
        {
            Flow flow => flow.Rank,
            FinalState state => state.Groups.Length,
            Constant constant => constant.Tensor.Shape.Count,
            ShapeVector => 1,
            _ => 0,
        };
        int axis = rank == 0 ? -1 : node.Axis(node.Attributes.Int("axis", 0), rank);
        long? all = axis < 0 ? null : value switch
        {
            Flow flow => Dim.Of(flow.Groups[axis]).Known,
            FinalState state => Dim.Of(state.Groups[axis]).Known,
            Constant constant => constant.Tensor.Shape[axis],
            _ => ((ShapeVector)value).Dims.Length,
        };
        if (value is not Unknown && rank == 0)
        {
            node.Fail("divides something other than directions, states or constants");
        }

        // Without sizes the parts are equal, the last one the smaller.
        long[]? sizes = node.Attributes.Ints("split") ?? (node.Has(1) ? node.Integers(1) : null);
        long each = ((all ?? node.OutputCount) + node.OutputCount - 1) / Math.Max(1, node.OutputCount), first = 0;
        for (int i = 0; i < node.OutputCount; i++)
        {
            long size = sizes is null ? Math.Min(each, Math.Max(0, (all ?? long.MaxValue) - first))
                : i < sizes.Length ? sizes[i] : 0;
            node.Set(i, axis < 0 ? Unknown.Instance : Part(node, value, axis, first, size));
            first = unchecked(first + size);
        }
    }

    private static Value Part(NodeContext node, Value value, int axis, long first, long size)
    {
        if (value is Flow flow)
        {
            return flow.Node is InputNode input && input.Axes.Length == flow.Rank && axis <= 1
                && first is >= 0 and < int.MaxValue / 4 && size is > 0 and < int.MaxValue / 4
                ? new InputPart(input, axis, (int)first, (int)size)
                : AxisOperators.Direction(flow, axis, first, unchecked(first + size)) is { } direction ? direction
                : size == 1 ? AxisOperators.Gather(node, flow, axis, first, keeps: true)
                : node.Fail("divides features or steps");
        }

        switch (value)
        {
            case Constant constant:
                return ConstantOperators.Part(node, constant.Tensor, axis, first, size);
            case ShapeVector vector:
                return first < 0 || size < 0 || first > vector.Dims.Length || size > vector.Dims.Length - first
                    ? node.Fail($"takes {size} from {first} on of a shape of {vector.Dims.Length} numbers")
                    : new ShapeVector(vector.Dims[(int)first..(int)(first + size)], false);
        }

        FinalState state = (FinalState)value;
        return size == 1 && state.Groups[axis] is [var only] && only == state.Axis && first >= 0 && first < state.Entries.Length
            ? state with
            {
                Entries = [state.Entries[first]],
                Axis = null,
                Groups = [.. state.Groups.Select((group, i) => i == axis ? [] : group)]
            }
            : node.Fail("divides a final state along another axis than its entries");
    }
}
