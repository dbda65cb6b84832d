using System.Numerics;
using System.Text;
using System.Text.Json;
using Lstm.Formats;
using Lstm.Formats.Foreign.Json;
using Lstm.Tests.Support;

namespace Lstm.Tests.Formats;

/// <summary>Small models of each JSON format, with the outputs that a program of its own has computed.</summary>
public abstract class JsonModelTests<T>(double tolerance)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static TheoryData<string> Models
        => ["rtneural.json", "aidax.json", "guitarml.json", "lstm.nam", "segmenter.json", "state_dict.json"];

    [Theory]
    [MemberData(nameof(Models))]
    public void Predict_of_a_model_equals_what_it_computes_and_steps_have_the_same_bits(string name)
    {
        Network<T> network = JsonImports.Load<T>(Path.Combine(JsonImports.Folder, name)).Network;
        (double[] input, double[] expected) = Expected(name);
        if (network.TakesIds)
        {
            int[] ids = Array.ConvertAll(input, id => (int)id);
            Compare(expected, network.Predict(SequenceBatch.FromSequences<int>([ids])).GetSequence(0));
            Assert.Throws<NotSupportedException>(() => network.OpenStream());
            return;
        }

        T[] x = Array.ConvertAll(input, T.CreateChecked);
        T[] y = network.Predict(SequenceBatch.FromSequences<T>([x], network.InputSize)).GetSequence(0);
        Compare(expected, y);
        Close.SameBits(y, JsonImports.Steps(network, x), "steps");
    }

    private void Compare(double[] expected, T[] actual) => Close.Within<T>(expected, actual, new Tolerance(tolerance), "output");

    private static (double[] Input, double[] Output) Expected(string name)
    {
        string path = Path.Combine(JsonImports.Folder, Path.GetFileNameWithoutExtension(name) + ".expected.json");
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(path));
        return (Flat(json.RootElement.GetProperty("input")), Flat(json.RootElement.GetProperty("output")));
    }

    private static double[] Flat(JsonElement rows)
        => [.. rows.EnumerateArray()
            .SelectMany(row => row.ValueKind == JsonValueKind.Array ? row.EnumerateArray().ToArray() : [row])
            .Select(value => value.GetDouble())];
}

public sealed class JsonModelDoubleTests() : JsonModelTests<double>(1e-13);

public sealed class JsonModelFloatTests() : JsonModelTests<float>(1e-6);

/// <summary>What imports of JSON models report, keep, and refuse.</summary>
public class JsonModelReportTests
{
    [Fact]
    public void Report_of_a_model_with_skip_and_gains_names_each_of_them()
    {
        ModelImport<float> import = Load("aidax.json");
        Assert.Equal(
            """
            AIDA-X JSON
            layer: lstm <- layers[0]: LSTM
            layer: lstm_1 <- layers[1]: LSTM
            layer: dense <- layers[2]: dense
            layer: $.in_skip: the input's first value is added to the output, which LstmShortcut.Concatenate takes to 'dense'
            tensor: layers[0].weights[0] [1, 12] -> lstm.weight_ih_l0: gates i f c o, transposed
            tensor: layers[0].weights[1] [3, 12] -> lstm.weight_hh_l0: gates i f c o, transposed
            tensor: layers[0].weights[2] [12] -> lstm.bias_ih_l0: gates i f c o
            tensor: layers[1].weights[0] [3, 8] -> lstm_1.weight_ih_l0: gates i f c o, transposed, 1 column of zeros added
            tensor: layers[1].weights[1] [2, 8] -> lstm_1.weight_hh_l0: gates i f c o, transposed
            tensor: layers[1].weights[2] [8] -> lstm_1.bias_ih_l0: gates i f c o
            tensor: layers[2].weights[0] [2, 1] -> dense.weight: transposed; 4 columns added: 0, and 1 for the network's input
            tensor: layers[2].weights[1] [1] -> dense.bias: as it is
            ignored: $.input_batch [2]: not a parameter
            left to the caller: in_gain: a gain of -6 dB; multiply the input by 0.5012
            left to the caller: out_gain: a gain of 3.5 dB; multiply the output by 1.496

            """.ReplaceLineEndings("\n"), import.Report.ToString());
        Assert.Equal(
            ["in_gain=-6.0", "metadata.date={\"year\": 2024}", "metadata.name=an amp", "out_gain=3.5", "sample_rate=48000",
                "samplerate=48000.0"],
            import.Network.Metadata.Select(pair => $"{pair.Key}={pair.Value}"));
    }

