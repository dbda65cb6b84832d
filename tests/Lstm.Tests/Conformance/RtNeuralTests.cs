using System.Globalization;
using System.Numerics;
using System.Text.Json;
using Lstm.Tests.Support;

namespace Lstm.Tests.Conformance;

/// <summary>RTNeural's models with LSTM layers, exported from Keras and PyTorch, on its signals.</summary>
public abstract class RtNeuralTests<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [Fact]
    public void Predict_of_every_model_equals_its_recording()
    {
        CaseLedger ledger = new("rtneural", "rtneural.");
        foreach (string name in ledger.Names)
        {
            ledger.Compare(name, tolerance =>
            {
                string path = Path.Combine(ledger.Folder, "rtneural", name);
                using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(path + ".json"));
                Network<T> network = json.RootElement.TryGetProperty("layers", out JsonElement layers) ? FromKeras(layers)
                    : FromTorch(json.RootElement);
                T[] x = Array.ConvertAll(Signal(path + "_x_python.csv"), T.CreateChecked);
                Close.Within<T>(
                    Signal(path + "_y_python.csv"), network.Predict(SequenceBatch.FromSequences<T>([x])).GetSequence(0),
                    tolerance, "y");
            });
        }

        // Other files of the folder are models without an LSTM, or broken on purpose; a recording goes with each model that is
        // meant to run.
        string[] recorded = Directory.GetFiles(Path.Combine(ledger.Folder, "rtneural"), "*lstm*_y_python.csv");
        ledger.AssertComplete(recorded.Length);
    }

    private static Network<T> FromKeras(JsonElement layers)
    {
        JsonElement[] all = [.. layers.EnumerateArray()];
        LayerSpec[] specs = [.. all.Select((layer, i) => Spec(layer) with { Name = $"layer{i}" })];
        ReferenceTensor[][] weights =
            [.. all.Select(layer => layer.GetProperty("weights").EnumerateArray().Select(ReferenceTensor.From).ToArray())];
        Network<T> network = Network.Create<T>(weights[0][0].Shape[0], specs);
        for (int i = 0; i < specs.Length; i++)
        {
            if (specs[i] is LstmSpec)
            {
                KerasWeights.WriteLstm(network, $"layer{i}", "l0", weights[i]);
            }
            else
            {
                KerasWeights.WriteDense(network, $"layer{i}", weights[i][0], weights[i][1]);
            }
        }

        return network;
    }

    private static LayerSpec Spec(JsonElement layer)
    {
        int size = layer.GetProperty("shape").EnumerateArray().Last().GetInt32();
        return (layer.GetProperty("type").GetString(), layer.GetProperty("activation").GetString()) switch
        {
            ("lstm", "tanh") => new LstmSpec(size),
            ("dense" or "time-distributed-dense", "tanh") => new DenseSpec(size) { Activation = Activation.Tanh },
            ("dense" or "time-distributed-dense", "") => new DenseSpec(size),
            (string type, string activation) => throw new InvalidDataException($"A layer {type} with {activation} is not known."),
            _ => throw new InvalidDataException("A layer has no type or activation."),
        };
    }

    // A state_dict written as JSON: the names are ours.
    private static Network<T> FromTorch(JsonElement tensors)
    {
        Network<T> network = Network.Create<T>(
            1, new LstmSpec(8) { Bias = LstmBias.Two }, new LstmSpec(8) { Name = "lstm2", Layers = 3, Bias = LstmBias.Two },
            new DenseSpec(1));
        Assert.Equal(
            network.Parameters.Select(parameter => parameter.Name).Order(), tensors.EnumerateObject()
            .Select(tensor => tensor.Name).Order());
        foreach (JsonProperty tensor in tensors.EnumerateObject())
        {
            KerasWeights.Write(network, tensor.Name, ReferenceTensor.From(tensor.Value));
        }

        return network;
    }

    private static double[] Signal(string path)
        => Array.ConvertAll(File.ReadAllLines(path), line => double.Parse(line, CultureInfo.InvariantCulture));
}

public sealed class RtNeuralDoubleTests : RtNeuralTests<double>;

public sealed class RtNeuralFloatTests : RtNeuralTests<float>;
