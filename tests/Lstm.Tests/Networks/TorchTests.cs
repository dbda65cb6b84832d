using System.Numerics;
using System.Numerics.Tensors;
using System.Text.Json;
using Lstm.Parameters;
using Lstm.Tests.Support;

namespace Lstm.Tests.Networks;

/// <summary>Networks against PyTorch's outputs and gradients.</summary>
[Trait("Category", "Widths")]
public abstract class TorchTests<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    protected abstract string Type { get; }

    /// <summary>Double: relative, per element. Float: relative to the tensor's largest value.</summary>
    protected abstract (double Tolerance, double Floor) Limits { get; }

    [Theory]
    [InlineData("lstm_1layer")]
    [InlineData("lstm_2layers")]
    [InlineData("lstm_2layers_bidirectional")]
    [InlineData("lstm_no_bias")]
    [InlineData("lstm_odd_sizes")]
    [InlineData("lstm_ragged_bidirectional_state")]
    [InlineData("lstm_ragged_state")]
    [InlineData("lstm_unbatched")]
    public void Lstm_of_fixture_equals_PyTorch(string name)
    {
        TensorFile file = TensorFile.Fixture($"{name}.{Type}");
        using JsonDocument config = JsonDocument.Parse(file.Metadata["config"]);
        CompareLstm(config.RootElement, file, padding: false);
        CompareLstm(config.RootElement, file, padding: true);
    }

    [Fact]
    public void Lstm_of_every_shared_case_equals_PyTorch()
    {
        int cases = 0;
        foreach ((JsonElement config, TensorFile file) in SharedCases("rnn_forward_backward"))
        {
            CompareLstm(config, file, padding: true);
            cases++;
        }

        Assert.True(cases >= 38, $"only {cases} cases were found");
    }

    [Fact]
    public void Lstm_of_shared_truncated_chunks_equals_PyTorch()
    {
        foreach ((JsonElement config, TensorFile file) in SharedCases("truncated_bptt"))
        {
            Network<T> network = Network(config, file);
            int[] shape = file.Shape("in.x");
            NetworkState<T> state = network.CreateState(shape[1]);
            using Tape<T> tape = network.CreateTape();
            SequenceBatch<T> x = Batch(file, "in.x", false, null, false), ct = Batch(file, "ct.output", false, null, false);
            SequenceBatch<T> part = new(x.FeatureSize), ctPart = new(ct.FeatureSize);
            int start = 0, chunk = 0;
            foreach (long length in file.Longs("in.chunks"))
            {
                part.View(x, start, (int)length);
                ctPart.View(ct, start, (int)length);
                Equal(file, $"out.chunk{chunk}.output", network.Forward(part, state, tape));
                ctPart.Rows.CopyTo(tape.OutputGradient.Rows);
                Gradient<T> gradient = network.CreateGradient();
                network.Backward(tape, gradient);
                Equal(file, $"out.chunk{chunk}.hn", Entries(state, state.Hidden));
                Equal(file, $"out.chunk{chunk}.cn", Entries(state, state.Cell));
                Equal(file, $"grad.chunk{chunk}.x", tape.InputGradient);
                EqualParameters(network, gradient, file, $"grad.chunk{chunk}.");
                start += (int)length;
                chunk++;
            }

            GC.KeepAlive(ct);
        }
    }

    [Fact]
    public void Stack_and_dense_of_fixture_equal_PyTorch()
    {
        TensorFile file = TensorFile.Fixture($"lstm_dense.{Type}"), io = TensorFile.Fixture($"lstm_dense.io.{Type}");
        Network<T> network = Lstm.Network.Create<T>(3, new LstmSpec(6) { Layers = 2, Bias = LstmBias.Two }, new DenseSpec(2));
        Assert.Equal(file.Names.Order(), network.Parameters.Select(parameter => parameter.Name).Order());
        foreach (Parameter parameter in network.Parameters)
        {
            network.WriteParameter(
                parameter.Name,
                Tensor.Create(Values(file, parameter.Name), [.. file.Shape(parameter.Name).Select(n => (nint)n)]));
        }

        Equal(io, "out.output", network.Predict(Batch(io, "in.x", false, null, false)));
    }

    [Fact]
    public void Dense_of_shared_linear_equals_PyTorch()
    {
        foreach ((JsonElement config, TensorFile file) in SharedCases("module"))
        {
            if (file.Metadata["case"] == "linear")
            {
                Network<T> network = Lstm.Network.Create<T>(
                    config.GetProperty("in_features").GetInt32(), new DenseSpec(config.GetProperty("out_features").GetInt32()));
                Load(network, file, "dense.");
                using Tape<T> tape = network.CreateTape();
                Equal(file, "out.output", network.Forward(Batch(file, "in.x", false, null, false), tape));
                Gradient<T> gradient = Backward(network, tape, file, false, null);
                Equal(file, "grad.x", tape.InputGradient);
                EqualParameters(network, gradient, file, "grad.");
                return;
            }
        }

        Assert.Fail("no case 'linear'");
    }

    [Fact]
    public void Embedding_of_shared_case_equals_PyTorch()
    {
        foreach ((JsonElement config, TensorFile file) in SharedCases("module"))
        {
            if (file.Metadata["case"] == "embedding_pad0")
            {
                CompareEmbedding(config, file);
                return;
            }
        }

        Assert.Fail("no case 'embedding_pad0'");
    }

    private void CompareEmbedding(JsonElement config, TensorFile file)
    {
        int size = config.GetProperty("dim").GetInt32();
        Network<T> network = Lstm.Network.Create<T>(config.GetProperty("num").GetInt32(), new EmbeddingSpec(size));
        Load(network, file, "embedding.");
        using Tape<T> tape = network.CreateTape();
        int[] shape = file.Shape("in.idx");
        int[] ids = [.. file.Longs("in.idx").Select(id => (int)id)];
        Equal(file, "out.output",
            network.Forward(
            SequenceBatch.FromTensor<int>(Tensor.Create(ids, [shape[0], shape[1]]).AsReadOnlyTensorSpan()), tape));
        Gradient<T> gradient = Backward(network, tape, file, false, null);

        // PyTorch leaves out the row of padding_idx, which our embedding does not know.
        T[] actual = new T[network.Parameters[0].Count];
        gradient.Read("embedding.weight").FlattenTo(actual);
        int padding = config.GetProperty("padding_idx").GetInt32();
        Array.Clear(actual, padding * size, size);
        Equal(file, "grad.weight", actual);
    }

    private void CompareLstm(JsonElement config, TensorFile file, bool padding)
    {
        Network<T> network = Network(config, file);
        bool batchFirst = config.TryGetProperty("batch_first", out JsonElement first) && first.GetBoolean()
            && file.Shape("in.x").Length == 3;
        int[]? lengths = file.Has("in.lengths") ? [.. file.Longs("in.lengths").Select(length => (int)length)] : null;
        SequenceBatch<T> x = Batch(file, "in.x", batchFirst, lengths, padding);
        NetworkState<T> state = network.CreateState(x.Count);
        if (file.Has("in.h0"))
        {
            Set(file, "in.h0", state, state.Hidden);
            Set(file, "in.c0", state, state.Cell);
        }

        using Tape<T> tape = network.CreateTape();
        SequenceBatch<T> output = network.Forward(x, state, tape);
        Equal(file, "out.output", output, batchFirst);
        Equal(file, "out.hn", Entries(state, state.Hidden));
        Equal(file, "out.cn", Entries(state, state.Cell));
        NetworkState<T> final = network.CreateState(x.Count);
        if (file.Has("ct.hn"))
        {
            Set(file, "ct.hn", final, final.Hidden);
            Set(file, "ct.cn", final, final.Cell);
        }

        tape.FinalStateGradient = final;
        Gradient<T> gradient = Backward(network, tape, file, batchFirst, lengths, padding);
        Equal(file, "grad.x", tape.InputGradient, batchFirst);
        EqualParameters(network, gradient, file, "grad.");
        if (file.Has("grad.h0"))
        {
            Equal(file, "grad.h0", Entries(tape.InitialStateGradient, tape.InitialStateGradient.Hidden));
            Equal(file, "grad.c0", Entries(tape.InitialStateGradient, tape.InitialStateGradient.Cell));
        }
    }

    private static Network<T> Network(JsonElement config, TensorFile file)
    {
        Network<T> network = Lstm.Network.Create<T>(
            config.GetProperty("input_size").GetInt32(), new LstmSpec(config.GetProperty("hidden_size").GetInt32())
            {
                Layers = config.GetProperty("num_layers").GetInt32(),
                Direction = config.TryGetProperty("bidirectional", out JsonElement both) && both.GetBoolean()
                ? LstmDirection.Bidirectional : LstmDirection.Forward,
                Bias = file.Has("w.bias_ih_l0") ? LstmBias.Two : LstmBias.None,
                Projection = config.TryGetProperty("proj_size", out JsonElement projection) && projection.GetInt32() > 0
                ? new(projection.GetInt32()) : null,
            });
        Load(network, file, "lstm.");
        return network;
    }

    private static void Load(Network<T> network, TensorFile file, string prefix)
    {
        foreach (Parameter parameter in network.Parameters)
        {
            string name = "w." + parameter.Name[prefix.Length..];
            network.WriteParameter(parameter.Name, Tensor.Create(Values(file, name), [.. file.Shape(name).Select(n => (nint)n)]));
        }
    }

    private static Gradient<T> Backward(
        Network<T> network, Tape<T> tape, TensorFile file, bool batchFirst, int[]? lengths, bool padding = false)
    {
        SequenceBatch<T> ct = Batch(file, "ct.output", batchFirst, lengths, padding);
        ct.Rows.CopyTo(tape.OutputGradient.Rows);
        GC.KeepAlive(ct);
        Gradient<T> gradient = network.CreateGradient();
        network.Backward(tape, gradient);
        return gradient;
    }

    // An unbatched sequence [T, F] is a batch of one, whatever batch_first says.
    private static int[] Shape(TensorFile file, string name)
        => file.Shape(name) is [int steps, int size] ? [steps, 1, size] : file.Shape(name);

    // With padding: junk beyond each length, and one more step of it, which must not matter.
    private static SequenceBatch<T> Batch(TensorFile file, string name, bool batchFirst, int[]? lengths, bool padding)
    {
        int[] shape = Shape(file, name);
        T[] values = Values(file, name);
        (int steps, int count) = batchFirst ? (shape[1], shape[0]) : (shape[0], shape[1]);
        if (padding)
        {
            lengths ??= [.. Enumerable.Repeat(steps, count)];
            T[] padded = new T[(steps + 1) * count * shape[2]];
            Array.Fill(padded, T.NaN);
            for (int i = 0; i < steps * count; i++)
            {
                (int b, int t) = batchFirst ? (i / steps, i % steps) : (i % count, i / count);
                int to = batchFirst ? (b * (steps + 1)) + t : i;
                if (t < lengths[b])
                {
                    values.AsSpan(i * shape[2], shape[2]).CopyTo(padded.AsSpan(to * shape[2]));
                }
            }

            values = padded;
            shape = batchFirst ? [count, steps + 1, shape[2]] : [steps + 1, count, shape[2]];
        }

        return SequenceBatch.FromTensor<T>(
            Tensor.Create(values, [shape[0], shape[1], shape[2]]).AsReadOnlyTensorSpan(), batchFirst, lengths);
    }

    private static void Set(TensorFile file, string name, NetworkState<T> state, Entry entry)
    {
        T[] values = Values(file, name);
        for (int k = 0, start = 0; k < state.Sizes.Count; start += entry(k).Length, k++)
        {
            values.AsSpan(start, entry(k).Length).CopyTo(entry(k));
        }
    }

    private static T[] Entries(NetworkState<T> state, Entry entry) =>
        [.. Enumerable.Range(0, state.Sizes.Count).SelectMany(k => entry(k).ToArray())];

    private static T[] Values(TensorFile file, string name) => Array.ConvertAll(file.Doubles(name), T.CreateChecked);

    private static IEnumerable<(JsonElement Config, TensorFile File)> Cases(string type, string kind)
    {
        string folder = Shared.RequireConformance();
        using JsonDocument manifest = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "manifest.json")));
        foreach (JsonElement entry in manifest.RootElement.GetProperty("cases").EnumerateArray())
        {
            if (entry.GetProperty("kind").GetString() == kind
                && entry.GetProperty("files").GetProperty(type).GetString() is { } path)
            {
                yield return (entry.GetProperty("config").Clone(), TensorFile.Read(Path.Combine(folder, path)));
            }
        }
    }

    private IEnumerable<(JsonElement Config, TensorFile File)> SharedCases(string kind) => Cases(Type, kind);

    private void EqualParameters(Network<T> network, Gradient<T> gradient, TensorFile file, string prefix)
    {
        foreach (Parameter parameter in network.Parameters)
        {
            T[] values = new T[parameter.Count];
            gradient.Read(parameter.Name).FlattenTo(values);
            Equal(file, prefix + parameter.Name[(parameter.Name.IndexOf('.') + 1)..], values);
        }
    }

    // The file's steps may be more than the longest sequence's: zero beyond.
    private void Equal(TensorFile file, string name, SequenceBatch<T> batch, bool batchFirst = false)
    {
        int[] shape = Shape(file, name);
        T[] values = new T[shape[0] * shape[1] * shape[2]];
        for (int b = 0; b < batch.Count; b++)
        {
            for (int t = 0; t < batch.Lengths[b]; t++)
            {
                int row = batchFirst ? (b * shape[1]) + t : (t * shape[1]) + b;
                batch[b, t].CopyTo(values.AsSpan(row * shape[2]));
            }
        }

        Equal(file, name, values);
    }

    private void Equal(TensorFile file, string name, T[] actual) =>
        Close.Relative<T>(Values(file, name), actual, Limits.Tolerance, $"{file.Metadata["case"]} {name}", Limits.Floor);

    private delegate Span<T> Entry(int entry);
}

public sealed class TorchDoubleTests : TorchTests<double>
{
    protected override string Type => "f64";

    protected override (double Tolerance, double Floor) Limits => (1e-10, 1e-3);
}

public sealed class TorchFloatTests : TorchTests<float>
{
    protected override string Type => "f32";

    protected override (double Tolerance, double Floor) Limits => (1e-5, 1);
}
