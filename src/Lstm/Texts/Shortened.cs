namespace Lstm.Texts;

/// <summary>Texts and lists of any length, cut to what a message can hold.</summary>
internal static class Shortened
{
    private const int Characters = 96;
    private const int Items = 12;

    /// <summary>The text, or its beginning and its length; nothing for null.</summary>
    public static string Text(string? text) => text is null || text.Length <= Characters
        ? text ?? string.Empty
        : $"{text.AsSpan(0, char.IsHighSurrogate(text[Characters - 1]) ? Characters - 1 : Characters)}… ({text.Length} " +
            $"characters)";

    /// <summary>The first items, and how many more there are.</summary>
    public static string List(IReadOnlyCollection<string> items)
    {
        string first = string.Join(", ", items.Take(Items).Select(Text));
        return items.Count <= Items ? first : $"{first} and {items.Count - Items} more";
    }
}
