using System.Globalization;
using System.Text;

namespace Lstm.Texts;

/// <summary>Text that is the same in every culture.</summary>
internal static class InvariantText
{
    /// <summary>Makes a text in the invariant culture.</summary>
    public static string Of(FormattableString text) => FormattableString.Invariant(text);

    /// <summary>
    /// Makes the text of a record, <c>Name { Member = value, … }</c>; the members that a compiler writes print in the current
    /// culture.
    /// </summary>
    /// <param name="name">The record's name.</param>
    /// <param name="printMembers">The record's own method of this name.</param>
    public static string OfRecord(string name, Func<StringBuilder, bool> printMembers)
    {
        CultureInfo culture = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
            StringBuilder text = new();
            text.Append(name).Append(" { ");
            return text.Append(printMembers(text) ? " }" : "}").ToString();
        }
        finally
        {
            CultureInfo.CurrentCulture = culture;
        }
    }
}
