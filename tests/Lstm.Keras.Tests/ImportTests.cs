using System.Text.Json;
using Lstm.Cells;
using Lstm.Specs;
using Lstm.Tests.Support;

namespace Lstm.Keras.Tests;

/// <summary>Small files of this project, in a clone without reference tensors.</summary>
public class ImportTests
{
    private static readonly Tolerance Exact = new(2e-6);

    [Theory]
    [InlineData("small.keras")]
    [InlineData("small.h5")]
    [InlineData("small.weights.h5")]
    public void Functional_model_of_Keras_3_gives_its_outputs(string name)
    {
        JsonElement expected = Fixtures.Json("expected.json").GetProperty("keras3");
        string? architecture = name == "small.weights.h5" ? File.ReadAllText(Fixtures.PathOf("small.config.json")) : null;
        KerasImport<float> import = KerasModel.Import<float>(Fixtures.PathOf(name), new() { Architecture = architecture });
        Close.Within<float>(
            Fixtures.Flat(expected.GetProperty("output")), Fixtures.Predict(import, expected.GetProperty("input")), Exact, name);
        Assert.Equal(
            [
                new LstmSpec(4) { Shortcut = LstmShortcut.Concatenate }, new LayerNormSpec { Epsilon = 0.001, Features = 4 },
            ],
            import.Network.Specs.Take(2));
        LstmEquations equations = (LstmEquations)((LstmSpec)import.Network.Specs[2]).Cell;
        Assert.Equal(new LstmActivation(LstmActivationFunction.HardSigmoid, 1.0 / 6, 0.5), equations.GateActivation);
        Assert.Contains(import.Report.Mappings, mapping => mapping.Parameter == "lstm_1.weight_ih_l0_reverse"
            && mapping.SourceShape.SequenceEqual([7, 12]) && mapping.Note.Contains("transposed", StringComparison.Ordinal));
        Assert.Contains(import.Report.Ignored, line => line.Contains("'drop' (Dropout)", StringComparison.Ordinal));
    }

    [Fact]
    public void Sequential_model_of_Keras_2_gives_its_outputs()
    {
        JsonElement expected = Fixtures.Json("expected.json").GetProperty("keras2");
        KerasImport<double> import = KerasModel.Import<double>(Fixtures.PathOf("keras2_small.h5"));
        int[] ids = [.. Fixtures.Flat(expected.GetProperty("ids")).Select(id => (int)id)];
        SequenceBatch<double> output = import.Network.Predict(SequenceBatch.FromSequences<int>([.. import.ToIds(ids, 6)]));
        Close.Within<double>(
            Fixtures.Flat(expected.GetProperty("output")), [.. output.ToList().SelectMany(row => row)], new(1e-12), "output");
        Assert.Equal("2.2.4", import.KerasVersion);
        Assert.Equal(0, import.MaskedId);
        Assert.Contains("HardSigmoid, 0.2, 0.5", import.Report.ToString());
        Assert.Contains("two biases summed", import.Report.ToString());
    }

    [Theory]
    [InlineData("tfjs_small")]
    [InlineData("tfjs_quantized")]
    public void Model_of_TensorFlow_js_gives_its_outputs(string name)
    {
        JsonElement expected = Fixtures.Json($"{name}/expected.json");
        KerasImport<float> import = KerasModel.Import<float>(Fixtures.PathOf($"{name}/model.json"));
        Close.Within<float>(
            Fixtures.Flat(expected.GetProperty("output")), Fixtures.Predict(import, expected.GetProperty("input")), Exact, name);
        Assert.Contains("HardSigmoid, 0.2, 0.5", import.Report.ToString());
    }

    [Fact]
    public void Streams_and_files_of_a_double_network_are_those_of_the_model()
    {
        using FileStream stream = File.OpenRead(Fixtures.PathOf("small.keras"));
        KerasImport<double> import = KerasModel.Import<double>(stream);
        MemoryStream saved = new();
        import.Network.Save(saved);
        saved.Position = 0;
        Network<double> loaded = Network.Load<double>(saved);
        SequenceBatch<double> batch = SequenceBatch.FromSequences<double>([[0.1, 0.2, 0.3, -1, 0, 1]], 3);
        Assert.Equal(import.Network.Predict(batch).GetSequence(0), loaded.Predict(batch).GetSequence(0));
    }

    [Fact]
    public void Parts_are_read_by_name_and_the_rest_is_left_with_its_shapes()
    {
        KerasImport<float> import =
            KerasModel.Import<float>(Fixtures.PathOf("small.keras"), new() { Parts = ["lstm_a", "norm"] });
        Assert.Equal(3, import.Network.InputSize);
        Assert.Equal(4, import.Network.OutputSize);
        Assert.Contains(
            import.Report.Left, line => line.Contains("'both' (Bidirectional), reads 'joined'", StringComparison.Ordinal)
            && line.Contains("[7, 12]", StringComparison.Ordinal));
        KerasImport<float> head = KerasModel.Import<float>(Fixtures.PathOf("small.h5"), new() { Parts = ["head"] });
        Assert.Equal(6, head.Network.InputSize);
        string message = Refused("small.keras", new() { Parts = ["lstm_a", "nobody"] });
        Assert.Contains("'nobody'", message);
        Assert.Contains("lstm_a", message);
    }

