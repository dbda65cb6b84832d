using System.Text.Json;
using Lstm.Tests.Support;

namespace Lstm.Tests.Conformance;

/// <summary>One of haste's cases: its sizes and options, and its tensors in our order.</summary>
internal sealed class HasteCase
{
    // The gates i f g o among haste's, i g f o.
    private static readonly int[] Gates = [0, 2, 1, 3];

    private readonly string name;
    private readonly TensorFile file;
    private readonly Dictionary<string, double[]> read = [];

    public HasteCase(JsonElement entry, TensorFile file)
    {
        (name, this.file) = (entry.GetProperty("name").GetString()!, file);
        (Steps, Sequences) = (entry.GetProperty("T").GetInt32(), entry.GetProperty("N").GetInt32());
        (Inputs, Units) = (entry.GetProperty("I").GetInt32(), entry.GetProperty("H").GetInt32());
        (Normalizes, Training) = (entry.GetProperty("layer_norm").GetBoolean(), entry.GetProperty("training").GetBoolean());
        Zoneout = entry.GetProperty("zoneout").GetDouble();
    }

    public int Steps { get; }

    public int Sequences { get; }

    public int Inputs { get; }

    public int Units { get; }

    public bool Normalizes { get; }

    public bool Training { get; }

    public double Zoneout { get; }

    public double[] Values(string tensor)
    {
        if (!read.TryGetValue(tensor, out double[]? values))
        {
            read[tensor] = values = file.Doubles($"{name}/{tensor}");
        }

        return values;
    }

    /// <summary>A parameter in our order, or its gradient.</summary>
    public double[] Parameter(string own, string kind) => own switch
    {
        "weight_ih" => Turned($"{kind}.kernel", Inputs),
        "weight_hh" => Turned($"{kind}.recurrent_kernel", Units),
        "bias_ih" => Turned($"{kind}.bias", 1),
        "norm_ih_weight" => Ordered(Values($"{kind}.gamma")[..(4 * Units)], 1),
        "norm_hh_weight" => Ordered(Values($"{kind}.gamma")[(4 * Units)..], 1),
        "norm_c_weight" => Values($"{kind}.gamma_h"),
        _ => Values($"{kind}.beta_h"),
    };

    public SequenceBatch<double> Step(int t) => SequenceBatch.FromSequences<double>(
        [.. Enumerable.Range(0, Sequences).Select(b => Rows(Values("in.x"), b, Inputs)[t])], Inputs);

    /// <summary>One sequence's rows of [T, N, features].</summary>
    public double[][] Rows(double[] values, int b, int features)
        => [.. values.Chunk(Sequences * features).Select(step => step[(b * features)..((b + 1) * features)])];

    // [rows, 4H] → [4H, rows]
    private double[] Turned(string tensor, int rows)
    {
        double[] values = Values(tensor);
        return Ordered([.. Enumerable.Range(0, values.Length).Select(i => values[(i % rows * 4 * Units) + (i / rows)])], rows);
    }

    private double[] Ordered(double[] values, int columns)
        => [.. Gates.SelectMany(gate => values[(gate * Units * columns)..((gate + 1) * Units * columns)])];
}
