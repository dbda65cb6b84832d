namespace Lstm.Onnx.Export;

/// <summary>Writes poolings over time, within the lengths of the sequences.</summary>
internal sealed class PoolingExport(GraphWriter writer)
{
    private const string Layer = "pooling";

    public ExportSteps Write(Pooling pooling, ExportSteps steps)
    {
        string pooled = pooling switch
        {
            Pooling.Last when steps.LastHidden is { } last => last(),
            Pooling.Last => Ends(steps, steps.ForwardFeatures),
            Pooling.LastStep => Ends(steps, steps.Features),
            Pooling.FirstStep => Ends(steps, 0),
            Pooling.Mean => Mean(steps),
            _ => Max(steps),
        };
        return new ExportSteps(pooled, steps.Features, null, IsPooled: true);
    }

    /// <summary>The last step's row.</summary>
    public string Last(ExportSteps steps) => Ends(steps, steps.Features);

    /// <summary>The row at the end of each sequence, [1, N, F]; zeros if it has none.</summary>
    public string LastOf(string values, string? lengths)
    {
        if (lengths is null)
        {
            return writer.Node(Layer, "Slice", [values, writer.Integers(-1), writer.Integers(long.MaxValue), writer.Integers(0)]);
        }

        string last = writer.Node(Layer, "Sub", [Counts(lengths), writer.Integer(1)]);
        string mask = writer.Node(Layer, "Equal", [Places(values), last]);
        return writer.Node(
            Layer, "ReduceSum", [writer.Node(Layer, "Where", [mask, values, writer.Number(0)]), writer.Integers(0)]);
    }

    /// <summary>The row at the start of each sequence, [1, N, F]; zeros if it has none.</summary>
    public string FirstOf(string values, string? lengths)
    {
        string first = writer.Node(Layer, "Slice", [values, writer.Integers(0), writer.Integers(1), writer.Integers(0)]);
        return lengths is null ? first
            : writer.Node(
                Layer, "Where", [writer.Node(Layer, "Greater", [Counts(lengths), writer.Integer(0)]), first, writer.Number(0)]);
    }

    /// <summary>Whether each step of each sequence exists, [T, N, 1].</summary>
    public string Live(ExportSteps steps) => writer.Node(Layer, "Less", [Places(steps.Name), Counts(steps.Lengths!)]);

    // The last step of the first features, and the first step of the others.
    private string Ends(ExportSteps steps, int forward)
    {
        if (forward == steps.Features)
        {
            return LastOf(steps.Name, steps.Lengths);
        }

        if (forward == 0)
        {
            return FirstOf(steps.Name, steps.Lengths);
        }

        string ahead =
            writer.Node(Layer, "Slice", [steps.Name, writer.Integers(0), writer.Integers(forward), writer.Integers(2)]);
        string back =
            writer.Node(
            Layer, "Slice", [steps.Name, writer.Integers(forward), writer.Integers(steps.Features), writer.Integers(2)]);
        return writer.Node(
            Layer, "Concat", [LastOf(ahead, steps.Lengths), FirstOf(back, steps.Lengths)], GraphWriter.Int("axis", 2));
    }

    private string Mean(ExportSteps steps)
    {
        if (steps.Lengths is null)
        {
            return writer.Node(Layer, "ReduceMean", [steps.Name, writer.Integers(0)]);
        }

        string sum =
            writer.Node(
            Layer, "ReduceSum", [writer.Node(Layer, "Where", [Live(steps), steps.Name, writer.Number(0)]), writer.Integers(0)]);
        string atLeastOne = writer.Node(Layer, "Max", [Counts(steps.Lengths), writer.Integer(1)]);
        return writer.Node(
            Layer, "Div", [sum, writer.Node(Layer, "Cast", [atLeastOne], GraphWriter.Int("to", writer.ValueType))]);
    }

    private string Max(ExportSteps steps)
    {
        if (steps.Lengths is null)
        {
            return writer.Node(Layer, "ReduceMax", [steps.Name, writer.Integers(0)]);
        }

        string live = writer.Node(Layer, "Where", [Live(steps), steps.Name, writer.Number(double.NegativeInfinity)]);
        string largest = writer.Node(Layer, "ReduceMax", [live, writer.Integers(0)]);
        return writer.Node(
            Layer, "Where",
            [writer.Node(Layer, "Greater", [Counts(steps.Lengths), writer.Integer(0)]), largest, writer.Number(0)]);
    }

    // 0 … T − 1 as [T, 1, 1].
    private string Places(string values)
    {
        string count =
            writer.Node(Layer, "Gather", [writer.Node(Layer, "Shape", [values]), writer.Integer(0)], GraphWriter.Int("axis", 0));
        string range = writer.Node(Layer, "Range", [writer.Integer(0), count, writer.Integer(1)]);
        return writer.Node(Layer, "Reshape", [range, writer.Integers(-1, 1, 1)]);
    }

    // The lengths as [1, N, 1].
    private string Counts(string lengths) => writer.Node(
        Layer, "Reshape",
        [writer.Node(Layer, "Cast", [lengths], GraphWriter.Int("to", GraphWriter.Int64)), writer.Integers(1, -1, 1)]);
}