    [Fact]
    public void Weights_without_an_architecture_go_to_described_layers()
    {
        KerasImportOptions options = new()
        {
            Parts = ["lstm"],
            Layers = [new LstmSpec(4)],
        };
        KerasImport<float> import = KerasModel.Import<float>(Fixtures.PathOf("small.weights.h5"), options);
        KerasImport<float> same = KerasModel.Import<float>(Fixtures.PathOf("small.keras"), new() { Parts = ["lstm_a"] });
        SequenceBatch<float> batch = SequenceBatch.FromSequences<float>([[0.1f, 0.2f, 0.3f]], 3);
        Assert.Equal(same.Network.Predict(batch).GetSequence(0), import.Network.Predict(batch).GetSequence(0));

        KerasImport<float> cudnn = KerasModel.Import<float>(
            Fixtures.PathOf("keras2_small.h5"), new() { Parts = ["cu_dnnlstm_1"], Layers = [new LstmSpec(2)] });
        Assert.Contains("cuDNN", cudnn.Report.ToString());
        string message = Refused("small.weights.h5", options with { Layers = [new LstmSpec(5)] });
        Assert.Contains("it has to be [3, 20]", message);
        Assert.Contains("it has to be [5, 20]", message);
        Assert.Contains("it has to be [20]", message);
        Assert.Contains("Layers", Refused("small.weights.h5", new()));
    }

    [Fact]
    public void One_exception_lists_everything_that_does_not_fit()
    {
        string json = File.ReadAllText(Fixtures.PathOf("small.config.json"))
            .Replace("\"units\": 2", "\"units\": 9", StringComparison.Ordinal)
            .Replace("\"Concatenate\"", "\"Attention\"", StringComparison.Ordinal)
            .Replace("\"name\": \"lstm_a\"", "\"name\": \"lstm_z\"", StringComparison.Ordinal);
        string message =
            Refused("small.weights.h5",
            new() { Architecture = json.Replace("\"lstm_a\", 0", "\"lstm_z\", 0", StringComparison.Ordinal) });
        Assert.Contains("'joined' (Attention): it has no counterpart", message);
        Assert.Contains("Parts", message);
        string shapes = File.ReadAllText(Fixtures.PathOf("small.config.json"))
            .Replace("\"units\": 2", "\"units\": 9", StringComparison.Ordinal);
        message = Refused("small.weights.h5", new() { Architecture = shapes });
        Assert.Contains("its kernel is 'layers/dense/vars/0' [6, 2]; it has to be [6, 9]", message);
        Assert.Contains("its bias is 'layers/dense/vars/1' [2]; it has to be [9]", message);
    }

    [Fact]
    public void Masking_leaves_out_steps_of_the_masked_value()
    {
        const string Json = """
            {"class_name": "Sequential", "keras_version": "3.1.0", "config": {"layers": [
              {"class_name": "Masking", "config": {"name": "mask", "mask_value": -1.0, "batch_input_shape": [null, null, 3]}},
              {"class_name": "LSTM", "config": {"name": "last", "units": 4, "stateful": true, "recurrent_dropout": 0.1}}]}}
            """;
        KerasImport<float> import = KerasModel.Import<float>(
            Fixtures.PathOf("small.weights.h5"), new() { Architecture = Json, Parts = ["mask", "last"] });
        Assert.Equal(-1, import.MaskedValue);
        float[] values = [-1, -1, -1, 1, 2, 3, -1, -1, -1, -1, 5, 6, -1, -1, -1, -1, -1, -1];
        IReadOnlyList<float[]> sequences = import.ToSequences(values, 3);
        Assert.Equal([[1, 2, 3], [-1, 5, 6]], sequences);
        Assert.Throws<ArgumentException>(() => import.ToSequences([1, 2, 3, 4], 2));
        Assert.Contains(import.Report.Ignored, line => line.Contains("stateful = true", StringComparison.Ordinal));
        Assert.Contains(import.Report.Ignored, line => line.Contains("recurrent_dropout = 0.1", StringComparison.Ordinal));

        // Whole steps are masked: the others give what they give alone.
        KerasImport<float> plain = KerasModel.Import<float>(Fixtures.PathOf("small.keras"), new() { Parts = ["lstm_a"] });
        Assert.Equal(
            plain.Network.Predict(SequenceBatch.FromSequences<float>([[1, 2, 3]], 3)).GetSequence(0),
            import.Network.Predict(SequenceBatch.FromSequences<float>(sequences, 3)).GetSequence(0));
    }

    private static string Refused(string name, KerasImportOptions options)
        => Assert.Throws<InvalidDataException>(() => KerasModel.Import<float>(Fixtures.PathOf(name), options)).Message;
}
