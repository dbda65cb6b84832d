using System.Numerics.Tensors;
using System.Text.Json;
using Lstm.Tests.Reference;
using Lstm.Tests.Support;

namespace Lstm.Tests.Networks;

/// <summary>The layer-normalised and the plain LSTM with zoneout of h, against the outputs and gradients of haste's reference.</summary>
/// <remarks>
/// Its loss sees c of every step, so the library runs step by step, each step on a tape of its own. Where zoneout's masks are given, which the
/// library would draw, they are applied between the steps; the naive reference takes them as they are, and is in turn compared with the
/// library under drawn masks in LayerNormTests.
/// </remarks>
[Trait("Category", "Widths")]
public class HasteTests
{
    // The gates i f g o among haste's, i g f o.
    private static readonly int[] Gates = [0, 2, 1, 3];

    public static TheoryData<string> Cases { get; } =
        new("lstm", "lstm_zoneout_train", "lstm_zoneout_infer", "lnlstm", "lnlstm_zoneout_train", "lnlstm_zoneout_infer");

    [Fact]
    public void Every_case_of_the_file_is_compared()
    {
        using JsonDocument json = Description();
        Assert.Equal(
            Cases.Select(row => row.Data).Order(),
            json.RootElement.GetProperty("cases").EnumerateArray().Select(entry => entry.GetProperty("name").GetString()!).Order());
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Steps_give_hastes_results(string name)
    {
        Case data = new(name);
        bool drawn = data.Training && data.Zoneout > 0;
        LstmSpec spec = new(data.Units)
        {
            Normalization = data.Normalizes ? LstmNormalization.Layer : LstmNormalization.None,
            HiddenZoneout = drawn ? 0 : data.Zoneout,
        };
        Network<double> network = Network.Create<double>(data.Inputs, spec);
        foreach (Parameter parameter in network.Parameters)
        {
            network.WriteParameter(parameter.Name, Tensor.Create(data.Parameter(Own(parameter), "in"), [.. parameter.Shape.Select(n => (nint)n)]));
        }

        int values = data.Sequences * data.Units;
        NetworkState<double> state = network.CreateState(data.Sequences);
        data.Values("in.h0").CopyTo(state.Hidden(0));
        data.Values("in.c0").CopyTo(state.Cell(0));
        double[] mask = drawn ? data.Values("in.zoneout_mask") : [.. Enumerable.Repeat(1.0, data.Steps * values)];
        var tapes = new Tape<double>[data.Steps];
        double[] h = new double[data.Steps * values], c = new double[h.Length];
        for (int t = 0; t < data.Steps; t++)
        {
            tapes[t] = network.CreateTape();
            tapes[t].Training = data.Training;
            double[] before = state.Hidden(0).ToArray();
            network.Forward(data.Step(t), state, tapes[t]);
            for (int i = 0; i < values; i++)
            {
                h[(t * values) + i] = state.Hidden(0)[i] = mask[(t * values) + i] == 1 ? state.Hidden(0)[i] : before[i];
            }

            state.Cell(0).CopyTo(c.AsSpan(t * values));
        }

        data.Equal("out.h", h);
        data.Equal("out.c", c);
        Gradient<double> gradient = network.CreateGradient();
        double[] dh = new double[values], dc = new double[values], dx = new double[data.Steps * data.Sequences * data.Inputs];
        for (int t = data.Steps - 1; t >= 0; t--)
        {
            NetworkState<double> final = network.CreateState(data.Sequences);
            for (int i = 0; i < values; i++)
            {
                int place = (t * values) + i;
                dh[i] += data.Values("ct.h")[place];
                final.Hidden(0)[i] = dh[i] * mask[place];
                final.Cell(0)[i] = dc[i] + data.Values("ct.c")[place];
                dh[i] *= 1 - mask[place];
            }

            tapes[t].OutputGradient.Rows.Clear();
            tapes[t].FinalStateGradient = final;
            network.Backward(tapes[t], gradient);
            Sample.Flat(tapes[t].InputGradient).CopyTo(dx.AsSpan(t * data.Sequences * data.Inputs));
            NetworkState<double> initial = tapes[t].InitialStateGradient;
            dh = [.. dh.Zip(initial.Hidden(0).ToArray(), (kept, passed) => kept + passed)];
            dc = initial.Cell(0).ToArray();
            tapes[t].Dispose();
        }

        data.Equal("grad.x", dx);
        data.Equal("grad.h0", dh);
        data.Equal("grad.c0", dc);
        foreach (Parameter parameter in network.Parameters)
        {
            double[] actual = new double[parameter.Count];
            gradient.Read(parameter.Name).FlattenTo(actual);
            Case.Equal(data.Parameter(Own(parameter), "grad"), actual, $"{name} {parameter.Name}");
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Naive_gives_hastes_results(string name)
    {
        Case data = new(name);
        string[] parameters = ["weight_ih", "weight_hh", "bias_ih", .. data.Normalizes ? (string[])["norm_ih_weight", "norm_hh_weight", "norm_c_weight", "norm_c_bias"] : []];
        NaiveLayerNormLstm naive = new(data.Units, data.Normalizes) { Parameters = parameters.ToDictionary(own => own, own => data.Parameter(own, "in")) };
        double[] mask = data.Training && data.Zoneout > 0
            ? data.Values("in.zoneout_mask") : [.. Enumerable.Repeat(1 - data.Zoneout, data.Steps * data.Sequences * data.Units)];
        Dictionary<string, double[]> gradients = naive.Parameters.ToDictionary(pair => pair.Key, pair => new double[pair.Value.Length]);
        for (int b = 0; b < data.Sequences; b++)
        {
            NaiveLayerNormLstm.Result result = naive.Run(
                data.Rows(data.Values("in.x"), b, data.Inputs), data.Rows(data.Values("in.h0"), b, data.Units)[0], data.Rows(data.Values("in.c0"), b, data.Units)[0],
                data.Rows(mask, b, data.Units), data.Rows(data.Values("ct.h"), b, data.Units), data.Rows(data.Values("ct.c"), b, data.Units));
            Equal("out.h", result.H, data.Units);
            Equal("out.c", result.C, data.Units);
            Equal("grad.x", result.InputGradient, data.Inputs);
            Equal("grad.h0", [result.InitialHGradient], data.Units);
            Equal("grad.c0", [result.InitialCGradient], data.Units);
            foreach (string own in parameters)
            {
                gradients[own] = [.. gradients[own].Zip(result.Gradients[own], (sum, value) => sum + value)];
            }

            void Equal(string tensor, double[][] actual, int features)
                => Case.Equal([.. data.Rows(data.Values(tensor), b, features).SelectMany(row => row)], [.. actual.SelectMany(row => row)], $"{name} {tensor} {b}");
        }

        Assert.All(parameters, own => Case.Equal(data.Parameter(own, "grad"), gradients[own], $"{name} {own}"));
    }

    private static string Own(Parameter parameter) => parameter.Name["lstm.".Length..^"_l0".Length];

    private static string Folder() => Path.Combine(Shared.RequireConformance(), "haste");

    private static JsonDocument Description() => JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder(), "haste.json")));

    private sealed class Case
    {
        private readonly string name;
        private readonly TensorFile file = TensorFile.Read(Path.Combine(Folder(), "haste_f64.safetensors"));
        private readonly Dictionary<string, double[]> read = [];

        public Case(string name)
        {
            this.name = name;
            using JsonDocument json = Description();
            JsonElement entry = json.RootElement.GetProperty("cases").EnumerateArray().Single(entry => entry.GetProperty("name").GetString() == name);
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

        public static void Equal(double[] expected, double[] actual, string what)
        {
            Assert.Equal(expected.Length, actual.Length);
            for (int i = 0; i < expected.Length; i++)
            {
                Assert.True(Math.Abs(expected[i] - actual[i]) <= 1e-12 + (1e-10 * Math.Abs(expected[i])), $"{what} [{i}]: expected {expected[i]:r}, actual {actual[i]:r}.");
            }
        }

        public void Equal(string tensor, double[] actual) => Equal(Values(tensor), actual, $"{name} {tensor}");

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
}
