using System.Text.Json;
using Lstm.Texts;

namespace Lstm.Formats.Foreign.Json;

/// <summary>Places in a JSON file, as messages name them.</summary>
internal static class JsonPath
{
    /// <summary>The whole file.</summary>
    public const string Root = "$";

    /// <summary>The path of a property: <c>$.layers</c>, or <c>$['rec.weight']</c> if the name is no plain word.</summary>
    public static string Of(string owner, string name)
    {
        bool isWord = name.Length is > 0 and <= 64 && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_');
        return isWord ? $"{owner}.{name}" : $"{owner}['{Shortened.Text(name)}']";
    }

    /// <summary>The path of an array's element.</summary>
    public static string Of(string owner, int index) => InvariantText.Of($"{owner}[{index}]");

    /// <summary>A shape as text: <c>[80, 20]</c>.</summary>
    public static string Shape(params ReadOnlySpan<int> shape) => $"[{string.Join(", ", shape.ToArray())}]";

    /// <summary>What a value is, to follow "is".</summary>
    public static string Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => $"the text '{Shortened.Text(value.GetString())}'",
        JsonValueKind.Number => Shortened.Text(value.GetRawText()),
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        _ => "null",
    };

    /// <summary>The lengths of nested arrays, as far as their first elements go; for reports.</summary>
    public static string ShapeOf(JsonElement value)
    {
        List<int> shape = [];
        while (value.ValueKind == JsonValueKind.Array && shape.Count < 8)
        {
            int length = value.GetArrayLength();
            shape.Add(length);
            if (length == 0)
            {
                break;
            }

            value = value[0];
        }

        return Shape([.. shape]);
    }
}
