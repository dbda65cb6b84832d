using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Lstm.Tests.Support;

namespace Lstm.Tests.Formats;

/// <summary>
/// JSON models that lie: each loads or is an InvalidDataException with the place, at a cost that its size pays for.
/// </summary>
public partial class JsonModelFuzzTests
{
    /// <summary>Bytes allocated per byte of the file, at most: a number of two bytes is a token, a value and a parameter.</summary>
    private const long Factor = 64;

    private const long Constant = 1 << 20;

    private static readonly string[] Names =
        ["rtneural.json", "aidax.json", "guitarml.json", "lstm.nam", "segmenter.json", "state_dict.json"];

    // What is kept as text, and what is not read.
    private static readonly Regex Free = new(
        @"^\$$|\.metadata|_gain|samplerate|sample_rate|input_batch|version|\.v$|bias_fl|shape\[[01]\]|^\$\.model$|activation$");

    private static readonly string[] Tokens =
    [
        "0", "-1", "1", "3", "1e400", "-1e-400", "2147483647", "2147483648", "1e9", "1.5", "null", "true", "\"\"", "\"1\"", "[]",
        "{}", "[[]]", "[", "]", "{", "}", ",", ":", "\"weights\"", "\"layers\"", "\"lin.weight\"", "\"\\ud800\"", "\"\\u0000\"",
        "NaN", "\"lstm\"", "\"dense\"", "\"softmax\"", "\"type\"",
    ];

    public static TheoryData<string> Models => [.. Names];

    [Theory]
    [MemberData(nameof(Models))]
    public void Mutated_files_load_or_are_refused(string name)
    {
        int count = int.TryParse(Environment.GetEnvironmentVariable("LSTM_JSON_FUZZ"), out int wanted) ? wanted : 1000;
        byte[] good = File.ReadAllBytes(Path.Combine(JsonImports.Folder, name));
        Assert.Null(Refusal(good));
        string[] tokens = [.. Token().Matches(Encoding.UTF8.GetString(good)).Select(match => match.Value)];
        Random random = new(name.Length);
        int refused = 0;
        for (int i = 0; i < count; i++)
        {
            refused += Refusal(i % 4 == 0 ? Bytes(good, random) : Changed(tokens, random)) is null ? 0 : 1;
        }

        Assert.InRange(refused, count / 4, count);
    }

    [Fact]
    public void Values_of_a_wrong_kind_or_size_are_refused_with_their_paths()
    {
        int count = 0;
        foreach (string name in Names)
        {
            string text = File.ReadAllText(Path.Combine(JsonImports.Folder, name));
            int nodes = Places(JsonNode.Parse(text)!).Count;
            for (int node = 0; node < nodes; node++)
            {
                foreach (string value in (string[])["\"1\"", "true", "{}", "[]", "1e400", "-1", "2147483647", "1.5", "null"])
                {
                    JsonNode root = JsonNode.Parse(text)!, place = Places(root)[node];
                    string path = place.GetPath();
                    bool isWeight = place is JsonValue && LastIndex().IsMatch(path) && !path.Contains("shape", StringComparison.Ordinal)
                        && !path.Contains("dim", StringComparison.Ordinal);
                    if ((isWeight && value is "-1" or "2147483647" or "1.5") || (value == "[]" && place is JsonArray { Count: 0 }))
                    {
                        continue;
                    }

                    place.ReplaceWith(JsonNode.Parse(value));
                    string? message = Refusal(Encoding.UTF8.GetBytes(root.ToJsonString()));
                    Assert.True(message is not null, $"{name}: {path} = {value} loads.");
                    Assert.True(
                        message.Contains("$.", StringComparison.Ordinal) || message.Contains("layers[", StringComparison.Ordinal)
                        || message.Contains("no layers", StringComparison.Ordinal) || message.Contains("of no format", StringComparison.Ordinal),
                        $"{name}: {path} = {value}: {message}");
                    Assert.True(!isWeight || message.Contains(path, StringComparison.Ordinal), $"{path} = {value}: {message}");
                    count++;
                }
            }
        }

        Assert.InRange(count, 200, 5000);
    }

    [Fact]
    public void Crafted_files_are_refused()
    {
        int count = 0;
        foreach (string text in Crafted())
        {
            Assert.True(Refusal(Encoding.UTF8.GetBytes(text)) is not null, $"crafted file {count} loads: {text[..Math.Min(200, text.Length)]}");
            count++;
        }

        Assert.InRange(count, 100, 2000);
    }

