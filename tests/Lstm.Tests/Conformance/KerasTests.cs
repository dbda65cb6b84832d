using System.Numerics;
using System.Text.Json;
using Lstm.Tests.Support;

namespace Lstm.Tests.Conformance;

/// <summary>
/// Keras's layers: the outputs and states of its own tests, and of generated cases with masks, directions, states and
/// activations.
/// </summary>
public abstract class KerasTests<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const string Gru = "a GRU", SimpleRnn = "a recurrent layer without gates";

    [Fact]
    public void Layer_of_every_generated_case_answers_as_Keras()
    {
        CaseLedger ledger = new(
            "keras_generated", "keras.generated.", ("gru_reset_after", Gru), ("gru_reset_before", Gru), ("simplernn", SimpleRnn));
        TensorFile file = TensorFile.Read(Path.Combine(ledger.Folder, "keras", "generated.safetensors"));
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(ledger.Folder, "keras", "generated.json")));
        JsonElement cases = json.RootElement.GetProperty("cases");
        foreach (JsonElement entry in cases.EnumerateArray())
        {
            string name = entry.GetProperty("name").GetString()!;
            ledger.Compare(name, tolerance => CompareGenerated(entry, CaseTensors.From(file, name + "/"), tolerance));
        }

        ledger.AssertComplete(cases.GetArrayLength());
        Assert.Equal(cases.GetArrayLength(), file.Names.Select(name => name[..name.IndexOf('/')]).Distinct().Count());
    }

    [Fact]
    public void Layer_of_every_test_of_Keras_answers_as_expected_there()
    {
        CaseLedger ledger = new("keras_upstream_expected", "keras.upstream_expected.",
            ("gru_test.*", Gru), ("bidirectional_test.test_correctness.5", Gru), ("bidirectional_test.test_masking.0", Gru));
        using JsonDocument json =
            JsonDocument.Parse(File.ReadAllBytes(Path.Combine(ledger.Folder, "keras", "upstream_expected.json")));
        JsonElement cases = json.RootElement.GetProperty("cases");
        foreach (JsonElement entry in cases.EnumerateArray())
        {
            ledger.Compare(entry.GetProperty("name").GetString()!, tolerance => CompareExpected(entry, tolerance));
        }

        ledger.AssertComplete(cases.GetArrayLength());
    }

    // Called again with the same input: from the state they have if they are stateful, else from the given one.
    private static void CompareGenerated(JsonElement entry, CaseTensors tensors, Tolerance tolerance)
    {
        KerasLayer<T> layer =
            Layer(entry, [.. entry.GetProperty("weights").EnumerateArray().Select((_, i) => tensors[$"w.{i}"])]);
        ReferenceTensor x = tensors["x"];
        Func<int, ReferenceTensor>? initial = entry.GetProperty("has_initial_state").GetBoolean() ? i
            => tensors[$"initial_state.{i}"] : null;
        NetworkState<T> state = State(layer, x.Shape[0], initial);
        bool[] valid = Valid(x, entry.GetProperty("has_mask").GetBoolean() ? tensors["mask"] : null);
        int calls = entry.GetProperty("calls").GetInt32();
        for (int call = 0; call < calls; call++)
        {
            List<T[]> actual = layer.Call(x, valid, layer.IsStateful ? state : State(layer, x.Shape[0], initial));
            Assert.Equal(entry.GetProperty("outputs").GetInt32(), actual.Count);
            for (int i = 0; i < actual.Count; i++)
            {
                string name = calls == 1 ? $"out.{i}" : $"out.{i}.call{call}";
                Close.Within<T>(tensors[name].Values, actual[i], tolerance, name);
            }
        }

        tensors.AssertAllRead();
    }

    private static void CompareExpected(JsonElement entry, Tolerance tolerance)
    {
        KerasLayer<T> layer = Layer(entry, [.. entry.GetProperty("weights").EnumerateArray().Select(ReferenceTensor.From)]);
        ReferenceTensor x = ReferenceTensor.From(entry.GetProperty("input"));
        JsonElement initial = entry.GetProperty("initial_state"), mask = entry.GetProperty("mask");
        NetworkState<T> state =
            State(layer, x.Shape[0], initial.ValueKind == JsonValueKind.Array ? i => ReferenceTensor.From(initial[i]) : null);
        bool[] valid = Valid(x, mask.ValueKind == JsonValueKind.Null ? null : ReferenceTensor.From(mask));
        for (int call = Optional(entry, "prior_stateful_calls_with_same_input") ?? 0; call > 0; call--)
        {
            layer.Call(x, valid, state);
        }

        ReadOnlySpan<T> actual = layer.Call(x, valid, state)[entry.GetProperty("output_index").GetInt32()];
        if (Optional(entry, "batch_index") is { } b)
        {
            int size = actual.Length / x.Shape[0];
            actual = actual.Slice(b * size, size);
        }

        Close.Within(ReferenceTensor.From(entry.GetProperty("expected")).Values, actual, tolerance, "output");
    }

    private static KerasLayer<T> Layer(JsonElement entry, ReferenceTensor[] weights)
        => new(entry.GetProperty("layer").GetString()!, entry.GetProperty("config"), weights);

    // Keras gives h and c of each cell in turn.
    private static NetworkState<T> State(KerasLayer<T> layer, int count, Func<int, ReferenceTensor>? initial)
    {
        NetworkState<T> state = layer.Network.CreateState(count);
        for (int entry = 0; initial is not null && entry < state.Sizes.Count; entry++)
        {
            initial(2 * entry).To<T>().CopyTo(state.Hidden(entry));
            initial((2 * entry) + 1).To<T>().CopyTo(state.Cell(entry));
        }

        return state;
    }

    private static bool[] Valid(ReferenceTensor x, ReferenceTensor? mask)
        => mask is null ? [.. Enumerable.Repeat(true, x.Shape[0] * x.Shape[1])]
            : Array.ConvertAll(mask.Values, value => value != 0);

    private static int? Optional(JsonElement entry, string name)
        => entry.GetProperty(name) is { ValueKind: JsonValueKind.Number } value ? value.GetInt32() : null;
}

public sealed class KerasDoubleTests : KerasTests<double>;

public sealed class KerasFloatTests : KerasTests<float>;
