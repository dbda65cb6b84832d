using System.Numerics.Tensors;
using System.Text.Json;
using Lstm.Parameters;
using Lstm.Specs;
using Lstm.Tests.Reference;
using Lstm.Tests.Support;

namespace Lstm.Tests.Conformance;

/// <summary>
/// The layer-normalised and the plain LSTM with zoneout of h, against the outputs and gradients of haste's reference.
/// </summary>
/// <remarks>
/// Its loss sees c of every step, so the library runs step by step, each step on a tape of its own. Where zoneout's masks are
/// given, which the library would draw, they are applied between the steps; the naive reference takes them as they are, and is in
/// turn compared with the library under drawn masks in LayerNormTests.
/// </remarks>
[Trait("Category", "Widths")]
public class HasteTests
{
    [Fact]
    public void Steps_of_every_case_give_its_results() => CompareAll(CompareSteps);

    [Fact]
    public void The_naive_reference_gives_every_cases_results() => CompareAll(CompareNaive);

    private static void CompareAll(Action<HasteCase, Tolerance> compare)
    {
        CaseLedger ledger = new("layernorm_zoneout", "haste.");
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(ledger.Folder, "haste", "haste.json")));
        TensorFile file = TensorFile.Read(Path.Combine(ledger.Folder, "haste", "haste_f64.safetensors"));
        JsonElement cases = json.RootElement.GetProperty("cases");
        foreach (JsonElement entry in cases.EnumerateArray())
        {
            ledger.Compare(entry.GetProperty("name").GetString()!, tolerance => compare(new HasteCase(entry, file), tolerance));
        }

        ledger.AssertComplete(cases.GetArrayLength());
    }

    private static void CompareSteps(HasteCase data, Tolerance tolerance)
    {
        bool drawn = data.Training && data.Zoneout > 0;
        LstmSpec spec = new(data.Units)
        {
            Normalization = data.Normalizes ? new LayerNormalization() : null,
            Regularization = new() { HiddenZoneout = drawn ? 0 : data.Zoneout },
        };
        Network<double> network = Network.Create<double>(data.Inputs, spec);
        foreach (Parameter parameter in network.Parameters)
        {
            network.WriteParameter(
                parameter.Name, Tensor.Create(data.Parameter(Own(parameter), "in"), [.. parameter.Shape.Select(n => (nint)n)]));
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

        Close.Within<double>(data.Values("out.h"), h, tolerance, "out.h");
        Close.Within<double>(data.Values("out.c"), c, tolerance, "out.c");
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

        Close.Within<double>(data.Values("grad.x"), dx, tolerance, "grad.x");
        Close.Within<double>(data.Values("grad.h0"), dh, tolerance, "grad.h0");
        Close.Within<double>(data.Values("grad.c0"), dc, tolerance, "grad.c0");
        foreach (Parameter parameter in network.Parameters)
        {
            double[] actual = new double[parameter.Count];
            gradient.Read(parameter.Name).FlattenTo(actual);
            Close.Within<double>(data.Parameter(Own(parameter), "grad"), actual, tolerance, parameter.Name);
        }
    }

    private static void CompareNaive(HasteCase data, Tolerance tolerance)
    {
        string[] parameters =
            ["weight_ih", "weight_hh", "bias_ih", .. data.Normalizes
                ? (string[])["norm_ih_weight", "norm_hh_weight", "norm_c_weight", "norm_c_bias"] : []];
        NaiveLayerNormLstm naive = new(data.Units, data.Normalizes)
        {
            Parameters = parameters.ToDictionary(own => own, own => data.Parameter(own, "in")),
        };
        double[] mask = data.Training && data.Zoneout > 0
            ? data.Values("in.zoneout_mask") : [.. Enumerable.Repeat(1 - data.Zoneout, data.Steps * data.Sequences * data.Units)];
        Dictionary<string, double[]> gradients =
            naive.Parameters.ToDictionary(pair => pair.Key, pair => new double[pair.Value.Length]);
        for (int b = 0; b < data.Sequences; b++)
        {
            NaiveLayerNormLstm.Result result = naive.Run(
                data.Rows(data.Values("in.x"), b, data.Inputs), data.Rows(data.Values("in.h0"), b, data.Units)[0],
                data.Rows(data.Values("in.c0"), b, data.Units)[0],
                data.Rows(mask, b, data.Units), data.Rows(data.Values("ct.h"), b, data.Units),
                    data.Rows(data.Values("ct.c"), b, data.Units));
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
                => Close.Within<double>(
                    Flat(data.Rows(data.Values(tensor), b, features)), Flat(actual), tolerance, $"{tensor} {b}");
        }

        Assert.All(parameters, own => Close.Within<double>(data.Parameter(own, "grad"), gradients[own], tolerance, own));
    }

    private static string Own(Parameter parameter) => parameter.Name["lstm.".Length..^"_l0".Length];

    private static double[] Flat(double[][] rows) => [.. rows.SelectMany(row => row)];
}
