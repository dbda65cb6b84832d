using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Lstm.Keras.Files;

/// <summary>Parses JSON of files, with a bound on its depth and without duplicate names.</summary>
internal static class JsonText
{
    private const int Deepest = 128;

    private static readonly JsonDocumentOptions Options = new() { MaxDepth = Deepest, AllowDuplicateProperties = false };

    /// <exception cref="InvalidDataException">The text is no JSON object.</exception>
    public static JsonElement Object(ReadOnlyMemory<byte> utf8, string what)
    {
        try
        {
            CheckTexts(utf8.Span);
            using JsonDocument document = JsonDocument.Parse(utf8, Options);
            JsonElement root = document.RootElement.Clone();
            return root.ValueKind == JsonValueKind.Object ? root
                : throw new InvalidDataException($"{what} is a JSON {root.ValueKind}, not an object.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{what} is no JSON, is broken, or is nested deeper than {Deepest}: {e.Message}", e);
        }
        catch (InvalidOperationException e)
        {
            throw new InvalidDataException($"{what} has text that is not Unicode: {e.Message}", e);
        }
    }

    // Texts are decoded when they are asked for: bytes that are no UTF-8, and halves of surrogates, are found here.
    private static void CheckTexts(ReadOnlySpan<byte> utf8)
    {
        if (!Utf8.IsValid(utf8))
        {
            throw new InvalidOperationException("Its bytes are no UTF-8.");
        }

        Utf8JsonReader reader = new(utf8, new JsonReaderOptions { MaxDepth = Deepest });
        while (reader.Read())
        {
            if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && reader.ValueIsEscaped)
            {
                reader.GetString();
            }
        }
    }

    /// <inheritdoc cref="Object(ReadOnlyMemory{byte}, string)"/>
    public static JsonElement Object(string text, string what) => Object(Encoding.UTF8.GetBytes(text), what);

    /// <summary>A member that is a text; null if there is none.</summary>
    /// <exception cref="InvalidDataException">It is something else.</exception>
    public static string? Text(this JsonElement element, string name)
    {
        if (element.Member(name) is not { } value)
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.String ? value.GetString() : throw Wrong(name, value, "a text");
    }

    public static bool Flag(this JsonElement element, string name, bool usual) => element.Member(name) switch
    {
        null => usual,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        { } value => throw Wrong(name, value, "true or false"),
    };

    public static double Number(this JsonElement element, string name, double usual) => element.Member(name) switch
    {
        null => usual,
        { ValueKind: JsonValueKind.Number } value when value.TryGetDouble(out double number) && double.IsFinite(number) => number,
        { } value => throw Wrong(name, value, "a number"),
    };

    /// <summary>The value as a number; null if it is none.</summary>
    public static double? TryGetDoubleSafely(this JsonElement value)
        => value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) ? number : null;

    /// <summary>A size from 1 on; null if there is none.</summary>
    public static int? Size(this JsonElement element, string name) => element.Member(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Number } value when value.TryGetDouble(out double number) && number is >= 1 and <= int.MaxValue
            && number == Math.Floor(number) => (int)number,
        { } value => throw Wrong(name, value, "a size from 1 on"),
    };

    /// <summary>A member that is neither absent nor null.</summary>
    public static JsonElement? Member(this JsonElement element, string name)
        => element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement value)
            && value.ValueKind != JsonValueKind.Null ? value : null;

    /// <summary>The elements of a member that is a list; none if it is absent.</summary>
    public static IEnumerable<JsonElement> Items(this JsonElement element, string name) => element.Member(name) switch
    {
        null => [],
        { ValueKind: JsonValueKind.Array } value => value.EnumerateArray(),
        { } value => throw Wrong(name, value, "a list"),
    };

    public static InvalidDataException Wrong(string name, JsonElement value, string wanted)
        => new($"'{name}' is {Shorten.Text(value.GetRawText())}; it has to be {wanted}.");
}
