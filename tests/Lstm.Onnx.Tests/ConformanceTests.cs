using System.Text.Json;
using Google.Protobuf;
using Lstm.Onnx.Export;
using Lstm.Onnx.Files;
using Lstm.Tests.Support;

namespace Lstm.Onnx.Tests;

/// <summary>
/// Reference files and tensors of other implementations, each imported by one call and run as their graphs are.
/// </summary>
public class ConformanceTests
{
    private static readonly string[] InputNames = ["X", "W", "R", "B", "sequence_lens", "initial_h", "initial_c", "P"];

    [Fact]
    public void Every_node_test_of_ONNX_gives_its_outputs()
    {
        CaseLedger ledger = new("onnx_node");
        string[] folders = Directory.GetDirectories(Path.Combine(ledger.Folder, "onnx_node"));
        foreach (string folder in folders)
        {
            ledger.Compare(Path.GetFileName(folder), tolerance => CompareFolder(folder, tolerance));
        }

        ledger.AssertComplete(folders.Length);
    }

    [Fact]
    public void CNTKs_bidirectional_model_gives_its_output()
    {
        CaseLedger ledger = new("onnx_model");
        foreach (string name in ledger.Names)
        {
            ledger.Compare(name, tolerance => CompareFolder(Path.Combine(ledger.Folder, "ort", name), tolerance));
        }

        ledger.AssertComplete(1);
    }

    [Fact]
    public void Every_export_of_PyTorch_gives_its_outputs()
    {
        CaseLedger ledger = new("torch_export");
        int count = 0;
        foreach (string io in Directory.GetFiles(Path.Combine(ledger.Folder, "torch_export"), "*.io.safetensors"))
        {
            string name = Path.GetFileName(io)[..^".io.safetensors".Length];
            count++;
            ledger.Compare(name, tolerance =>
            {
                foreach (string model in Directory.GetFiles(Path.GetDirectoryName(io)!, name + "*.onnx"))
                {
                    Compare(OnnxModel.Import<float>(model), TensorFile.Read(io), tolerance);
                }
            });
        }

        ledger.AssertComplete(count);
    }

