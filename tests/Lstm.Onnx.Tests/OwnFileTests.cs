using System.Text.RegularExpressions;
using Google.Protobuf;
using Lstm.Cells;
using Lstm.Onnx.Files;
using Lstm.Onnx.Own;
using Lstm.Specs;
using Lstm.Tests.Support;

namespace Lstm.Onnx.Tests;

/// <summary>
/// Descriptions of exported files that lie: the graph is read instead, or the file refused, at the file's cost.
/// </summary>
public partial class OwnFileTests
{
    private const long AllowedBytes = 1 << 24;

    private static readonly string[] Numbers = ["0", "-1", "1", "7", "2147483647", "1e300", "0.5", "null", "\"x\"", "[]", "{}"];

    [Fact]
    public void Every_changed_number_of_a_description_ends_in_a_network_or_a_refusal()
    {
        ModelProto[] models = Exports();
        int refused = 0;
        foreach (ModelProto model in models)
        {
            string good = Description(model);
            foreach (Match place in Number().Matches(good))
            {
                foreach (string number in Numbers)
                {
                    string changed = good[..place.Index] + number + good[(place.Index + place.Length)..];
                    bool loads = Loads(model, changed);

                    // Operators are read from the graph whatever the description says; a Scan needs a true one.
                    Assert.True(loads || model != models[0], changed);
                    refused += loads ? 0 : 1;
                }
            }
        }

        Assert.True(refused > 200, $"{refused} refused.");
    }

    [Fact]
    public void Broken_descriptions_leave_the_graph()
    {
        ModelProto model = Exports()[0];
        string good = Description(model);
        string layers = good[good.IndexOf("[{", StringComparison.Ordinal)..^1];
        string[] broken =
        [
            string.Empty, "{", "[]", "null", "17", "\"text\"", good[..^1], good + "x", good.Replace("version", "other"),
            good.Replace("layers\":", "layer\":"), good.Replace("\"lstm\"", "\"custom\""), good.Replace(layers, "[]"),
            good.Replace(layers, "{}"), good.Replace(layers, $"[{string.Concat(Enumerable.Repeat("[", 5000))}"),
            good.Replace(layers, $"[{string.Join(',', Enumerable.Repeat(layers[1..^1], 3000))}]"),
        ];
        foreach (string text in broken)
        {
            Assert.True(Loads(model, text), text.Length > 200 ? text[..200] : text);
        }
    }

    [Fact]
    public void Mutated_files_of_every_kind_load_or_are_refused()
    {
        byte[][] good = [.. Exports().Select(model => model.ToByteArray())];
        Random random = new(23);
        int count = int.TryParse(Environment.GetEnvironmentVariable("LSTM_ONNX_FUZZ"), out int wanted) ? wanted : 3000;
        int refused = 0;
        for (int i = 0; i < count; i++)
        {
            byte[] file = [.. good[random.Next(good.Length)]];
            for (int change = random.Next(1, 4); change > 0; change--)
            {
                file[random.Next(file.Length)] = (byte)random.Next(256);
            }

            refused += Loads(random.Next(8) == 0 ? file[..random.Next(file.Length)] : file) ? 0 : 1;
        }

        Assert.InRange(refused, count / 4, count);
    }

    private static ModelProto[] Exports()
    {
        LstmSpec both = new(3) { Direction = LstmDirection.Bidirectional, LearnInitialState = true, Bias = LstmBias.Two };
        LayerSpec[][] all =
        [
            [new EmbeddingSpec(2), both with { Layers = 2 }, new PoolingSpec(Pooling.Mean), new DenseSpec(2)],
            [both with { Projection = new(2) { Clip = 0.5 }, Normalization = new BatchNormalization { Steps = 2 } }],
            [
                both with
                {
                    Cell = new LstmEquations { GateRecurrence = true, Peephole = true, CellClip = 1 },
                    Normalization = new LayerNormalization(), Regularization = new() { HiddenZoneout = 0.5 },
                },
                new LayerNormSpec(), new RepeatLastSpec(2),
            ],
        ];
        return [.. all.Select(specs =>
        {
            MemoryStream file = new();
            OnnxModel.Export(Sample.Network<float>(1, 4, specs), file, new() { Lengths = true });
            return ModelProto.Parser.ParseFrom(file.ToArray());
        })];
    }

    private static string Description(ModelProto model)
        => model.MetadataProps.Single(property => property.Key == FileDescription.Key).Value;

    private static bool Loads(ModelProto model, string description)
    {
        ModelProto changed = model.Clone();
        changed.MetadataProps.Single(property => property.Key == FileDescription.Key).Value = description;
        return Loads(changed.ToByteArray());
    }

    private static bool Loads(byte[] file)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        bool loads = true;
        try
        {
            Assert.NotNull(OnnxModel.Import<float>(new MemoryStream(file)).Network);
        }
        catch (InvalidDataException)
        {
            loads = false;
        }

        long bytes = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(bytes <= AllowedBytes + (400L * file.Length), $"{bytes} bytes for a file of {file.Length}.");
        return loads;
    }

    [GeneratedRegex(@"(?<=[:\[,])-?\d+(\.\d+)?(E-?\d+)?", RegexOptions.IgnoreCase)]
    private static partial Regex Number();
}