    [Theory]
    [InlineData("\"skip\": 1", "\"skip\": 1, \"skip\": 1", "skip")]
    [InlineData("\"rec.weight_ih_l0\"", "\"lin.bias\"", "lin.bias")]
    public void A_name_that_is_there_twice_is_refused(string old, string changed, string name)
        => Assert.Contains(name, Refusal(Encoding.UTF8.GetBytes(
            File.ReadAllText(Path.Combine(JsonImports.Folder, "guitarml.json")).Replace(old, changed))));

    private static string? Refusal(byte[] file)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        string? refusal = null;
        try
        {
            JsonImports.Load<float>(file);
        }
        catch (InvalidDataException e)
        {
            refusal = e.Message;
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(allocated <= (Factor * file.Length) + Constant, $"{allocated} bytes allocated for a file of {file.Length}.");
        return refusal;
    }

    private static byte[] Bytes(byte[] good, Random random)
    {
        byte[] file = [.. good];
        for (int change = random.Next(1, 4); change > 0; change--)
        {
            file[random.Next(file.Length)] = (byte)(random.Next(2) == 0 ? random.Next(256) : file[random.Next(file.Length)]);
        }

        return random.Next(8) == 0 ? file[..random.Next(file.Length)] : file;
    }

    // Tokens replaced, left out, moved and repeated: most of these files are JSON still.
    private static byte[] Changed(string[] good, Random random)
    {
        List<string> tokens = [.. good];
        for (int change = random.Next(1, 4); change > 0; change--)
        {
            int at = random.Next(tokens.Count), length = Math.Min(random.Next(1, 6), tokens.Count - at);
            switch (random.Next(5))
            {
                case 0 or 1:
                    tokens[at] = Tokens[random.Next(Tokens.Length)];
                    break;
                case 2:
                    tokens[at] = tokens[random.Next(tokens.Count)];
                    break;
                case 3 when tokens.Count > length:
                    tokens.RemoveRange(at, length);
                    break;
                default:
                    tokens.InsertRange(at, tokens.GetRange(random.Next(tokens.Count - length + 1), length));
                    break;
            }
        }

        return Encoding.UTF8.GetBytes(string.Concat(tokens));
    }

    // All values that are read, of each array of numbers the first one only.
    private static List<JsonNode> Places(JsonNode root)
    {
        List<JsonNode> places = [];
        Visit(root);
        return places;

        void Visit(JsonNode? node)
        {
            if (node is null)
            {
                return;
            }

            if (!Free.IsMatch(node.GetPath()))
            {
                places.Add(node);
            }

            if (node is JsonObject children)
            {
                children.ToList().ForEach(pair => Visit(pair.Value));
            }
            else if (node is JsonArray elements)
            {
                bool isTensor = elements.Count > 0 && (elements[0] is JsonValue || elements[0] is JsonArray);
                bool isShape = node.GetPath().EndsWith("shape", StringComparison.Ordinal);
                foreach (JsonNode? element in elements.Take(isTensor && !isShape ? 1 : int.MaxValue))
                {
                    Visit(element);
                }
            }
        }
    }

    private static IEnumerable<string> Crafted()
    {
        foreach (string text in (string[])["", " ", "nul", "\"\"", "1", "{", "{}", "[]", "{\"layers\":", "\uFEFF", "{}{}", "\0"])
        {
            yield return text;
        }

        foreach (int depth in (int[])[63, 64, 65, 1000, 200_000])
        {
            string open = new('[', depth), close = new(']', depth);
            yield return open + close;
            yield return $"{{\"architecture\":\"LSTM\",\"config\":{{\"hidden_size\":1}},\"weights\":{open}1{close}}}";
            yield return $"{{\"in_shape\":[1],\"layers\":[{{\"type\":\"dense\",\"shape\":[1],\"weights\":{open}1{close}}}]}}";
            yield return $"{{\"model_data\":{{}},\"state_dict\":{{\"rec.weight_ih_l0\":{open}{close}}}}}";
            yield return string.Concat(Enumerable.Repeat("{\"a\":", depth)) + "1" + new string('}', depth);
        }

        string[] sizes = ["0", "-1", "2", "17", "1000000", "2147483647", "2147483648", "9223372036854775807", "1e400", "1.5", "\"1\"", "null"];
        foreach (string size in sizes)
        {
            foreach (string key in (string[])["input_size", "hidden_size", "num_layers", "out_channels"])
            {
                yield return Nam($"\"hidden_size\":1,\"{(key == "hidden_size" ? "x" : key)}\":{size}", 16)
                    .Replace("\"hidden_size\":1,\"x\"", "\"hidden_size\"");
            }

            yield return $"{{\"in_shape\":[1],\"layers\":[{{\"type\":\"lstm\",\"shape\":[{size}],\"weights\":[[[1,2,3,4]],[[1,2,3,4]],[1]]}}]}}";
            yield return $"{{\"in_shape\":[{size}],\"layers\":[{{\"type\":\"dense\",\"shape\":[1],\"weights\":[[[1],[2],[3]],[1]]}}]}}";
            yield return $"{{\"in_shape\":[1],\"layers\":[{{\"type\":\"dense\",\"shape\":[{size}],\"weights\":[[[1,2,3]],[1]]}}]}}";
            yield return $"{{\"model\":\"m\",\"dic\":{{}},\"mat1\":{{\"v\":1,\"dim\":[{size},{size}],\"data\":[1,2,3]}}}}";
        }

        foreach (string text in Large())
        {
            yield return text;
        }
    }

