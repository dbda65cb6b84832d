using System.Numerics;
using System.Numerics.Tensors;
using System.Text.Json;
using Lstm.Cells;
using Lstm.Diagnostics;
using Lstm.Tests.Support;

namespace Lstm.Tests.Conformance;

/// <summary>TensorFlow Lite Micro's golden values: the gates of one step, and a sequence, with a clipped cell.</summary>
public abstract class TfliteMicroTests<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [Fact]
    public void Forward_of_every_case_equals_the_golden_values()
    {
        CaseLedger ledger = new("tflite_micro", "tflm.");
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(ledger.Folder, "tflm", "lstm_golden.json")));
        JsonElement cases = json.RootElement.GetProperty("cases");
        foreach (JsonElement entry in cases.EnumerateArray())
        {
            ledger.Compare(entry.GetProperty("name").GetString()!, tolerance => CompareCase(json.RootElement, entry, tolerance));
        }

        ledger.AssertComplete(cases.GetArrayLength());
    }

    private static void CompareCase(JsonElement file, JsonElement entry, Tolerance tolerance)
    {
        Network<T> network = NetworkOf(file);
        bool oneStep = entry.TryGetProperty("x", out JsonElement steps);
        ReferenceTensor x = ReferenceTensor.From(oneStep ? steps : entry.GetProperty("x_batch_major"));
        int count = x.Shape[0];
        NetworkState<T> state = network.CreateState(count);
        if (oneStep)
        {
            ReferenceTensor.From(entry.GetProperty("h")).To<T>().CopyTo(state.Hidden(0));
            ReferenceTensor.From(entry.GetProperty("c")).To<T>().CopyTo(state.Cell(0));
        }

        SequenceBatch<T> batch = SequenceBatch.FromTensor<T>(
            Tensor.Create(x.To<T>(), [count, oneStep ? 1 : x.Shape[1], x.Shape[^1]]).AsReadOnlyTensorSpan(), batchFirst: true);
        using Tape<T> tape = network.CreateTape();
        SequenceBatch<T> output = network.Forward(batch, state, tape);
        GateTrace<T> trace = new(network);
        trace.Read(tape);
        LayerGates<T> gates = trace.Layers[0];
        foreach (JsonProperty expected in entry.GetProperty("expected").EnumerateObject())
        {
            T[] actual = expected.Name switch
            {
                "forget" => Values(gates.ForgetGate),
                "input" => Values(gates.InputGate),
                "output" => Values(gates.OutputGate),
                "cell" => Values(gates.Candidate),
                "y_batch_major" => Values(output),
                "h" or "h_new" => state.Hidden(0).ToArray(),
                "c" or "c_new" => state.Cell(0).ToArray(),
                string name => throw new InvalidDataException($"{name} is not known."),
            };
            Close.Within<T>(ReferenceTensor.From(expected.Value).Values, actual, tolerance, expected.Name);
        }
    }

    // proj_clip has no effect: there is no projection.
    private static Network<T> NetworkOf(JsonElement file)
    {
        JsonElement parameters = file.GetProperty("params");
        Assert.Equal("tanh", parameters.GetProperty("activation").GetString());
        ReferenceTensor[] Gates(string name) => [.. new[] { "input", "forget", "cell", "output" }
            .Select(gate => ReferenceTensor.From(file.GetProperty("gates").GetProperty(gate).GetProperty(name)))];
        ReferenceTensor w = ReferenceTensor.Concatenate(Gates("W")), r = ReferenceTensor.Concatenate(Gates("R"));
        Network<T> network = Network.Create<T>(w.Shape[1], new LstmSpec(r.Shape[1])
        {
            Cell = new LstmEquations { CellClip = parameters.GetProperty("cell_clip").GetDouble() },
        });
        KerasWeights.Write(network, "lstm.weight_ih_l0", w);
        KerasWeights.Write(network, "lstm.weight_hh_l0", r);
        KerasWeights.Write(network, "lstm.bias_ih_l0", ReferenceTensor.Concatenate(Gates("b")));
        return network;
    }

    private static T[] Values(SequenceBatch<T> batch) => [.. batch.ToList().SelectMany(sequence => sequence)];
}

public sealed class TfliteMicroDoubleTests : TfliteMicroTests<double>;

public sealed class TfliteMicroFloatTests : TfliteMicroTests<float>;
