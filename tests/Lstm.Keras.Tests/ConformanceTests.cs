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
                        Architecture = ending == ".weights.h5" ? File.ReadAllText(Path.Combine(folder, name + ".config.json")) : null,
                    };
                    string path = Path.Combine(folder, name + ending);
                    Close.Within<float>(io.Doubles("out.0"), Predict(KerasModel.Import<float>(path, options), io), tolerance, path);
                    Close.Within<double>(io.Doubles("out.0"), Predict(KerasModel.Import<double>(path, options), io), tolerance, path);
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
        Close.Within<float>(Flat(expected.GetProperty("data")), Predict(import, expected.GetProperty("input")), new(1e-5), "output");
    }

    [Fact]
    public void Autoencoder_of_Keras_2_gives_its_outputs()
    {
        JsonElement expected = Expected("keras2_autoencoder", out string folder);
        KerasImport<float> import = KerasModel.Import<float>(
            Path.Combine(folder, "keras2_autoencoder_weights.h5"),
            new() { Architecture = File.ReadAllText(Path.Combine(folder, "keras2_autoencoder_architecture.json")) });
        Close.Within<float>(Flat(expected.GetProperty("data")), Predict(import, expected.GetProperty("input")), new(1e-4), "output");
    }

    private static JsonElement Expected(string name, out string folder)
    {
        folder = Path.Combine(Shared.RequireConformance(), "pretrained");
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "keras2.expected.json")));
        return json.RootElement.GetProperty(name).Clone();
    }

    private static float[] Predict(KerasImport<float> import, JsonElement input)
    {
        List<float[]> sequences =
            [.. input.EnumerateArray().Select(sequence => sequence.EnumerateArray().SelectMany(Numbers).ToArray())];
        return [.. import.Network.Predict(SequenceBatch.FromSequences<float>(sequences, import.Network.InputSize)).ToList()
            .SelectMany(row => row)];
    }

    private static IEnumerable<float> Numbers(JsonElement step)
        => step.ValueKind == JsonValueKind.Array ? step.EnumerateArray().Select(value => value.GetSingle()) : [step.GetSingle()];

    private static double[] Flat(JsonElement value) => value.ValueKind == JsonValueKind.Array
        ? [.. value.EnumerateArray().SelectMany(Flat)] : [value.GetDouble()];

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