    [Theory]
    [InlineData("lstm_grid_ort130", 1e-5)]
    [InlineData("lstm_onnx_grad_f64", 1e-10)]
    public void Every_case_of_the_grids_gives_its_outputs(string set, double relative)
    {
        CaseLedger ledger = new("onnx_lstm_generated", set + ".");
        TensorFile file = TensorFile.Read(Path.Combine(ledger.Folder, "ort", set + ".safetensors"));
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(ledger.Folder, "ort", set + ".json")));
        foreach (JsonElement entry in json.RootElement.GetProperty("cases").EnumerateArray())
        {
            string name = entry.GetProperty("name").GetString()!;
            ledger.Compare(name, tolerance =>
            {
                Dictionary<string, ReferenceTensor> tensors = Tensors(file, name);
                byte[] model = Model(entry.GetProperty("attributes"), tensors);
                if (relative < 1e-6)
                {
                    // ONNX has these numbers as float: where one rounds them, the file says something else than the reference
                    // computed.
                    bool isRounded = IsRounded(entry.GetProperty("attributes"));
                    Compare(OnnxModel.Import<double>(new MemoryStream(model)), tensors, isRounded ? new(0, 0, 1e-6) : tolerance);
                }
                else
                {
                    Compare(OnnxModel.Import<float>(new MemoryStream(model), new() { AllowPrecisionChange = true }), tensors,
                        tolerance);
                }
            });
        }

        ledger.AssertComplete(json.RootElement.GetProperty("cases").GetArrayLength());
    }

    [Fact]
    public void Every_model_file_of_the_grid_gives_its_outputs()
    {
        string folder = Path.Combine(Shared.RequireConformance(), "ort");
        TensorFile file = TensorFile.Read(Path.Combine(folder, "lstm_grid_ort130.safetensors"));
        string[] models = Directory.GetFiles(Path.Combine(folder, "models"), "*.onnx");
        Assert.NotEmpty(models);
        foreach (string model in models)
        {
            string name = Path.GetFileNameWithoutExtension(model);
            OnnxTensor[] weights = [.. new[] { "W", "R", "B", "P" }.Where(w => file.Has($"{name}/{w}"))
                .Select(w => OnnxTensor.Create<float>(w, file.Floats($"{name}/{w}"), file.Shape($"{name}/{w}")))];
            Dictionary<string, ReferenceTensor> tensors = Tensors(file, name);
            Compare(OnnxModel.Import<float>(model, new() { Constants = weights }), tensors, new(1e-5));
        }
    }

    [Fact]
    public void Every_unit_test_of_ONNX_Runtime_gives_its_outputs()
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
            {
                byte[] model = Model(entry.GetProperty("attributes"), tensors);
                Compare(OnnxModel.Import<float>(new MemoryStream(model), new() { AllowPrecisionChange = true }), tensors,
                    tolerance);
            });
        }

        ledger.AssertComplete(cases.GetArrayLength());

        static void Add(Dictionary<string, ReferenceTensor> tensors, string prefix, JsonElement json)
        {
            foreach (JsonProperty tensor in json.EnumerateObject().Where(tensor => tensor.Value.ValueKind != JsonValueKind.Null))
            {
                tensors.Add(prefix + tensor.Name, ReferenceTensor.From(tensor.Value));
            }
        }
    }

    [Fact]
    public void An_unrolled_model_is_refused_with_that_reason()
    {
        string path = Path.Combine(Shared.RequireConformance(), "pretrained", "dtln_model_2.onnx");
        InvalidDataException e = Assert.Throws<InvalidDataException>(() => OnnxModel.Import<float>(path));
        Assert.Contains("unrolled into MatMul nodes", e.Message);
        Assert.Contains("(Conv)", e.Message);
    }

    private static Dictionary<string, ReferenceTensor> Tensors(TensorFile file, string name)
        => file.Names.Where(full => full.StartsWith(name + "/", StringComparison.Ordinal))
            .Where(full => !full.Contains("/grad.", StringComparison.Ordinal) && !full.Contains("/ct.", StringComparison.Ordinal))
            .ToDictionary(full => full[(name.Length + 1)..], full => ReferenceTensor.From(file, full));

    private static bool IsRounded(JsonElement attributes) => attributes.EnumerateObject()
        .Where(attribute => attribute.Name is "clip" or "activation_alpha" or "activation_beta")
        .SelectMany(
        attribute => attribute.Value.ValueKind == JsonValueKind.Array ? [.. attribute.Value.EnumerateArray()]
        : (JsonElement[])[attribute.Value])
        .Any(number => (float)number.GetDouble() != number.GetDouble());

    // The operator as a file: weights as constants, the rest as inputs.
    private static byte[] Model(JsonElement attributes, Dictionary<string, ReferenceTensor> tensors)
    {
        GraphWriter writer = new(isDouble: true);
        NodeProto node = new() { OpType = "LSTM", Name = "lstm" };
        foreach (string name in InputNames)
        {
            node.Input.Add(tensors.ContainsKey(name) ? name : string.Empty);
            if (!tensors.TryGetValue(name, out ReferenceTensor? tensor))
            {
                continue;
            }

            if (name is "W" or "R" or "B" or "P")
            {
                writer.Constant<double>(name, tensor.Values, tensor.Shape);
            }
            else
            {
                writer.Graph.Input.Add(
                    GraphWriter.Value(name, name == "sequence_lens" ? 6 : 11, [.. tensor.Shape.Select(size => (object)size)]));
            }
        }

        foreach (string output in (string[])["Y", "Y_h", "Y_c"])
        {
            node.Output.Add(tensors.ContainsKey("out." + output) ? output : string.Empty);
            if (tensors.ContainsKey("out." + output))
            {
                writer.Graph.Output.Add(new ValueInfoProto { Name = output });
            }
        }

        node.Attribute.Add(attributes.EnumerateObject().Select(Attribute));
        writer.Graph.Node.Add(node);
        ModelProto model = new() { IrVersion = 10, Graph = writer.Graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Version = 22 });
        return model.ToByteArray();
    }

    private static AttributeProto Attribute(JsonProperty attribute) => attribute.Value.ValueKind switch
    {
        JsonValueKind.String => GraphWriter.Text(attribute.Name, attribute.Value.GetString()!),
        JsonValueKind.Array when attribute.Name == "activations"
            => GraphWriter.Texts(attribute.Name, attribute.Value.EnumerateArray().Select(one => one.GetString()!)),
        JsonValueKind.Array => GraphWriter.Floats(
        attribute.Name, attribute.Value.EnumerateArray().Select(one => one.GetDouble())),
        _ when attribute.Name == "clip" => GraphWriter.Float(attribute.Name, attribute.Value.GetDouble()),
        _ => GraphWriter.Int(attribute.Name, attribute.Value.GetInt64()),
    };

    private static void CompareFolder(string folder, Tolerance tolerance)
    {
        OnnxTensor[] all =
            [.. Directory.GetFiles(Path.Combine(folder, "test_data_set_0"), "*.pb").Order(StringComparer.Ordinal)
            .Select(OnnxTensor.Load)];
        string[] constants = ["W", "R", "B", "P"];
        OnnxImport<float> import =
            OnnxModel.Import<float>(
            Path.Combine(folder, "model.onnx"), new() { Constants = [.. all.Where(one => constants.Contains(one.Name))] });
        IReadOnlyList<OnnxTensor> outputs = import.Run(all);
        Assert.NotEmpty(outputs);
        foreach (
            OnnxTensor expected in all.Where(one => Path.GetFileName(folder).Length > 0 && import.OutputNames.Contains(one.Name)))
        {
            OnnxTensor actual = outputs.Single(output => output.Name == expected.Name);
            Assert.Equal(expected.Shape, actual.Shape);
            Close.Within<float>(expected.To<double>(), actual.To<float>(), tolerance, expected.Name);
        }
    }

    private static void Compare(OnnxImport<float> import, TensorFile file, Tolerance tolerance)
    {
        OnnxTensor[] inputs =
            [.. file.Names.Where(name => name.StartsWith("in.", StringComparison.Ordinal))
            .Select(name => file.Type(name) is "I64" or "I32"
            ? OnnxTensor.Create<long>(name[3..], file.Longs(name), file.Shape(name))
            : OnnxTensor.Create<float>(name[3..], file.Floats(name), file.Shape(name)))];
        IReadOnlyList<OnnxTensor> outputs = import.Run(inputs);
        foreach (string name in file.Names.Where(name => name.StartsWith("out.", StringComparison.Ordinal)))
        {
            OnnxTensor actual = outputs.Single(output => "out." + output.Name == name);
            Assert.Equal(file.Shape(name), actual.Shape);
            Close.Within<float>(file.Doubles(name), actual.To<float>(), tolerance, name);
        }
    }

    private static void Compare<T>(OnnxImport<T> import, Dictionary<string, ReferenceTensor> tensors, Tolerance tolerance)
        where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
    {
        OnnxTensor[] inputs = [.. tensors.Where(pair => !pair.Key.Contains('.')).Select(pair => pair.Key == "sequence_lens"
            ? OnnxTensor.Create<long>(pair.Key, Array.ConvertAll(pair.Value.Values, value => (long)value), pair.Value.Shape)
            : OnnxTensor.Create<double>(pair.Key, pair.Value.Values, pair.Value.Shape))];
        IReadOnlyList<OnnxTensor> outputs = import.Run(inputs);
        double[]? lengths = tensors.GetValueOrDefault("sequence_lens")?.Values;
        foreach (
            (string name, ReferenceTensor expected) in tensors.Where(
            pair => pair.Key.StartsWith("out.", StringComparison.Ordinal)))
        {
            OnnxTensor output = outputs.Single(one => "out." + one.Name == name);
            Assert.Equal(expected.Shape, output.Shape);
            T[] actual = output.To<T>();
            for (int i = 0; i < actual.Length && name != "out.Y" && lengths is not null; i++)
            {
                // After a sequence of length 0 the state is the initial one here, and zeros there.
                int units = expected.Shape[2];
                actual[i] = lengths[i / units % expected.Shape[1]] == 0 ? T.CreateTruncating(expected.Values[i]) : actual[i];
            }

            Close.Within<T>(expected.Values, actual, tolerance, name);
        }
    }
}
