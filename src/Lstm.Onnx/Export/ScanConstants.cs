using System.Numerics;
using Lstm.Specs;

namespace Lstm.Onnx.Export;

/// <summary>The parameters of one direction as constants of a graph with a Scan.</summary>
internal sealed class ScanConstants<T>(Network<T> network, GraphWriter writer, ScanDirection direction)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>The running means and variances of batch normalisation.</summary>
    public static IEnumerable<string> StatisticNames
        => ["norm_ih_mean", "norm_ih_var", "norm_hh_mean", "norm_hh_var", "norm_c_mean", "norm_c_var"];

    /// <summary>W_ih transposed, [I, 4H].</summary>
    public string Input(int inputs)
        => Matrix("weight_ih", ParameterValues.Transposed(Read("weight_ih"), inputs), inputs, 4 * direction.Units);

    /// <summary>W_hh transposed, [size, 4H]; with gate recurrence W_gg below it, [size + 3H, 4H].</summary>
    public string Recurrent()
    {
        int units = direction.Units, gates = 4 * units, size = direction.Size;
        T[] weights = ParameterValues.Transposed(Read("weight_hh"), size);
        if (!direction.Equations.GateRecurrence)
        {
            return Matrix("weight_hh", weights, size, gates);
        }

        // The candidate, the third of the gates, reads no gates.
        T[] read = ParameterValues.Transposed(Read("weight_gg"), 3 * units), below = new T[3 * units * gates];
        for (int row = 0; row < 3 * units; row++)
        {
            ReadOnlySpan<T> from = read.AsSpan(row * 3 * units, 3 * units);
            from[..(2 * units)].CopyTo(below.AsSpan(row * gates));
            from[(2 * units)..].CopyTo(below.AsSpan((row * gates) + (3 * units)));
        }

        return Matrix("weight_hh", [.. weights, .. below], size + (3 * units), gates);
    }

    /// <summary>W_hr transposed, [H, P].</summary>
    public string Projection() => Matrix(
        "weight_hr", ParameterValues.Transposed(Read("weight_hr"), direction.Units), direction.Units, direction.Size);

    /// <summary>The sum of the biases, [4H]; null without one. It is a node of the graph, not of a body.</summary>
    public string? Bias()
    {
        if (direction.Spec.Bias == LstmBias.None)
        {
            return null;
        }

        string first = Vector("bias_ih");
        return direction.Spec.Bias == LstmBias.One ? first : Node("Add", first, Vector("bias_hh"));
    }

    /// <summary>A parameter that is a vector.</summary>
    public string Vector(string name)
    {
        T[] values = Read(name);
        return writer.Constant<T>($"{direction.Place}/{name}", values, values.Length);
    }

    /// <summary>The peepholes of i, f and o, [H] each. They are nodes of the graph, not of a body.</summary>
    public string[] Peepholes() => writer.Nodes(
        direction.Place, "Split",
        [Vector("weight_ch"), writer.Integers(direction.Units, direction.Units, direction.Units)], 3, GraphWriter.Int("axis", 0));

    /// <summary>
    /// Running means, and γ/√(variance + ε), of W_ih x (<c>ih</c>), W_hh h (<c>hh</c>) or c (<c>c</c>), [S, values]. They are
    /// nodes of the graph, not of a body.
    /// </summary>
    public (string Mean, string Scale) Statistics(string kind)
    {
        BatchNormalization norm = (BatchNormalization)direction.Spec.Normalization!;
        int values = kind == "c" ? direction.Units : 4 * direction.Units;
        string mean = $"norm_{kind}_mean", variance = $"norm_{kind}_var";
        string deviation = Node(
            "Sqrt", Node("Add", Matrix(variance, Read(variance), norm.Steps, values), writer.Number(norm.Epsilon)));
        return (Matrix(mean, Read(mean), norm.Steps, values), Node("Div", Vector($"norm_{kind}_weight"), deviation));
    }

    private T[] Read(string name) => network.Read(direction.Parameter(name));

    private string Node(string op, params string[] inputs) => writer.Node(direction.Place, op, inputs);

    private string Matrix(string name, T[] values, int rows, int columns)
        => writer.Constant<T>($"{direction.Place}/{name}", values, rows, columns);
}
