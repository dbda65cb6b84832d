using System.Text.Json;
using System.Text.Json.Nodes;
using Lstm.Tests.Support;

namespace Lstm.Tests.Conformance;

/// <summary>
/// The mapping of Keras's layers itself, over its options, against Keras's equations; no reference tensors are needed.
/// </summary>
public class KerasMappingTests
{
    private const int Inputs = 2, Units = 3, Steps = 4;

    private static readonly Dictionary<string, Func<double, double>> Functions = new()
    {
        ["tanh"] = Math.Tanh,
        ["sigmoid"] = x => 1 / (1 + Math.Exp(-x)),
        ["relu"] = x => Math.Max(x, 0),
        ["leaky_relu"] = x => x < 0 ? 0.2 * x : x,
        ["elu"] = x => x < 0 ? Math.Exp(x) - 1 : x,
        ["celu"] = x => x < 0 ? Math.Exp(x) - 1 : x,
        ["softsign"] = x => x / (1 + Math.Abs(x)),
        ["softplus"] = x => Math.Log(1 + Math.Exp(x)),
        ["hard_sigmoid"] = x => Math.Clamp((x + 3) / 6, 0, 1),
        ["linear"] = x => x,
    };

    // Whole, padded on either side, with holes, and nothing at all.
    private static readonly bool[][] Mask =
        [[true, true, true, true], [true, true, false, false], [false, false, true, true], [true, false, true, false],
            [false, false, false, false]];

    private readonly Random random = new(5);

    public static TheoryData<string, string> Activations
        => [.. Functions.Keys.SelectMany(forward => Functions.Keys.Select(backward => (forward, backward)))];

    public static TheoryData<bool, bool, bool, bool> Flags
        => [.. Enumerable.Range(0, 16).Select(i => ((i & 1) != 0, (i & 2) != 0, (i & 4) != 0, (i & 8) != 0))];

    public static TheoryData<string> WithoutCounterpart => [.. KerasActivation.WithoutCounterpart];

    [Theory]
    [MemberData(nameof(Activations))]
    public void Activations_are_Keras_s_by_name_in_either_direction(string forward, string backward)
        => Check(false, "concat", forward, backward);

    [Theory]
    [MemberData(nameof(Flags))]
    public void Answers_of_a_masked_layer_are_Keras_s(bool sequences, bool backwards, bool unroll, bool zero)
        => Check(sequences, null, "tanh", null, backwards, unroll, zero);

    [Theory]
    [InlineData(false, "concat", false)]
    [InlineData(false, "sum", false)]
    [InlineData(false, "ave", false)]
    [InlineData(false, "mul", true)]
    [InlineData(false, "none", true)]
    [InlineData(true, "concat", true)]
    [InlineData(true, "none", false)]
    [InlineData(true, "mul", false)]
    public void Answers_of_masked_directions_are_Keras_s(bool sequences, string mode, bool unroll)
        => Check(sequences, mode, "tanh", "tanh", unroll: unroll);

    [Theory]
    [MemberData(nameof(WithoutCounterpart))]
    public void Activation_without_counterpart_is_named(string name)
        => Assert.Contains(name, Assert.Throws<NotSupportedException>(() => KerasActivation.Of(name)).Message);

    [Fact]
    public void What_has_no_mapping_is_an_error()
    {
        Refuses("Keras has no activation tanhh", layer => layer["activation"] = "tanhh");
        Refuses("is an object", layer => layer["activation"] = new JsonObject { ["class_name"] = "ReLU" });
        Refuses("without a mapping: time_major", layer => layer["time_major"] = false);
        Refuses("not those of the cells", layer => layer["units"] = Units + 1);
        Refuses("There are 3 weights, the cells have 2", layer => layer["use_bias"] = false);
        Assert.Throws<InvalidDataException>(() => new KerasLayer<double>("GRU", Config(Layer()), Tensors(Lstm("tanh"))));
        Assert.Throws<InvalidDataException>(
            () => new KerasLayer<double>(
            "Bidirectional", Config(Both("LSTM", false)), [.. Tensors(Lstm("tanh")), .. Tensors(Lstm("tanh"))]));
        Assert.Throws<InvalidDataException>(
            () => new KerasLayer<double>(
            "Bidirectional", Config(Both("GRU", true)), [.. Tensors(Lstm("tanh")), .. Tensors(Lstm("tanh"))]));
    }

    private static JsonObject Both(string kind, bool backwards)
    {
        JsonObject backward = Layer(backwards: backwards);
        backward["class_name"] = kind;
        return new() { ["merge_mode"] = "concat", ["layer"] = Layer(), ["backward_layer"] = backward };
    }

    private static void Refuses(string message, Action<JsonObject> change)
    {
        KerasMappingTests tests = new();
        JsonObject layer = Layer();
        ReferenceTensor[] weights = Tensors(tests.Lstm("tanh"));
        _ = new KerasLayer<double>("LSTM", Config(layer), weights);
        change(layer);
        Assert.Contains(
            message, Assert.Throws<InvalidDataException>(() => new KerasLayer<double>("LSTM", Config(layer), weights)).Message);
    }

