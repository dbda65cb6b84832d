namespace Lstm.Keras.Files;

/// <summary>Texts of files in messages.</summary>
internal static class Shorten
{
    private const int Most = 80;

    /// <summary>A text without control characters and of a bounded length.</summary>
    public static string Text(string text)
    {
        string shortened = text.Length > Most ? text[..Most] + "…" : text;
        return shortened.Any(char.IsControl) ? string.Concat(shortened.Select(c => char.IsControl(c) ? '?' : c)) : shortened;
    }

    /// <summary>Sizes as a shape.</summary>
    public static string Shape(IEnumerable<int> sizes) => $"[{string.Join(", ", sizes)}]";
}
