using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;
using Lstm.Formats;
using Lstm.Tests.Support;
using TensorFile = Lstm.Tests.Support.TensorFile;

namespace Lstm.Tests.Conformance;

/// <summary>Models that people trade, each read by one call, on signals and texts with known answers.</summary>
public abstract class JsonModelConformanceTests<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [Fact]
    public void RTNeural_models_equal_their_recordings()
    {
        CaseLedger ledger = new("rtneural", "rtneural.");
        foreach (string name in ledger.Names)
        {
            ledger.Compare(name, tolerance =>
            {
                string path = Path.Combine(ledger.Folder, "rtneural", name);
                Network<T> network = JsonImports.Load<T>(path + ".json").Network;
                T[] x = Array.ConvertAll(Signal(path + "_x_python.csv"), T.CreateChecked);
                Close.Within<T>(Signal(path + "_y_python.csv"), Predict(network, x), tolerance, "y");
            });
        }

        ledger.AssertComplete(3);
    }

    [Fact]
    public void RTNeural_models_of_other_layers_are_refused_by_name()
    {
        string folder = Path.Combine(Shared.RequireConformance(), "rtneural");
        Assert.Contains("layers[1] is 'conv1d', weights [3, 8, 4], [4]", Refusal(Path.Combine(folder, "full_model.json")));
        Assert.Contains("layers[2] is 'gru'", Refusal(Path.Combine(folder, "full_model.json")));
        Assert.Contains(
            "$.layers[0].weights[0] is [1, 80]; it has to be [1, 64]", Refusal(Path.Combine(folder, "bad_lstm.json")));
    }

    [Fact]
    public void RTNeural_dense_layers_and_activations_equal_their_recording()
    {
        string path = Path.Combine(Shared.RequireConformance(), "rtneural", "dense");
        Network<T> network = JsonImports.Load<T>(path + ".json").Network;
        Assert.Equal(12, network.Specs.Count);
        T[] x = Array.ConvertAll(Signal(path + "_x_python.csv"), T.CreateChecked);
        Close.Within<T>(Signal(path + "_y_python.csv"), Predict(network, x), new Tolerance(1e-6), "y");
    }

    [Fact]
    public void NeuralPi_TS9_equals_its_recording()
    {
        string folder = Path.Combine(Shared.RequireConformance(), "pretrained");
        Network<T> network = JsonImports.Load<T>(Path.Combine(folder, "neuralpi_TS9.json")).Network;

        // The second input is the pedal's knob; the recording is of its middle.
        double[] guitar = TensorFile.Read(Path.Combine(folder, "guitar_input.safetensors")).Doubles("x");
        T[] x = [.. guitar.SelectMany(sample => (T[])[T.CreateChecked(sample), T.CreateChecked(0.5)])];
        Compare(Path.Combine(folder, "neuralpi_TS9.expected.safetensors"), network, x);
    }

    [Fact]
    public void NAM_BossLSTM_equals_its_recording()
    {
        string folder = Path.Combine(Shared.RequireConformance(), "pretrained");
        ModelImport<T> import = JsonImports.Load<T>(Path.Combine(folder, "BossLSTM-1x16.nam"));
        Assert.Contains(import.Network.Parameters, parameter => parameter.Name == "lstm.initial_h_l0");
        T[] x = Array.ConvertAll(
            TensorFile.Read(Path.Combine(folder, "guitar_input.safetensors")).Doubles("x"), T.CreateChecked);
        Compare(Path.Combine(folder, "BossLSTM-1x16.expected.safetensors"), import.Network, x);
    }

    [Fact]
    public void Thai_segmenter_equals_its_recording_and_labels_texts()
    {
        string folder = Path.Combine(Shared.RequireConformance(), "pretrained");
        Network<T> network = JsonImports.Load<T>(Path.Combine(folder, "icu_thai.json")).Network;
        TensorFile expected = TensorFile.Read(Path.Combine(folder, "icu_thai.expected.safetensors"));
        int[] ids = Array.ConvertAll(expected.Longs("ids"), id => (int)id);
        T[] y = network.Predict(SequenceBatch.FromSequences<int>([ids])).GetSequence(0);
        Close.Within<T>(expected.Doubles("f64"), y, new Tolerance(1e-5), "y");

        using JsonDocument texts = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "icu_test_text.json")));
        JsonElement[] cases = [.. texts.RootElement.GetProperty("testcases").EnumerateArray()];
        Assert.Equal(29, cases.Length);
        Assert.All(cases, text => Assert.Equal(
            text.GetProperty("expected_bies").GetString(), Labels(network, text.GetProperty("unseg").GetString()!)));
    }

    // With what the import keeps: the vocabulary, the id of other characters, and the labels' letters.
    private static string Labels(Network<T> network, string text)
    {
        using JsonDocument vocabulary = JsonDocument.Parse(network.Metadata["vocabulary"]);
        int unknown = int.Parse(network.Metadata["unknown_id"], CultureInfo.InvariantCulture);
        int[] ids = [.. text.EnumerateRunes().Select(
            rune => vocabulary.RootElement.TryGetProperty(rune.ToString(), out JsonElement id) ? id.GetInt32() : unknown)];
        T[] y = network.Predict(SequenceBatch.FromSequences<int>([ids])).GetSequence(0);
        StringBuilder labels = new();
        for (int i = 0; i < ids.Length; i++)
        {
            T[] row = y[(4 * i)..((4 * i) + 4)];
            labels.Append(char.ToLowerInvariant(network.Metadata["labels"][Array.IndexOf(row, row.Max())]));
        }

        return labels.ToString();
    }

    private static void Compare(string path, Network<T> network, T[] x)
    {
        T[] y = Predict(network, x);
        Close.Within<T>(TensorFile.Read(path).Doubles("f64"), y, new Tolerance(1e-4), "y");
        Close.SameBits(y, JsonImports.Steps(network, x), "steps");
    }

    private static T[] Predict(Network<T> network, T[] x)
        => network.Predict(SequenceBatch.FromSequences<T>([x], network.InputSize)).GetSequence(0);

    private static string Refusal(string path)
        => Assert.Throws<InvalidDataException>(() => JsonImports.Load<T>(path)).Message;

    private static double[] Signal(string path)
        => Array.ConvertAll(File.ReadAllLines(path), line => double.Parse(line, CultureInfo.InvariantCulture));
}

public sealed class JsonModelConformanceDoubleTests : JsonModelConformanceTests<double>;

public sealed class JsonModelConformanceFloatTests : JsonModelConformanceTests<float>;
