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
    /// <summary>
    /// Bytes allocated per byte of the file, at most: a number of two bytes is a token, a value and a parameter.
    /// </summary>
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
        List<string> wrong = [];
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
                    bool isWeight = place is JsonValue && LastIndex().IsMatch(path) && !Size().IsMatch(path);
                    bool isGood = (value == "null" && Optional().IsMatch(path))
                        || (isWeight && value is "-1" or "2147483647" or "1.5")
                        || (value == "[]" && place is JsonArray { Count: 0 }) || (value == "{}" && path == "$.model_data");
                    if (isGood)
                    {
                        continue;
                    }

                    place.ReplaceWith(JsonNode.Parse(value));
                    string message = Refusal(Encoding.UTF8.GetBytes(root.ToJsonString())) ?? "loads";
                    bool tells = isWeight && value != "[]" ? message.Contains(path, StringComparison.Ordinal)
                        : Place().IsMatch(message) && message != "loads";
                    wrong.AddRange(tells ? [] : [$"{name}: {path} = {value}: {message}"]);
                    count++;
                }
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.InRange(count, 200, 5000);
    }

    [Fact]
    public void Crafted_files_are_refused()
    {
        int count = 0;
        foreach (string text in Crafted())
        {
            bool isRefused = Refusal(Encoding.UTF8.GetBytes(text)) is not null;
            Assert.True(isRefused, $"crafted file {count} loads: {text[..Math.Min(200, text.Length)]}");
            count++;
        }

        Assert.InRange(count, 100, 2000);
    }

    [Fact]
    public void A_file_of_as_many_layers_as_a_network_has_loads_at_the_cost_of_its_size()
    {
        // A layer of one unit is 14 numbers or 60 characters in the file, and takes about 13 KB of objects and buffers.
        const long Each = 400;
        string layers = Nam("\"hidden_size\":1,\"num_layers\":9999", (14 * 9_999) + 2);
        Assert.Null(Refusal(Encoding.UTF8.GetBytes(layers), Each));
        Assert.NotNull(Refusal(Encoding.UTF8.GetBytes(Nam("\"hidden_size\":1,\"num_layers\":10001", (14 * 10_001) + 2))));
        string narrow = Layer("lstm", "1", "[[0,0,0,0]],[[0,0,0,0]]");
        Assert.Null(Refusal(Encoding.UTF8.GetBytes(RtNeural("1", Many(10_000, _ => narrow))), Each));
    }

    [Theory]
    [InlineData("\"skip\": 1", "\"skip\": 1, \"skip\": 1", "skip")]
    [InlineData("\"rec.weight_ih_l0\"", "\"lin.bias\"", "lin.bias")]
    public void A_name_that_is_there_twice_is_refused(string old, string changed, string name)
        => Assert.Contains(name, Refusal(Encoding.UTF8.GetBytes(
            File.ReadAllText(Path.Combine(JsonImports.Folder, "guitarml.json")).Replace(old, changed))));

    private static string? Refusal(byte[] file, long factor = Factor)
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
        Assert.True(allocated <= (factor * file.Length) + Constant, $"{allocated} bytes allocated for a file of {file.Length}.");
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

        string[] sizes =
        [
            "0", "-1", "2", "17", "1000000", "2147483647", "2147483648", "9223372036854775807", "1e400", "1.5", "\"1\"", "false",
        ];
        foreach (string size in sizes)
        {
            yield return Nam($"\"hidden_size\":{size}", 16);
            foreach (string key in (string[])["input_size", "num_layers", "out_channels"])
            {
                yield return Nam($"\"hidden_size\":1,\"{key}\":{size}", 16);
            }

            yield return RtNeural("1", Layer("lstm", size, "[[1,2,3,4]],[[1,2,3,4]],[1]"));
            yield return RtNeural(size, Layer("dense", "1", "[[1],[2],[3]],[1]"));
            yield return RtNeural("1", Layer("dense", size, "[[1,2,3]],[1]"));
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
        string zeros = Many(Count, _ => "0"), empties = Many(Count, _ => "[]");
        yield return $"{{\"rec.weight_ih_l0\":[[{zeros}],{empties}]}}";
        yield return $"{{\"rec.weight_ih_l0\":[{empties}]}}";
        yield return $"{{\"rec.weight_ih_l0\":[{Many(Count, _ => "\"0\"")}]}}";
        yield return $"{{\"x.weight_ih_l0\":[[1]],{Many(Count, i => $"\"m{i}.weight\":[]")}}}";
        yield return $"{{\"x.weight_ih_l0\":[[1]],{Many(Count, i => $"\"x.l{i}\":[]")}}}";
        yield return RtNeural("1", Many(Count, _ => "{}"));
        yield return RtNeural("1", Many(9_000, _ => "1"));
        yield return RtNeural("1", Many(9_000, _ => Layer("conv1d", "1", string.Empty)));
        yield return Nam($"\"hidden_size\":{Count},\"num_layers\":{Count}", Count);
        yield return Nam($"\"hidden_size\":1,\"num_layers\":{(Count - 2) / 14}", Count);
        yield return $"{{\"model\":\"m\",\"dic\":{{{Many(Count, i => $"\"{i}\":-1")}}},\"mat1\":1}}";

        // A skip past wide layers: the weights that pass the input by are no longer than the file.
        string wide = Layer("lstm", "1", $"[{Many(5_000, _ => "[0,0,0,0]")}],[[0,0,0,0]]");
        string narrow = Layer("lstm", "1", "[[0,0,0,0]],[[0,0,0,0]]");
        string outputs = Many(5_000, _ => "0");
        yield return RtNeural("5000", wide, Layer("dense", "5000", $"[[{outputs}]],[{outputs}]"))
            .Replace("{\"in_shape", "{\"in_skip\":1,\"in_shape");
        yield return RtNeural("1", Many(5_000, _ => narrow), Layer("dense", "1", "[[1]],[1]"))
            .Replace("{\"in_shape", "{\"in_skip\":1,\"in_shape");
    }

    private static string Many(int count, Func<int, string> item) => string.Join(',', Enumerable.Range(0, count).Select(item));

    private static string RtNeural(string inputs, params string[] layers)
        => $"{{\"in_shape\":[{inputs}],\"layers\":[{string.Join(',', layers)}]}}";

    private static string Layer(string type, string size, string weights)
        => $"{{\"type\":\"{type}\",\"shape\":[{size}],\"weights\":[{weights}]}}";

    private static string Nam(string config, int weights)
        => $"{{\"architecture\":\"LSTM\",\"config\":{{{config}}},\"weights\":["
            + string.Join(',', Enumerable.Range(0, weights).Select(i => i.ToString(CultureInfo.InvariantCulture))) + "]}";

    [GeneratedRegex("""\"(?:[^\"\\]|\\.)*\"|-?[0-9.]+(?:[eE][+-]?[0-9]+)?|[\[\]{}:,]|true|false|null""")]
    private static partial Regex Token();

    [GeneratedRegex(@"\$[.\[]|layers\[|has no layers|of no format")]
    private static partial Regex Place();

    [GeneratedRegex(@"in_skip$|^\$\.model_data\.\w+$|config\.(?:input_size|num_layers)$")]
    private static partial Regex Optional();

    [GeneratedRegex("shape|dim")]
    private static partial Regex Size();

    [GeneratedRegex(@"\[\d+\]$")]
    private static partial Regex LastIndex();
}
