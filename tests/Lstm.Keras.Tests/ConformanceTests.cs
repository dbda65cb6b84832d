using System.Numerics;
using System.Text.Json;
using Lstm.Tests.Support;

namespace Lstm.Keras.Tests;

/// <summary>Reference files of Keras and what it computes with them, each imported by one call.</summary>
public class ConformanceTests
{
    private static readonly string[] Endings = [".keras", ".h5", ".weights.h5"];

    [Fact]
    public void Every_model_in_every_format_gives_its_outputs()
    {
        CaseLedger ledger = new("keras_model");
        string folder = Path.Combine(ledger.Folder, "keras", "models");
        foreach (string name in ledger.Names)
        {
            ledger.Compare(name, tolerance =>
            {
                TensorFile io = TensorFile.Read(Path.Combine(folder, name + ".io.safetensors"));
                foreach (string ending in Endings)
                {
                    KerasImportOptions options = new()
                    {
                        Architecture = ending == ".weights.h5" ? File.ReadAllText(Path.Combine(folder, name + ".config.json"))
                            : null,
                    };
                    string path = Path.Combine(folder, name + ending);
                    Close.Within<float>(
                        io.Doubles("out.0"), Predict(KerasModel.Import<float>(path, options), io), tolerance, path);
                    Close.Within<double>(
                        io.Doubles("out.0"), Predict(KerasModel.Import<double>(path, options), io), tolerance, path);
                }
            });
        }

        ledger.AssertComplete(4);
    }

    [Fact]
    public void Predictive_maintenance_of_Keras_2_gives_its_outputs()
    {
        JsonElement expected = Expected("keras2_predictive_maintenance", out string folder);
        KerasImport<float> import = KerasModel.Import<float>(Path.Combine(folder, "keras2_predictive_maintenance.h5"));
        Assert.Equal("2.0.5", import.KerasVersion);
        Assert.Contains("HardSigmoid, 0.2, 0.5", import.Report.ToString());
        Close.Within<float>(
            Fixtures.Flat(expected.GetProperty("data")), Fixtures.Predict(import, expected.GetProperty("input")), new(1e-5),
            "output");
    }

    [Fact]
    public void Autoencoder_of_Keras_2_gives_its_outputs()
    {
        JsonElement expected = Expected("keras2_autoencoder", out string folder);
        KerasImport<float> import = KerasModel.Import<float>(
            Path.Combine(folder, "keras2_autoencoder_weights.h5"),
            new() { Architecture = File.ReadAllText(Path.Combine(folder, "keras2_autoencoder_architecture.json")) });
        Close.Within<float>(
            Fixtures.Flat(expected.GetProperty("data")), Fixtures.Predict(import, expected.GetProperty("input")), new(1e-4),
            "output");
    }

    // The attention layer is a custom one: it is refused, and read around. The test computes it from its weights.
    [Fact]
    public void Textgenrnn_with_cuDNN_kernels_gives_its_logits_around_its_attention()
    {
        JsonElement expected = Expected("keras2_cudnn_textgenrnn", out string folder);
        string path = Path.Combine(folder, "keras2_cudnn_textgenrnn.hdf5");
        KerasImportOptions whole = new() { Architecture = Fixtures.Textgenrnn };
        InvalidDataException refusal = Assert.Throws<InvalidDataException>(() => KerasModel.Import<float>(path, whole));
        Assert.Contains("'attention' (AttentionWeightedAverage): it has no counterpart", refusal.Message);

        KerasImport<float> body = KerasModel.Import<float>(
            path, whole with { Parts = ["input", "embedding", "rnn_1", "rnn_2", "rnn_concat"] });
        KerasImport<float> output = KerasModel.Import<float>(path, whole with { Parts = ["output"] });
        Assert.Contains(
            body.Report.Left, line => line.Contains("attention/attention_W:0", StringComparison.Ordinal)
                && line.Contains("[356, 1]", StringComparison.Ordinal));
        Assert.Contains(body.Report.Mappings, mapping => mapping.Note.Contains("cuDNN", StringComparison.Ordinal));

        double[] attention = Fixtures.Tensor(path, "attention/attention_W:0");
        int[][] ids = [.. expected.GetProperty("ids").EnumerateArray()
            .Select(row => row.EnumerateArray().Select(id => id.GetInt32()).ToArray())];
        SequenceBatch<float> rows = body.Network.Predict(SequenceBatch.FromSequences<int>(ids));

        List<float[]> averages = [.. Enumerable.Range(0, ids.Length).Select(b => Average(rows, b, ids[b].Length, attention))];
        float[] logits =
            [.. output.Network.Predict(SequenceBatch.FromSequences<float>(averages, 356)).ToList().SelectMany(y => y)];
        Close.Within<float>(Fixtures.Flat(expected.GetProperty("data")), logits, new(1e-3), "logits");
    }

    // Softmax over the steps of tanh-free scores x W, then the mean with these weights.
    private static float[] Average(SequenceBatch<float> rows, int sequence, int steps, double[] attention)
    {
        double[] scores = [.. Enumerable.Range(0, steps).Select(t => Score(rows[sequence, t], attention))];
        double most = scores.Max();
        double[] weights = [.. scores.Select(score => Math.Exp(score - most))];
        double sum = weights.Sum();
        double[] average = new double[attention.Length];
        for (int t = 0; t < steps; t++)
        {
            for (int f = 0; f < average.Length; f++)
            {
                average[f] += weights[t] / sum * rows[sequence, t][f];
            }
        }

        return Array.ConvertAll(average, value => (float)value);
    }

    private static double Score(ReadOnlySpan<float> row, double[] attention)
    {
        double score = 0;
        for (int f = 0; f < attention.Length; f++)
        {
            score += row[f] * attention[f];
        }

        return score;
    }

    private static JsonElement Expected(string name, out string folder)
    {
        folder = Path.Combine(Shared.RequireConformance(), "pretrained");
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "keras2.expected.json")));
        return json.RootElement.GetProperty(name).Clone();
    }

    private static T[] Predict<T>(KerasImport<T> import, TensorFile io)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int steps = io.Shape("in.0")[1];
        SequenceBatch<T>? batch = io.Type("in.0") is "I32" or "I64" ? null : SequenceBatch.FromSequences<T>(
            import.ToSequences(Array.ConvertAll(io.Doubles("in.0"), T.CreateTruncating), steps), import.Network.InputSize);
        return [.. (batch is null
            ? import.Network.Predict(SequenceBatch.FromSequences<int>(
                import.ToIds(Array.ConvertAll(io.Longs("in.0"), id => (int)id), steps)))
            : import.Network.Predict(batch)).ToList().SelectMany(row => row)];
    }
}
