namespace Lstm.Onnx.Graphs;

/// <summary>ONNX's Split: the directions of a layer, or parts of an initial state.</summary>
internal static class SplitOperator
{
    public static void Read(NodeContext node)
    {
        Value value = node.Input(0);
        Atom[][]? groups = (value as Flow)?.Groups ?? (value as FinalState)?.Groups;
        int axis = groups is null ? -1 : node.Axis(node.Attributes.Int("axis", 0), groups.Length);
        long[]? sizes = node.Attributes.Ints("split") ?? (node.Has(1) ? node.Integers(1) : null);
        long first = 0;
        for (int i = 0; i < node.OutputCount; i++)
        {
            long size = sizes is not null && i < sizes.Length ? sizes[i] : axis < 0 ? 1
                : (Dim.Of(groups![axis]).Known ?? node.OutputCount) / node.OutputCount;
            node.Set(
                i, axis < 0 ? value is Unknown ? value : node.Fail("divides something other than directions or states")
                : Part(node, value, axis, first, size));
            first += size;
        }
    }

    private static Value Part(NodeContext node, Value value, int axis, long first, long size)
    {
        if (value is Flow flow)
        {
            return flow.Node is InputNode input && input.Axes.Length == flow.Rank && axis <= 1 && first >= 0 && size > 0
                && first + size < int.MaxValue / 2
                ? new InputPart(input, axis, (int)first, (int)size)
                : size == 1 ? AxisOperators.Gather(node, flow, axis, first, keeps: true)
                : node.Fail("divides features or steps");
        }

        FinalState state = (FinalState)value;
        return size == 1 && state.Groups[axis] is [var only] && only == state.Axis && first >= 0 && first < state.Entries.Length
            ? state with { Entries = [state.Entries[first]], Axis = null,
                Groups = [.. state.Groups.Select((group, i) => i == axis ? [] : group)] }
            : node.Fail("divides a final state along another axis than its entries");
    }
}
