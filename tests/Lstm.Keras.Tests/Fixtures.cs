using System.Text.Json;
using Lstm.Tests.Support;

namespace Lstm.Keras.Tests;

/// <summary>Small model files of this project: tests/interop/make_keras_files.py and make_tfjs_files.js write them.</summary>
internal static class Fixtures
{
    public static string Folder { get; } = Path.Combine(Shared.Repository, "tests", "Lstm.Keras.Tests", "Fixtures");

    public static string PathOf(string name) => Path.Combine(Folder, name);

    public static byte[] Bytes(string name) => File.ReadAllBytes(PathOf(name));

    public static JsonElement Json(string name)
    {
        using JsonDocument json = JsonDocument.Parse(Bytes(name));
        return json.RootElement.Clone();
    }

    /// <summary>
    /// The architecture of textgenrnn's word and character models, whose weights are published without it. The last layer's
    /// softmax is left out: it gives logits.
    /// </summary>
    public static string Textgenrnn { get; } = """
        {"class_name": "Model", "keras_version": "2.1.5", "config": {"name": "textgenrnn", "layers": [
          {"class_name": "InputLayer", "name": "input", "inbound_nodes": [],
           "config": {"name": "input", "batch_input_shape": [null, 40], "dtype": "float32"}},
          {"class_name": "Embedding", "name": "embedding", "inbound_nodes": [[["input", 0, 0, {}]]],
           "config": {"name": "embedding", "input_dim": 465, "output_dim": 100, "mask_zero": false}},
          {"class_name": "CuDNNLSTM", "name": "rnn_1", "inbound_nodes": [[["embedding", 0, 0, {}]]],
           "config": {"name": "rnn_1", "units": 128, "return_sequences": true}},
          {"class_name": "CuDNNLSTM", "name": "rnn_2", "inbound_nodes": [[["rnn_1", 0, 0, {}]]],
           "config": {"name": "rnn_2", "units": 128, "return_sequences": true}},
          {"class_name": "Concatenate", "name": "rnn_concat",
           "inbound_nodes": [[["embedding", 0, 0, {}], ["rnn_1", 0, 0, {}], ["rnn_2", 0, 0, {}]]],
           "config": {"name": "rnn_concat", "axis": -1}},
          {"class_name": "AttentionWeightedAverage", "name": "attention", "inbound_nodes": [[["rnn_concat", 0, 0, {}]]],
           "config": {"name": "attention"}},
          {"class_name": "Dense", "name": "output", "inbound_nodes": [[["attention", 0, 0, {}]]],
           "config": {"name": "output", "units": 465, "activation": "linear", "use_bias": true}}],
          "input_layers": [["input", 0, 0]], "output_layers": [["output", 0, 0]]}}
        """;

    /// <summary>A tensor of a file of weights.</summary>
    public static double[] Tensor(string path, string name)
    {
        using Files.HdfFile file = Files.HdfFile.Open(File.ReadAllBytes(path));
        Files.NamedWeights weights = new(file, file.Root);
        return weights.WithTensors.SelectMany(group => group.Tensors).Single(tensor => tensor.Name == name).Read<double>();
    }

    /// <summary>All numbers of nested lists.</summary>
    public static double[] Flat(JsonElement value) => value.ValueKind == JsonValueKind.Array
        ? [.. value.EnumerateArray().SelectMany(Flat)] : [value.GetDouble()];

    /// <summary>The network's output for [sequences, steps, values].</summary>
    public static float[] Predict(KerasImport<float> import, JsonElement input)
    {
        float[] values = Array.ConvertAll(Flat(input), value => (float)value);
        IReadOnlyList<float[]> sequences = import.ToSequences(values, input[0].GetArrayLength());
        return [.. import.Network.Predict(SequenceBatch.FromSequences<float>(sequences, import.Network.InputSize)).ToList()
            .SelectMany(row => row)];
    }
}
