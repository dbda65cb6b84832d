using System.Globalization;

namespace Lstm.Texts;

/// <summary>Numbers of things in texts.</summary>
internal static class Counted
{
    /// <summary>The number and the noun in singular or plural: <c>1 row</c>, <c>4,385 parameters</c>.</summary>
    public static string Of(long count, string noun)
        => string.Create(CultureInfo.InvariantCulture, $"{count:N0} {noun}{(count == 1 ? string.Empty : "s")}");
}