    [Fact]
    public void Report_of_stored_states_names_the_numbers_that_they_are()
    {
        ModelImport<double> import = JsonImports.Load<double>(Path.Combine(JsonImports.Folder, "lstm.nam"));
        Assert.Contains("tensor: weights[60..62] [3] -> lstm.initial_h_l0: the state at the start\n", $"{import.Report}");
        Assert.Contains("tensor: weights[0..47] [12, 4] -> lstm.weight_hh_l0: gates i f g o, not transposed; the columns of h\n",
            $"{import.Report}");
        Assert.Equal("44100", import.Network.Metadata["sample_rate"]);
        Assert.Equal("-18.5", import.Network.Metadata["metadata.loudness"]);
        Assert.Equal([new LstmSpec(3) { Layers = 2, LearnInitialState = true }, new DenseSpec(1) { Name = "head" }],
            import.Network.Specs);
    }

    [Fact]
    public void States_of_zeros_are_no_parameters()
    {
        string zeros = string.Join(',', Enumerable.Repeat("0", 6)), some = string.Join(',', Enumerable.Repeat("0.5", 60));
        ModelImport<float> import = Import(
            "{\"architecture\":\"LSTM\",\"config\":{\"input_size\":1,\"hidden_size\":3,\"num_layers\":1},\"weights\":["
            + $"{some},{zeros},1,2,3,4]}}");
        Assert.Contains("ignored: the states at the start, which are zeros\n", $"{import.Report}");
        Assert.DoesNotContain(import.Network.Parameters, parameter => parameter.Name.Contains("initial"));
    }

    [Fact]
    public void Vocabulary_and_labels_of_a_segmenter_are_metadata()
    {
        Network<float> network = Load("segmenter.json").Network;
        Assert.Equal("{\"a\": 0, \"b\": 1, \"c\": 2}", network.Metadata["vocabulary"]);
        Assert.Equal("3", network.Metadata["unknown_id"]);
        Assert.Equal("BIES", network.Metadata["labels"]);
        Assert.Equal("Letters_codepoints_model", network.Metadata["model"]);
    }

    [Fact]
    public void Skip_of_as_many_values_as_outputs_adds_each_to_its_own()
    {
        string text = Text("guitarml.json").Replace("\"skip\": 1", "\"skip\": 2")
            .Replace("\"output_size\": 1", "\"output_size\": 2");
        using JsonDocument json = JsonDocument.Parse(text);
        string row = json.RootElement.GetProperty("state_dict").GetProperty("lin.weight")[0].GetRawText();
        string bias = json.RootElement.GetProperty("state_dict").GetProperty("lin.bias")[0].GetRawText();
        text = text.Replace($"[{row}]", $"[{row}, {row}]").Replace($"\"lin.bias\": [{bias}]", $"\"lin.bias\": [{bias}, {bias}]");
        float[] x = [0.25f, -0.5f, 0.125f, 1f, -0.75f, 0.5f];
        float[] one = Load("guitarml.json").Network.Predict(SequenceBatch.FromSequences<float>([x], 2)).GetSequence(0);
        float[] two = Import(text).Network.Predict(SequenceBatch.FromSequences<float>([x], 2)).GetSequence(0);
        for (int step = 0; step < 3; step++)
        {
            Assert.Equal(one[step], two[2 * step], 1e-6f);
            Assert.Equal(one[step] - x[2 * step] + x[(2 * step) + 1], two[(2 * step) + 1], 1e-6f);
        }
    }

    [Fact]
    public void Parts_read_some_layers_and_leave_the_others_and_the_skip()
    {
        ModelImport<float> import = Load("aidax.json", new() { Parts = ["layers[1]"] });
        Assert.Equal([new LstmSpec(2)], import.Network.Specs);
        Assert.Equal(3, import.Network.InputSize);
        Assert.Equal(
            ["in_gain: a gain of -6 dB; multiply the input by 0.5012", "out_gain: a gain of 3.5 dB; multiply the output by 1.496",
                "layers[0]: LSTM, 1 value -> 3 values", "layers[2]: dense, 2 values -> 1 value",
                "$.in_skip: the input's first value is added to the output"],
            import.Report.Left);
        Assert.Contains("'layers[9]'; the file has layers[0], layers[1], layers[2]",
            Refusal(Text("aidax.json"), new() { Parts = ["layers[9]"] }));
    }

    [Fact]
    public void Layers_that_no_network_has_are_refused_by_name_and_left_out_of_parts()
    {
        string text = Text("rtneural.json").Replace("\"type\": \"lstm\"", "\"type\": \"gru\"");
        Assert.Contains("layers[1] is 'gru', weights [3, 16], [4, 16], [16]: dense layers, LSTM layers and activations are read",
            Refusal(text));
        ModelImport<float> import = Import(text, new() { Parts = ["layers[2]", "layers[3]", "layers[4]"] });
        Assert.Equal(4, import.Network.InputSize);
        Assert.Equal(2, import.Network.OutputSize);
    }

