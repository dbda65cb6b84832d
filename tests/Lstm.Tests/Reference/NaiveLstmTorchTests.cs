using System.Text.Json;
using Lstm.Tests.Support;

namespace Lstm.Tests.Reference;

/// <summary>The oracle against PyTorch's outputs and gradients in float64.</summary>
public class NaiveLstmTorchTests
{
    private const double Tolerance = 1e-10;

    [Theory]
    [InlineData("lstm_1layer")]
    [InlineData("lstm_2layers")]
    [InlineData("lstm_2layers_bidirectional")]
    [InlineData("lstm_no_bias")]
    [InlineData("lstm_odd_sizes")]
    [InlineData("lstm_ragged_bidirectional_state")]
    [InlineData("lstm_ragged_state")]
    [InlineData("lstm_unbatched")]
    public void Forward_and_Backward_equal_PyTorch_in_fixture(string name)
    {
        TensorFile file = TensorFile.Fixture(name + ".f64");
        using JsonDocument config = JsonDocument.Parse(file.Metadata["config"]);
        Compare(config.RootElement, file);
    }

    [Fact]
    public void Forward_and_Backward_equal_PyTorch_in_every_shared_case()
    {
        int cases = 0;
        foreach ((JsonElement config, TensorFile file) in Cases("rnn_forward_backward"))
        {
            Compare(config, file);
            cases++;
        }

        Assert.True(cases >= 38, $"only {cases} cases were found");
    }

    [Fact]
    public void Forward_and_Backward_of_shared_truncated_chunks_equal_PyTorch()
    {
        foreach ((JsonElement config, TensorFile file) in Cases("truncated_bptt"))
        {
            NaiveLstm lstm = Network(config, file);
            double[][][] x = Sequences(file, "in.x", false, null), ct = Sequences(file, "ct.output", false, null);
            double[][][]? h = null, c = null;
            int start = 0;
            int[] chunks = [.. file.Longs("in.chunks").Select(length => (int)length)];
            for (int chunk = 0; chunk < chunks.Length; start += chunks[chunk++])
            {
                Range steps = start..(start + chunks[chunk]);
                NaiveLstm.Run run = lstm.Forward([.. x.Select(sequence => sequence[steps])], h, c);
                NaiveLstm.Gradients gradients = lstm.Backward(run, [.. ct.Select(sequence => sequence[steps])]);
                (h, c) = (run.FinalH, run.FinalC);
                Equal(file, $"out.chunk{chunk}.output", Padded(run.Output, file.Shape($"out.chunk{chunk}.output"), false));
                Equal(file, $"out.chunk{chunk}.hn", Flat(h));
                Equal(file, $"out.chunk{chunk}.cn", Flat(c));
                Equal(file, $"grad.chunk{chunk}.x", Padded(gradients.Input, file.Shape($"grad.chunk{chunk}.x"), false));
                foreach ((string name, double[] gradient) in gradients.Parameters)
                {
                    Equal(file, $"grad.chunk{chunk}.{name}", gradient);
                }
            }
        }
    }

    private static IEnumerable<(JsonElement Config, TensorFile File)> Cases(string kind)
    {
        string folder = Shared.RequireConformance();
        using JsonDocument manifest = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "manifest.json")));
        foreach (JsonElement entry in manifest.RootElement.GetProperty("cases").EnumerateArray())
        {
            if (entry.GetProperty("kind").GetString() == kind)
            {
                yield return (
                    entry.GetProperty("config"),
                    TensorFile.Read(Path.Combine(folder, entry.GetProperty("files").GetProperty("f64").GetString()!)));
            }
        }
    }

    private static NaiveLstm Network(JsonElement config, TensorFile file)
    {
        var lstm = new NaiveLstm(config.GetProperty("input_size").GetInt32(), config.GetProperty("hidden_size").GetInt32(),
            config.GetProperty("num_layers").GetInt32(),
            config.TryGetProperty("bidirectional", out JsonElement bidirectional) && bidirectional.GetBoolean(),
            config.TryGetProperty("proj_size", out JsonElement projection) ? projection.GetInt32() : 0);
        foreach (string name in file.Names.Where(name => name.StartsWith("w.")))
        {
            lstm.Parameters[name[2..]] = file.Doubles(name);
        }

        return lstm;
    }

    private static void Compare(JsonElement config, TensorFile file)
    {
        NaiveLstm lstm = Network(config, file);
        bool batchFirst = config.TryGetProperty("batch_first", out JsonElement first) && first.GetBoolean()
            && file.Shape("in.x").Length == 3;
        long[]? lengths = file.Has("in.lengths") ? file.Longs("in.lengths") : null;
        double[][][]? h0 = States(file, "in.h0"), c0 = States(file, "in.c0");
        NaiveLstm.Run run = lstm.Forward(Sequences(file, "in.x", batchFirst, lengths), h0, c0);
        Equal(file, "out.output", Padded(run.Output, Shape(file, "out.output"), batchFirst));
        Equal(file, "out.hn", Flat(run.FinalH));
        Equal(file, "out.cn", Flat(run.FinalC));

        NaiveLstm.Gradients gradients = lstm.Backward(
            run, Sequences(file, "ct.output", batchFirst, lengths), States(file, "ct.hn"), States(file, "ct.cn"));
        Equal(file, "grad.x", Padded(gradients.Input, Shape(file, "grad.x"), batchFirst));
        foreach ((string name, double[] gradient) in gradients.Parameters)
        {
            Equal(file, "grad." + name, gradient);
        }

        if (h0 is not null)
        {
            Equal(file, "grad.h0", Flat(gradients.InitialH));
            Equal(file, "grad.c0", Flat(gradients.InitialC));
        }
    }

    private static void Equal(TensorFile file, string name, double[] actual) =>
        Close.Relative(file.Doubles(name), actual, Tolerance, $"{file.Metadata["case"]} {name}");

    // Where the axis of the batch is missing, the tensor is that of one sequence.
    private static int[] Shape(TensorFile file, string name)
        => file.Shape(name) is [int rows, int size] ? [rows, 1, size] : file.Shape(name);

    // [T, B, F] or [B, T, F] → [B][length of b][F]
    private static double[][][] Sequences(TensorFile file, string name, bool batchFirst, long[]? lengths)
    {
        int[] shape = Shape(file, name);
        double[] values = file.Doubles(name);
        (int steps, int batch, int size) = batchFirst ? (shape[1], shape[0], shape[2]) : (shape[0], shape[1], shape[2]);
        double[] Row(int b, int t)
        {
            int row = batchFirst ? b * steps + t : t * batch + b;
            return values[(row * size)..((row + 1) * size)];
        }

        return [.. Enumerable.Range(0, batch).Select(b =>
            Enumerable.Range(0, (int?)lengths?[b] ?? steps).Select(t => Row(b, t)).ToArray())];
    }

    // [B][length of b][F] → the file's layout, zero beyond each length
    private static double[] Padded(double[][][] sequences, int[] shape, bool batchFirst)
    {
        var result = new double[shape[0] * shape[1] * shape[2]];
        for (int b = 0; b < sequences.Length; b++)
        {
            for (int t = 0; t < sequences[b].Length; t++)
            {
                int row = batchFirst ? b * shape[1] + t : t * shape[1] + b;
                sequences[b][t].CopyTo(result, row * shape[2]);
            }
        }

        return result;
    }

    private static double[][][]? States(TensorFile file, string name) =>
        file.Has(name) ? Sequences(file, name, batchFirst: true, null) : null;

    private static double[] Flat(double[][][] values) => [.. values.SelectMany(rows => rows).SelectMany(row => row)];
}