    // Files that would cost more than their size if a claim were believed, or if work were done again for each part.
    private static IEnumerable<string> Large()
    {
        const int Count = 20_000;
        string zeros = string.Join(',', Enumerable.Repeat("0", Count)), empties = string.Join(',', Enumerable.Repeat("[]", Count));
        yield return $"{{\"rec.weight_ih_l0\":[[{zeros}],{empties}]}}";
        yield return $"{{\"rec.weight_ih_l0\":[{empties}]}}";
        yield return $"{{\"rec.weight_ih_l0\":[{string.Join(',', Enumerable.Repeat("\"0\"", Count))}]}}";
        yield return $"{{\"x.weight_ih_l0\":[[1]],{string.Join(',', Enumerable.Range(0, Count).Select(i => $"\"m{i}.weight\":[]"))}}}";
        yield return $"{{\"x.weight_ih_l0\":[[1]],{string.Join(',', Enumerable.Range(0, Count).Select(i => $"\"x.l{i}\":[]"))}}}";
        yield return $"{{\"in_shape\":[1],\"layers\":[{string.Join(',', Enumerable.Repeat("{}", Count))}]}}";
        yield return $"{{\"in_shape\":[1],\"layers\":[{string.Join(',', Enumerable.Repeat("1", 9_000))}]}}";
        yield return "{\"in_shape\":[1],\"layers\":["
            + string.Join(',', Enumerable.Repeat("{\"type\":\"conv1d\",\"shape\":[1],\"weights\":[]}", 9_000)) + "]}";
        yield return Nam($"\"hidden_size\":{Count},\"num_layers\":{Count}", Count);
        yield return Nam($"\"hidden_size\":1,\"num_layers\":{(Count - 2) / 14}", Count);
        yield return "{\"model\":\"m\",\"dic\":{" + string.Join(',', Enumerable.Range(0, Count).Select(i => $"\"{i}\":-1")) + "},\"mat1\":1}";

        // A skip past wide layers: the weights that pass the input by are no longer than the file.
        string row = $"[{string.Join(',', Enumerable.Repeat("0", 4))}]", rows = string.Join(',', Enumerable.Repeat(row, 5_000));
        string outputs = string.Join(',', Enumerable.Repeat("0", 5_000));
        yield return "{\"in_skip\":1,\"in_shape\":[5000],\"layers\":[{\"type\":\"lstm\",\"shape\":[1],\"weights\":["
            + $"[{rows}],[{row}]]}},{{\"type\":\"dense\",\"shape\":[5000],\"weights\":[[[{outputs}]],[{outputs}]]}}]}}";
        yield return "{\"in_skip\":1,\"in_shape\":[1],\"layers\":["
            + string.Concat(Enumerable.Repeat($"{{\"type\":\"lstm\",\"shape\":[1],\"weights\":[[{row}],[{row}]]}},", 5_000))
            + "{\"type\":\"dense\",\"shape\":[1],\"weights\":[[[1]],[1]]}]}";
    }

    private static string Nam(string config, int weights)
        => $"{{\"architecture\":\"LSTM\",\"config\":{{{config}}},\"weights\":["
            + string.Join(',', Enumerable.Range(0, weights).Select(i => i.ToString(CultureInfo.InvariantCulture))) + "]}";

    [GeneratedRegex("""\"(?:[^\"\\]|\\.)*\"|-?[0-9.]+(?:[eE][+-]?[0-9]+)?|[\[\]{}:,]|true|false|null""")]
    private static partial Regex Token();

    [GeneratedRegex(@"\[\d+\]$")]
    private static partial Regex LastIndex();
}
