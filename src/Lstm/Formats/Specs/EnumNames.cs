using System.Text.Json;

namespace Lstm.Formats;

/// <summary>The names of an enumeration's values in JSON, in camel case; made once.</summary>
internal static class EnumNames<TEnum>
    where TEnum : struct, Enum
{
    private static readonly TEnum[] Values = Enum.GetValues<TEnum>();
    private static readonly string[] Names = Array.ConvertAll(Values, NameOf);

    public static IEnumerable<string> All => Names;

    public static string Of(TEnum value) => Array.IndexOf(Values, value) is >= 0 and int i ? Names[i] : NameOf(value);

    /// <summary>The value of a name; null if the JSON is none.</summary>
    public static TEnum? Find(JsonElement json)
    {
        for (int i = 0; json.ValueKind == JsonValueKind.String && i < Values.Length; i++)
        {
            if (json.ValueEquals(Names[i]))
            {
                return Values[i];
            }
        }

        return null;
    }

    private static string NameOf(TEnum value) => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());
}
