using System.Numerics;
using Lstm.Specs;

namespace Lstm.Onnx.Export;

/// <summary>The parameters of one direction as constants of a graph with a Scan.</summary>
internal sealed class ScanConstants<T>(Network<T> network, GraphWriter writer, ScanDirection direction)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
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

    /// <summary>The sum of the biases, [4H]; null without one.</summary>
    public string? Bias()
    {
        if (direction.Spec.Bias == LstmBias.None)
        {
            return null;
        }

        T[] bias = Read("bias_ih");
        if (direction.Spec.Bias == LstmBias.Two)
        {
            T[] second = Read("bias_hh");
            bias = [.. bias.Select((value, i) => value + second[i])];
        }

        return Vector("bias", bias);
    }

    /// <summary>A parameter that is a vector.</summary>
    public string Vector(string name) => Vector(name, Read(name));

    /// <summary>One of the peepholes, [H]: 0 of i, 1 of f, 2 of o.</summary>
    public string Peephole(int gate)
        => Vector("weight_ch", Read("weight_ch")[(gate * direction.Units)..((gate + 1) * direction.Units)]);

    /// <summary>
    /// Running means, and γ/√(variance + ε), of W_ih x (<c>ih</c>), W_hh h (<c>hh</c>) or c (<c>c</c>), [S, values].
    /// </summary>
    public (string Mean, string Scale) Statistics(string kind)
    {
        BatchNormalization norm = (BatchNormalization)direction.Spec.Normalization!;
        T[] weight = Read($"norm_{kind}_weight"), mean = Read($"norm_{kind}_mean"), variance = Read($"norm_{kind}_var");
        T epsilon = T.CreateChecked(norm.Epsilon);
        T[] scale = [.. variance.Select((value, i) => weight[i % weight.Length] / T.Sqrt(value + epsilon))];
        return (Matrix($"norm_{kind}_mean", mean, norm.Steps, weight.Length),
            Matrix($"norm_{kind}_scale", scale, norm.Steps, weight.Length));
    }

    private T[] Read(string name) => network.Read(direction.Parameter(name));

    private string Vector(string name, T[] values)
        => writer.Constant<T>($"{direction.Place}/{name}", values, values.Length);

    private string Matrix(string name, T[] values, int rows, int columns)
        => writer.Constant<T>($"{direction.Place}/{name}", values, rows, columns);
}
