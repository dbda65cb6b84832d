namespace Lstm.Texts;

/// <summary>Names that an optimizer or a schedule gives to what checkpoints save of it.</summary>
internal static class StateNames
{
    /// <summary>Refuses names that a file could not tell apart.</summary>
    /// <exception cref="ArgumentException">
    /// A name is there twice, or has other characters than letters, digits and underscores of ASCII.
    /// </exception>
    public static void Check(IReadOnlyList<string> names, string argument)
    {
        HashSet<string> seen = [];
        foreach (string? name in names)
        {
            if (string.IsNullOrEmpty(name) || !name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_'))
            {
                throw new ArgumentException(
                    $"'{Shortened.Text(name)}' is no name of a state: use ASCII letters, digits and underscores.", argument);
            }

            if (!seen.Add(name))
            {
                throw new ArgumentException($"The name '{Shortened.Text(name)}' is there twice.", argument);
            }
        }
    }
}