    [Fact]
    public void Layers_of_the_options_take_the_parameters_of_a_state_dict()
    {
        LayerSpec[] layers =
        [
            new LstmSpec(3) { Name = "lstm" }, new PoolingSpec(Pooling.Last),
            new DenseSpec(2) { Name = "fc", Activation = Activation.Tanh },
        ];
        string text = Text("state_dict.json").Replace("model.lstm.", "lstm.");
        ModelImport<double> import = JsonImports.Load<double>(Encoding.UTF8.GetBytes(text), new() { Layers = layers });
        Assert.Equal(layers, import.Network.Specs);
        double[] x = [0.1, 0.2, -0.3, 0.4], plain = JsonImports.Load<double>(Encoding.UTF8.GetBytes(text)).Network
            .Predict(SequenceBatch.FromSequences<double>([x], 2)).GetSequence(0);
        double[] y = import.Network.Predict(SequenceBatch.FromSequences<double>([x], 2)).GetSequence(0);
        Close.Relative<double>((double[])[Math.Tanh(plain[2]), Math.Tanh(plain[3])], y, 1e-12, "y");
        Assert.Contains("'model.lstm' is the name of none of ImportOptions.Layers",
            Refusal(Text("state_dict.json"), new() { Layers = layers }));
    }

    [Fact]
    public void One_exception_lists_everything_that_does_not_fit()
    {
        string text = Text("guitarml.json").Replace("rec.bias_hh_l1", "rec.bias_hh_l7").Replace("lin.bias", "out.bias")
            .Replace("\"hidden_size\": 3", "\"hidden_size\": 4");
        string message = Refusal(text);
        Assert.StartsWith("The file is GuitarML JSON and does not fit: ", message);
        Assert.Contains("$.state_dict['rec.bias_hh_l7'] belongs to no layer of the LSTM", message);
        Assert.Contains("'rec' has biases or projections in some of its layers only", message);
        Assert.Contains("$.state_dict has the module 'out' besides 'rec' and 'lin'", message);
        message = Refusal(Text("rtneural.json").Replace("[null, null, 4]", "[null, null, 5]"));
        Assert.Contains("$.layers[1].weights[0] is [3, 16]; it has to be [3, 20]", message);
        Assert.Contains("$.layers[1].weights[2] is [16]; it has to be [20]", message);
        Assert.Contains("$.layers[2].weights[0] is [4, 3]; it has to be [5, 3]", message);
    }

    [Fact]
    public void Other_architectures_and_units_are_refused_by_name()
    {
        Assert.Contains(
            "$.architecture is 'WaveNet'; LSTM is read", Refusal("""{"architecture":"WaveNet","config":{},"weights":[]}"""));
        Assert.Contains("$.model_data.unit_type is 'GRU'", Refusal(Text("guitarml.json").Replace("\"LSTM\"", "\"GRU\"")));
        Assert.Contains("'rec' is a GRU", Refusal("""
            {"rec.weight_ih_l0":[[1],[1],[1]],"rec.weight_hh_l0":[[1],[1],[1]]}
            """));
        Assert.Contains("$.layers[1].activation is 'relu'", Refusal(Text("rtneural.json").Replace(
            "\"lstm\", \"activation\": \"tanh\"", "\"lstm\", \"activation\": \"relu\"")));
    }

    [Fact]
    public void A_byte_order_mark_is_no_part_of_the_text()
        => Assert.Equal("RTNeural JSON", Import("\uFEFF" + Text("rtneural.json")).Report.Format);

    [Theory]
    [InlineData("""{"class_name":"Sequential","config":{"layers":[]}}""")]
    [InlineData("""{"version":2,"inputSize":1,"layers":[]}""")]
    [InlineData("""{"a":[1,2]}""")]
    [InlineData("""[1,2,3]""")]
    [InlineData("""{}""")]
    public void Other_JSON_is_none_of_these_formats(string text)
    {
        using JsonDocument document = JsonModels.Parse(new MemoryStream(Encoding.UTF8.GetBytes(text)));
        Assert.Null(JsonModels.Read<float>(document.RootElement, new(), out string format));
        Assert.Equal(string.Empty, format);
    }

    private static ModelImport<float> Load(string name, ImportOptions? options = null)
        => JsonImports.Load<float>(Path.Combine(JsonImports.Folder, name), options);

    private static string Text(string name) => File.ReadAllText(Path.Combine(JsonImports.Folder, name));

    private static ModelImport<float> Import(string text, ImportOptions? options = null)
        => JsonImports.Load<float>(Encoding.UTF8.GetBytes(text), options);

    private static string Refusal(string text, ImportOptions? options = null)
        => Assert.Throws<InvalidDataException>(() => Import(text, options)).Message;
}
