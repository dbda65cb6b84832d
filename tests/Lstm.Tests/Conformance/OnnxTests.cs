using System.Numerics;
using System.Text.Json;
using Lstm.Tests.Support;

namespace Lstm.Tests.Conformance;

/// <summary>
/// The variants of the LSTM that ONNX describes: the ONNX project's node tests, ONNX Runtime's unit tests and outputs, a model of
/// CNTK's, and gradients of the same semantics.
/// </summary>
public abstract class OnnxTests<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static readonly string[] InputNames = ["X", "W", "R", "B", "sequence_lens", "initial_h", "initial_c", "P"];
    private static readonly string[] OutputNames = ["Y", "Y_h", "Y_c"];

    /// <summary>
    /// Instead of the manifest's tolerance, where that is meant for double: 1e-5 of each tensor's largest value for float.
    /// </summary>
    private protected abstract Tolerance? Gradients { get; }

    [Fact]
    public void Forward_and_Backward_of_every_shared_case_equal_the_gradients_of_ONNX()
        => CompareTensors("lstm_onnx_grad_f64", Gradients);

    [Fact]
    public void Forward_of_every_shared_case_equals_ONNX_Runtime() => CompareTensors("lstm_grid_ort130", null);

    [Fact]
    public void Forward_of_every_unit_test_of_ONNX_Runtime_equals_its_literals()
    {
        CaseLedger ledger = new("onnxruntime_unit_test", "ort.");
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(ledger.Folder, "ort", "lstm_op_tests.json")));
        JsonElement cases = json.RootElement.GetProperty("cases");
        foreach (JsonElement entry in cases.EnumerateArray())
        {
            Dictionary<string, ReferenceTensor> tensors = [];
            Add(tensors, string.Empty, entry.GetProperty("inputs"));
            Add(tensors, "out.", entry.GetProperty("expected"));
            ledger.Compare(entry.GetProperty("name").GetString()!, tolerance =>
                new OnnxCase<T>(OnnxAttributes.From(entry.GetProperty("attributes")), new(tensors), tolerance).Compare());
        }

        ledger.AssertComplete(cases.GetArrayLength());
    }

    [Fact]
    public void Forward_of_every_node_test_equals_ONNX()
    {
        CaseLedger ledger = new("onnx_node");
        string[] folders = Directory.GetDirectories(Path.Combine(ledger.Folder, "onnx_node"));
        foreach (string folder in folders)
        {
            ledger.Compare(Path.GetFileName(folder), tolerance =>
            {
                OnnxNode node = OnnxFile.Read(Path.Combine(folder, "model.onnx")).Nodes.Single();
                Dictionary<string, ReferenceTensor> tensors = [];
                foreach (string path in Directory.EnumerateFiles(Path.Combine(folder, "test_data_set_0"), "*.pb"))
                {
                    (string name, ReferenceTensor tensor) = OnnxFile.ReadTensor(path);
                    int output = node.Outputs.IndexOf(name);
                    tensors.Add(output >= 0 ? "out." + OutputNames[output] : InputNames[node.Inputs.IndexOf(name)], tensor);
                }

                new OnnxCase<T>(node.Attributes, new(tensors), tolerance).Compare();
            });
        }

        ledger.AssertComplete(folders.Length);
    }

    [Fact]
    public void Forward_of_CNTKs_bidirectional_model_equals_its_output()
    {
        CaseLedger ledger = new("onnx_model");
        foreach (string name in ledger.Names)
        {
            ledger.Compare(name, tolerance => CompareNodes(Path.Combine(ledger.Folder, "ort", name), tolerance));
        }

        ledger.AssertComplete(1);
    }

    private static void CompareTensors(string set, Tolerance? instead)
    {
        CaseLedger ledger = new("onnx_lstm_generated", set + ".");
        TensorFile file = TensorFile.Read(Path.Combine(ledger.Folder, "ort", set + ".safetensors"));
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(ledger.Folder, "ort", set + ".json")));
        JsonElement cases = json.RootElement.GetProperty("cases");
        foreach (JsonElement entry in cases.EnumerateArray())
        {
            string name = entry.GetProperty("name").GetString()!;
            ledger.Compare(name, tolerance => new OnnxCase<T>(
                OnnxAttributes.From(entry.GetProperty("attributes")), CaseTensors.From(file, name + "/"), instead ?? tolerance)
                .Compare());
        }

        ledger.AssertComplete(cases.GetArrayLength());
        Assert.Equal(cases.GetArrayLength(), file.Names.Select(name => name[..name.IndexOf('/')]).Distinct().Count());
    }

    // Two nodes, one in reverse, read one input; each is reshaped to [T, N, H], and Concat has them side by side.
    private static void CompareNodes(string folder, Tolerance tolerance)
    {
        OnnxFile model = OnnxFile.Read(Path.Combine(folder, "model.onnx"));
        (string input, ReferenceTensor x) = OnnxFile.ReadTensor(Path.Combine(folder, "test_data_set_0", "input_0.pb"));
        (_, ReferenceTensor joined) = OnnxFile.ReadTensor(Path.Combine(folder, "test_data_set_0", "output_0.pb"));
        int steps = joined.Shape[0], count = joined.Shape[1], units = joined.Shape[2] / 2;
        ReferenceTensor halves = new ReferenceTensor([steps, count, 2, units], joined.Values).Permute(2, 0, 1, 3);
        List<string> order = model.Nodes.Single(node => node.Type == "Concat").Inputs;
        OnnxNode[] nodes = [.. model.Nodes.Where(node => node.Type == "LSTM")];
        Assert.Equal(2, nodes.Length);
        foreach (OnnxNode node in nodes)
        {
            int half = order.IndexOf(model.Nodes.Single(reshape => reshape.Inputs[0] == node.Outputs[0]).Outputs[0]);
            Dictionary<string, ReferenceTensor> tensors = new()
            {
                ["out.Y"] = new(
                    [steps, 1, count, units], halves.Values.AsSpan(half * steps * count * units, steps * count * units)
                    .ToArray()),
            };
            for (int i = 0; i < node.Inputs.Count; i++)
            {
                if (node.Inputs[i].Length > 0)
                {
                    tensors.Add(InputNames[i], node.Inputs[i] == input ? x : model.Tensors[node.Inputs[i]]);
                }
            }

            new OnnxCase<T>(node.Attributes, new(tensors), tolerance).Compare();
        }
    }

    private static void Add(Dictionary<string, ReferenceTensor> tensors, string prefix, JsonElement json)
    {
        foreach (
            JsonProperty property in json.EnumerateObject().Where(property => property.Value.ValueKind != JsonValueKind.Null))
        {
            tensors.Add(prefix + property.Name, ReferenceTensor.From(property.Value));
        }
    }
}

public sealed class OnnxDoubleTests : OnnxTests<double>
{
    private protected override Tolerance? Gradients => null;
}

public sealed class OnnxFloatTests : OnnxTests<float>
{
    private protected override Tolerance? Gradients => new(0, OfLargest: 1e-5);
}
