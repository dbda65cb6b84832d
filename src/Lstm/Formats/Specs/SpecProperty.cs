using System.Text.Json;
using Lstm.Cells;

namespace Lstm.Formats;

/// <summary>How one property of a spec is written to and read from JSON.</summary>
/// <param name="Name">Its name in JSON.</param>
/// <param name="IsRequired">Whether it has no default.</param>
/// <param name="Write">Writes name and value, or nothing for null.</param>
/// <param name="Read">Returns the spec with the property set; null if the JSON value is not of its type.</param>
internal sealed record SpecProperty<TSpec>(
    string Name, bool IsRequired, Action<Utf8JsonWriter, TSpec> Write, Func<TSpec, JsonElement, TSpec?> Read)
    where TSpec : class
{
    /// <summary>All words that its JSON can have: its name, those of values of an enumeration, and those of a part.</summary>
    public IEnumerable<string> Words => MoreWords is null ? [Name] : [Name, .. MoreWords()];

    // Made when they are asked for: loading a model does not.
    private Func<IEnumerable<string>>? MoreWords { get; init; }

    /// <summary>Makes the property one of a whole that has the spec as a part.</summary>
    public SpecProperty<TWhole> Of<TWhole>(Func<TWhole, TSpec> get, Func<TWhole, TSpec, TWhole> with)
        where TWhole : class
        => new(Name, IsRequired, (json, whole) => Write(json, get(whole)),
            (whole, json) => Read(get(whole), json) is { } spec ? with(whole, spec) : null);

    public static SpecProperty<TSpec> Int(
        string name, Func<TSpec, int?> get, Func<TSpec, int, TSpec> with, bool isRequired = false)
        => new(name, isRequired,
            (json, spec) =>
            {
                if (get(spec) is { } value)
                {
                    json.WriteNumber(name, value);
                }
            },
            (spec, json) => json.ValueKind == JsonValueKind.Number && json.TryGetInt32(out int value) ? with(spec, value) : null);

    public static SpecProperty<TSpec> Double(
        string name, Func<TSpec, double?> get, Func<TSpec, double, TSpec> with, bool isRequired = false)
        => new(name, isRequired,
            (json, spec) =>
            {
                if (get(spec) is { } value)
                {
                    json.WriteNumber(name, value);
                }
            },
            (spec, json) => TryGetNumber(json, out double value) ? with(spec, value) : null);

    public static SpecProperty<TSpec> Bool(string name, Func<TSpec, bool> get, Func<TSpec, bool, TSpec> with)
        => new(name, false, (json, spec) => json.WriteBoolean(name, get(spec)),
            (spec, json) => json.ValueKind is JsonValueKind.True or JsonValueKind.False ? with(spec, json.GetBoolean()) : null);

    public static SpecProperty<TSpec> String(
        string name, Func<TSpec, string?> get, Func<TSpec, string, TSpec?> with, bool isRequired = false)
        => new(name, isRequired,
            (json, spec) =>
            {
                if (get(spec) is { } value)
                {
                    json.WriteString(name, value);
                }
            },
            (spec, json) => json.ValueKind == JsonValueKind.String ? with(spec, json.GetString()!) : null);

    /// <summary>A value of an enumeration, by its name in camel case.</summary>
    public static SpecProperty<TSpec> Enum<TEnum>(
        string name, Func<TSpec, TEnum> get, Func<TSpec, TEnum, TSpec> with, bool isRequired = false)
        where TEnum : struct, Enum
        => new(name, isRequired, (json, spec) => json.WriteString(name, EnumNames<TEnum>.Of(get(spec))),
            (spec, json) => EnumNames<TEnum>.Find(json) is { } value ? with(spec, value) : null)
        {
            MoreWords = () => EnumNames<TEnum>.All,
        };

    /// <summary>An activation, as an object {"function", "alpha", "beta"}; nothing for null.</summary>
    public static SpecProperty<TSpec> Activation(
        string name, Func<TSpec, LstmActivation?> get, Func<TSpec, LstmActivation, TSpec> with)
        => new(name, false,
            (json, spec) =>
            {
                if (get(spec) is { } value)
                {
                    json.WriteStartObject(name);
                    json.WriteString("function", EnumNames<LstmActivationFunction>.Of(value.Function));
                    json.WriteNumber("alpha", value.Alpha);
                    json.WriteNumber("beta", value.Beta);
                    json.WriteEndObject();
                }
            },
            (spec, json) => ReadActivation(json) is { } activation ? with(spec, activation) : null)
        {
            MoreWords = () => ["function", "alpha", "beta", .. EnumNames<LstmActivationFunction>.All],
        };

    /// <summary>A part of the spec, as an object of its properties; nothing for null.</summary>
    public static SpecProperty<TSpec> Part<TPart>(
        string name, Func<TSpec, TPart?> get, Func<TSpec, TPart, TSpec> with, SpecKind<TPart> kind)
        where TPart : class
        => new(name, false, (json, spec) => WritePart(json, name, get(spec), kind),
            (spec, json) => json.ValueKind == JsonValueKind.Object ? with(spec, kind.Read(json)) : null)
        {
            MoreWords = () => kind.Words,
        };

    /// <summary>
    /// A part of the spec of one of several kinds, as an object of "kind" and the properties; nothing for null.
    /// </summary>
    public static SpecProperty<TSpec> PartOf<TPart>(
        string name, Func<TSpec, TPart?> get, Func<TSpec, TPart, TSpec> with, string what, params SpecKind<TPart>[] kinds)
        where TPart : class
        => new(name, false,
            (json, spec) =>
            {
                if (get(spec) is { } part)
                {
                    WritePart(json, name, part, Array.Find(kinds, kind => kind.Is(part))!);
                }
            },
            (spec, json) => json.ValueKind == JsonValueKind.Object
                ? with(spec, SpecKind<TPart>.Named(kinds, json, what).Read(json))
                : null)
        {
            MoreWords = () => kinds.SelectMany(kind => kind.Words),
        };

    private static void WritePart<TPart>(Utf8JsonWriter json, string name, TPart? part, SpecKind<TPart> kind)
        where TPart : class
    {
        if (part is not null)
        {
            json.WriteStartObject(name);
            kind.Write(json, part);
            json.WriteEndObject();
        }
    }

    private static LstmActivation? ReadActivation(JsonElement json)
    {
        LstmActivation? activation = json.ValueKind == JsonValueKind.Object
            && json.TryGetProperty("function", out JsonElement function)
            && EnumNames<LstmActivationFunction>.Find(function) is { } known
                ? new(known)
                : null;
        foreach (JsonProperty property in activation is null ? default : json.EnumerateObject())
        {
            bool isNumber = TryGetNumber(property.Value, out double number);
            activation = property.Name switch
            {
                "function" => activation,
                "alpha" when isNumber => activation! with { Alpha = number },
                "beta" when isNumber => activation! with { Beta = number },
                _ => null,
            };
            if (activation is null)
            {
                return null;
            }
        }

        return activation;
    }

    /// <summary>A number that a double can hold: 1e400 is valid JSON, and would be read as ∞, which no JSON can say.</summary>
    private static bool TryGetNumber(JsonElement json, out double number)
    {
        number = 0;
        return json.ValueKind == JsonValueKind.Number && json.TryGetDouble(out number) && double.IsFinite(number);
    }
}
