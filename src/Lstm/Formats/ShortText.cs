namespace Lstm.Formats;

/// <summary>Text from a file in a message: whole if it is short, else its beginning and its length.</summary>
internal static class ShortText
{
    private const int MaxLength = 100;

    public static string Of(string? text) => text is null || text.Length <= MaxLength
        ? text ?? string.Empty
        : $"{text.AsSpan(0, char.IsHighSurrogate(text[MaxLength - 1]) ? MaxLength - 1 : MaxLength)}… ({text.Length} characters)";
}
