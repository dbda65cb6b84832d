namespace Lstm.Onnx.Graphs;

/// <summary>What the lengths of sequences are made into, to pool within them.</summary>
internal enum MaskKind
{
    /// <summary>The lengths less 1.</summary>
    LastPlaces,

    /// <summary>The lengths, at least 1.</summary>
    AtLeastOne,

    /// <summary>The numbers of the steps.</summary>
    Places,

    /// <summary>Whether a step exists.</summary>
    Live,

    /// <summary>Whether it is a sequence's last.</summary>
    IsLast,

    /// <summary>Whether a sequence has steps.</summary>
    HasSteps,

    /// <summary>The values of steps that exist, and one number for the others.</summary>
    LiveRows,

    /// <summary>The values of last steps, and zeros for the others.</summary>
    LastRows,

    /// <summary>The sum of the steps that exist.</summary>
    Sum,
}

/// <summary>A stage of a pooling within the lengths of sequences.</summary>
internal sealed record MaskValue(MaskKind Kind, Flow? Rows = null, Atom[][]? Rest = null) : Value;

/// <summary>Poolings that are written with masks, as this library's own exports have them.</summary>
internal static class MaskOperators
{
    /// <summary>What an operator makes of lengths and masks; null if it is none of these.</summary>
    public static Value? Read(NodeContext node)
    {
        if (node.OpType == "Range")
        {
            return ShapeArithmetic.Shape(node.Input(1)) is null ? null : new MaskValue(MaskKind.Places);
        }

        if (node.OpType is not (
            "Sub" or "Max" or "Greater" or "Less" or "Equal" or "Where" or "ReduceSum" or "ReduceMax" or "Div" or "Cast"
            or "Reshape"))
        {
            return null;
        }

        Value a = node.Input(0), b = node.Has(1) ? node.Input(1) : Unknown.Instance;
        MaskKind? kind = (node.OpType, Kind(a), Kind(b)) switch
        {
            ("Cast" or "Reshape", { } same, _) => same,
            ("Equal", MaskKind.Places, MaskKind.LastPlaces) => MaskKind.IsLast,
            ("Less", MaskKind.Places, null) when IsLengths(b) => MaskKind.Live,
            ("Sub", null, null) when IsLengths(a) => MaskKind.LastPlaces,
            ("Max", null, null) when IsLengths(a) => MaskKind.AtLeastOne,
            ("Greater", null, null) when IsLengths(a) => MaskKind.HasSteps,
            _ => null,
        };
        return kind is { } made ? new MaskValue(made) : Kind(a) is not null ? Pooled(node, (MaskValue)a, b) : null;
    }

    private static Value? Pooled(NodeContext node, MaskValue mask, Value b)
    {
        switch (node.OpType, mask.Kind)
        {
            case ("Where", MaskKind.HasSteps):
                return b;
            case ("Where", MaskKind.Live or MaskKind.IsLast) when b is Flow or FinalState:
                return DenseOperators.Sequences(node, b) is { } masked
                    ? new MaskValue(mask.Kind == MaskKind.Live ? MaskKind.LiveRows : MaskKind.LastRows, masked)
                    : b;
            case ("ReduceSum", MaskKind.LiveRows):
                return Rest(node, mask.Rows!) is { } rest ? mask with { Kind = MaskKind.Sum, Rest = rest } : Unknown.Instance;
            case ("ReduceSum", MaskKind.LastRows):
                return Pooling(node, mask.Rows!, Rest(node, mask.Rows!), Lstm.Pooling.LastStep);
            case ("ReduceMax", MaskKind.LiveRows):
                return Pooling(node, mask.Rows!, Rest(node, mask.Rows!), Lstm.Pooling.Max);
            case ("Div", MaskKind.Sum) when b is MaskValue { Kind: MaskKind.AtLeastOne }:
                return Pooling(node, mask.Rows!, mask.Rest, Lstm.Pooling.Mean);
            default:
                return node.Fail("works on the lengths of sequences in a way that no pooling does");
        }
    }

    private static MaskKind? Kind(Value value) => (value as MaskValue)?.Kind;

    private static bool IsLengths(Value value) => value is Flow { Node: InputNode { IsInteger: true, Axes.Length: 1 } };

    private static Value Pooling(NodeContext node, Flow rows, Atom[][]? rest, Pooling pooling) => rest is null
        ? Unknown.Instance
        : new Flow(new PlainNode(rows.Node, node.Name, new PoolingSpec(pooling)) { Features = rows.Node.Features }, rest);

    private static Atom[][]? Rest(NodeContext node, Flow rows)
    {
        if (node.Axes(1) is [var given] && node.Axis(given, rows.Rank) is >= 0 and var axis
            && rows.Groups[axis] is [{ Role: AxisRole.Time or AxisRole.Unknown }])
        {
            return [.. rows.Groups.Select((group, i) => i == axis ? [] : group)];
        }

        node.Fail("sums or compares values along another axis than the steps");
        return null;
    }
}
