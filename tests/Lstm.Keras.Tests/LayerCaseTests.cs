using System.Text.Json;
using System.Text.Json.Nodes;
using Lstm.Tests.Support;
using PureHDF;

namespace Lstm.Keras.Tests;

/// <summary>
/// Layers of Keras's own tests and of generated cases, each written as a whole model into an HDF5 file and imported by one call.
/// </summary>
public class LayerCaseTests
{
    // A network has no output at masked steps; those of a layer that returns two tensors are not one network.
    private static readonly string[] Refused =
        ["bi_None", "bi_None_seq", "stacked_cells", "gru_reset_after", "gru_reset_before", "simplernn"];

    [Fact]
    public void Every_generated_layer_gives_its_outputs()
    {
        string folder = Path.Combine(Shared.RequireConformance(), "keras");
        TensorFile file = TensorFile.Read(Path.Combine(folder, "generated.safetensors"));
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "generated.json")));
        int compared = 0, refused = 0;
        foreach (JsonElement entry in json.RootElement.GetProperty("cases").EnumerateArray())
        {
            string name = entry.GetProperty("name").GetString()!;
            ReferenceTensor[] weights = [.. entry.GetProperty("weights").EnumerateArray()
                .Select((_, i) => ReferenceTensor.From(file, $"{name}/w.{i}"))];
            ReferenceTensor x = ReferenceTensor.From(file, $"{name}/x");
            byte[] model = Model(entry, weights, x.Shape);
            if (Refused.Contains(name))
            {
                Assert.Throws<InvalidDataException>(() => KerasModel.Import<float>(new MemoryStream(model)));
                refused++;
                continue;
            }

            bool isStateful = entry.GetProperty("calls").GetInt32() > 1;
            Case layer =
                new(entry, x, entry.GetProperty("has_mask").GetBoolean() ? ReferenceTensor.From(file, $"{name}/mask") : null)
                {
                    Initial = i
                        => file.Has($"{name}/initial_state.{i}") ? ReferenceTensor.From(file, $"{name}/initial_state.{i}") : null,
                    PriorCalls = isStateful ? 1 : 0,
                };
            layer.Compare(
                KerasModel.Import<float>(new MemoryStream(model)).Network,
                ReferenceTensor.From(file, isStateful ? $"{name}/out.0.call1" : $"{name}/out.0"), new(1e-5), name);
            compared++;
        }

        Assert.Equal(6, refused);
        Assert.InRange(compared, 28, 200);
    }

    [Fact]
    public void Every_layer_of_Kerass_own_tests_gives_its_expected_output()
    {
        string path = Path.Combine(Shared.RequireConformance(), "keras", "upstream_expected.json");
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(path));
        int compared = 0;
        foreach (JsonElement entry in json.RootElement.GetProperty("cases").EnumerateArray())
        {
            // The others are GRUs, or check the states that a layer returns besides its output.
            string text = entry.GetProperty("config").GetRawText(), kind = entry.GetProperty("layer").GetString()!;
            if (kind == "GRU" || text.Contains("\"GRU\"", StringComparison.Ordinal)
                || entry.GetProperty("output_index").GetInt32() != 0)
            {
                continue;
            }

            ReferenceTensor[] weights = [.. entry.GetProperty("weights").EnumerateArray().Select(ReferenceTensor.From)];
            ReferenceTensor x = ReferenceTensor.From(entry.GetProperty("input"));
            JsonElement initial = entry.GetProperty("initial_state"), mask = entry.GetProperty("mask");
            JsonElement calls = entry.GetProperty("prior_stateful_calls_with_same_input"), b = entry.GetProperty("batch_index");
            Case layer = new(entry, x, mask.ValueKind == JsonValueKind.Null ? null : ReferenceTensor.From(mask))
            {
                Initial = i => initial.ValueKind == JsonValueKind.Array ? ReferenceTensor.From(initial[i]) : null,
                PriorCalls = calls.ValueKind == JsonValueKind.Number ? calls.GetInt32() : 0,
                Only = b.ValueKind == JsonValueKind.Number ? b.GetInt32() : null,
            };
            layer.Compare(
                KerasModel.Import<float>(new MemoryStream(Model(entry, weights, x.Shape))).Network,
                ReferenceTensor.From(entry.GetProperty("expected")), new(1e-5, 1e-5), entry.GetProperty("name").GetString()!);
            compared++;
        }

        Assert.InRange(compared, 24, 200);
    }

    // A Sequential model of the layer alone, as Keras 3 writes it into one HDF5 file.
    private static byte[] Model(JsonElement entry, ReferenceTensor[] weights, int[] input)
    {
        string kind = entry.GetProperty("layer").GetString()!;
        JsonObject config = JsonNode.Parse(entry.GetProperty("config").GetRawText())!.AsObject();
        config["name"] = "layer";
        foreach (string direction in (string[])["layer", "backward_layer"])
        {
            if (config[direction] is JsonObject inner)
            {
                config[direction] = Wrapped(inner);
            }
        }

        if (kind == "RNN" && config["cells"] is null)
        {
            config["cell"] = Wrapped(new JsonObject { ["class_name"] = "LSTMCell", ["units"] = weights[1].Shape[0] });
        }

        JsonObject model = new()
        {
            ["class_name"] = "Sequential",
            ["config"] = new JsonObject
            {
                ["layers"] = new JsonArray(
                    new JsonObject
                    {
                        ["class_name"] = "InputLayer",
                        ["config"] = new JsonObject
                        {
                            ["name"] = "input",
                            ["batch_shape"] = new JsonArray(null, input[1], input[2]),
                        },
                    },
                    new JsonObject { ["class_name"] = kind, ["config"] = config }),
            },
        };
        H5Group layer = new();
        string[] names = [.. weights.Select((_, i) => $"w{i}")];
        for (int i = 0; i < names.Length; i++)
        {
            layer[names[i]] = new H5Dataset(
                Array.ConvertAll(weights[i].Values, value => (float)value),
                fileDims: [.. weights[i].Shape.Select(size => (ulong)size)]);
        }

        layer.Attributes["weight_names"] = names;
        H5Group group = new() { ["layer"] = layer };
        group.Attributes["layer_names"] = new[] { "layer" };
        H5File file = new() { ["model_weights"] = group };
        file.Attributes["model_config"] = model.ToJsonString();
        file.Attributes["keras_version"] = "3.16.0";
        MemoryStream bytes = new();
        file.Write(bytes);
        return bytes.ToArray();

        static JsonObject Wrapped(JsonObject inner)
            => new() { ["class_name"] = inner["class_name"]!.DeepClone(), ["config"] = inner.DeepClone() };
    }

    /// <summary>
    /// One call of a layer: masked steps are left out of the network's sequences, and its rows put back in place.
    /// </summary>
    private sealed class Case(JsonElement entry, ReferenceTensor x, ReferenceTensor? mask)
    {
        private readonly JsonElement _walk = entry.GetProperty("config").TryGetProperty("layer", out JsonElement inner)
            ? inner : entry.GetProperty("config");

        public required Func<int, ReferenceTensor?> Initial { get; init; }

        public int PriorCalls { get; init; }

        public int? Only { get; init; }

        public void Compare(Network<float> network, ReferenceTensor expected, Tolerance tolerance, string name)
        {
            (int count, int steps, int inputs) = (x.Shape[0], x.Shape[1], x.Shape[2]);
            int[][] valid = [.. Enumerable.Range(0, count).Select(b => Enumerable.Range(0, steps)
                .Where(t => mask is null || mask.Values[(b * steps) + t] != 0).ToArray())];
            SequenceBatch<float> batch = SequenceBatch.FromSequences<float>(
                [.. valid.Select((own, b) => own.SelectMany(
                    t => x.Values.Skip(((b * steps) + t) * inputs).Take(inputs).Select(value => (float)value)).ToArray())],
                    inputs);
            NetworkState<float> state = network.CreateState(count);
            for (int i = 0; i < state.Sizes.Count && Initial(2 * i) is { } h; i++)
            {
                h.To<float>().CopyTo(state.Hidden(i));
                Initial((2 * i) + 1)!.To<float>().CopyTo(state.Cell(i));
            }

            using Tape<float> tape = network.CreateTape();
            SequenceBatch<float> output = network.Forward(batch, state, tape);
            for (int call = 0; call < PriorCalls; call++)
            {
                output = network.Forward(batch, state, tape);
            }

            int width = network.OutputSize, rows = 0;
            for (int b = 0; b < count; b++)
            {
                if (Only is { } only && only != b)
                {
                    continue;
                }

                int from = Only is null ? b : 0;
                if (!Flag("return_sequences"))
                {
                    // After no step at all Keras gives the initial state, which is 0 without one.
                    if (valid[b].Length > 0 || Initial(0) is null)
                    {
                        Close.Within<float>(
                            expected.Values.AsSpan(from * width, width).ToArray(), output[b, 0].ToArray(), tolerance, name);
                        rows++;
                    }

                    continue;
                }

                for (int t = 0; t < valid[b].Length; t++)
                {
                    int place = Flag("go_backwards") ? steps - 1 - valid[b][t] : valid[b][t];
                    double[] wanted = expected.Values.AsSpan(((from * steps) + place) * width, width).ToArray();
                    Close.Within<float>(wanted, output[b, t].ToArray(), tolerance, $"{name} [{b}, {t}]");
                    rows++;
                }
            }

            Assert.True(rows > 0, $"{name}: nothing was compared");
        }

        private bool Flag(string name)
            => _walk.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.True;
    }
}