    // A layer, or with a merge mode two directions, from a state that is not zero, against the naive one.
    private void Check(
        bool sequences, string? mode, string forward, string? backward, bool backwards = false, bool unroll = false,
        bool zero = false)
    {
        NaiveKerasLstm[] naive = backward is null ? [Lstm(forward)] : [Lstm(forward), Lstm(backward)];
        JsonObject[] layers =
            [.. naive.Select(
                (_, d) => Layer(sequences, backward is null ? backwards : d == 1, unroll, zero, d == 0 ? forward : backward!))];
        JsonObject config = backward is null ? layers[0]
            : new() { ["merge_mode"] = mode == "none" ? null : mode, ["layer"] = layers[0], ["backward_layer"] = layers[1] };
        KerasLayer<double> layer =
            new(backward is null ? "LSTM" : "Bidirectional", Config(config), [.. naive.SelectMany(Tensors)]);
        double[] x = Values(Mask.Length * Steps * Inputs);
        NetworkState<double> state = layer.Network.CreateState(Mask.Length);
        for (int entry = 0; entry < naive.Length; entry++)
        {
            Values(Mask.Length * Units).CopyTo(state.Hidden(entry));
            Values(Mask.Length * Units).CopyTo(state.Cell(entry));
        }

        NetworkState<double> before = state.Clone();
        List<double[]> actual = layer.Call(new([Mask.Length, Steps, Inputs], x), [.. Mask.SelectMany(row => row)], state);
        double[][][] answers = [.. naive.Select((_, d) => new double[Mask.Length][])];
        for (int b = 0; b < Mask.Length; b++)
        {
            double[][] row = [.. x.Skip(b * Steps * Inputs).Take(Steps * Inputs).Chunk(Inputs)];
            for (int d = 0; d < naive.Length; d++)
            {
                Range at = (b * Units)..((b + 1) * Units);
                bool reads = backward is null ? backwards : d == 1;
                (double[][] all, double[] h, double[] c) = naive[d]
                    .Run(row, Mask[b], before.Hidden(d)[at].ToArray(), before.Cell(d)[at].ToArray(),
                    reads, unroll, backward is null ? zero : sequences);
                answers[d][b] = !sequences ? all[^1] : [.. (d == 1 ? all.Reverse() : all).SelectMany(answer => answer)];
                Close.Within(h, state.Hidden(d)[at], new(1e-12), $"h of row {b}");
                Close.Within(c, state.Cell(d)[at], new(1e-12), $"c of row {b}");
            }
        }

        double[][] expected = [.. answers.Select(rows => rows.SelectMany(row => row).ToArray())];
        expected = backward is null || mode == "none" ? expected : [Merge(mode!, expected[0], expected[1])];
        Assert.Equal(expected.Length, actual.Count);
        for (int i = 0; i < expected.Length; i++)
        {
            Close.Within(expected[i], actual[i], new(1e-12), $"output {i}");
        }
    }

    private static double[] Merge(string mode, double[] forward, double[] backward) => mode switch
    {
        "concat" => [.. forward.Chunk(Units).Zip(backward.Chunk(Units), (f, b) => f.Concat(b)).SelectMany(row => row)],
        "sum" => [.. forward.Zip(backward, (f, b) => f + b)],
        "ave" => [.. forward.Zip(backward, (f, b) => (f + b) / 2)],
        _ => [.. forward.Zip(backward, (f, b) => f * b)],
    };

    private NaiveKerasLstm Lstm(string activation) => new(
        [.. Enumerable.Range(0, Inputs).Select(_ => Values(4 * Units))],
        [.. Enumerable.Range(0, Units).Select(_ => Values(4 * Units))], Values(4 * Units),
        Functions[activation], Functions["sigmoid"]);

    private double[] Values(int count) => [.. Enumerable.Range(0, count).Select(_ => (2 * random.NextDouble()) - 1)];

    private static ReferenceTensor[] Tensors(NaiveKerasLstm lstm) =>
    [
        new([Inputs, 4 * Units], [.. lstm.Kernel.SelectMany(row => row)]),
        new([Units, 4 * Units], [.. lstm.Recurrent.SelectMany(row => row)]),
        new([4 * Units], lstm.Bias),
    ];

    private static JsonObject Layer(
        bool sequences = false, bool backwards = false, bool unroll = false, bool zero = false,
        string activation = "tanh") => new()
        {
            ["class_name"] = "LSTM",
            ["units"] = Units,
            ["activation"] = activation,
            ["recurrent_activation"] = "sigmoid",
            ["use_bias"] = true,
            ["return_sequences"] = sequences,
            ["return_state"] = false,
            ["go_backwards"] = backwards,
            ["stateful"] = false,
            ["unroll"] = unroll,
            ["zero_output_for_mask"] = zero,
        };

    private static JsonElement Config(JsonObject json) => JsonSerializer.SerializeToElement(json);
}
