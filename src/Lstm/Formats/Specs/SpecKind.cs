using System.Text.Json;
using Lstm.Texts;

namespace Lstm.Formats;

/// <summary>The JSON form of the specs of one type: it writes them and reads them.</summary>
/// <typeparam name="TBase">The type of which it is one kind.</typeparam>
internal abstract class SpecKind<TBase>
    where TBase : class
{
    /// <summary>The property that says which kind of spec it is.</summary>
    public const string Kind = "kind";

    /// <summary>The kind's name in JSON; null where there is one kind only.</summary>
    public abstract string? Name { get; }

    /// <summary>All words that its JSON can have, but "kind": names of properties, and of values of enumerations.</summary>
    public abstract IEnumerable<string> Words { get; }

    public abstract bool Is(TBase spec);

    /// <summary>Writes the properties, the kind's name first.</summary>
    public abstract void Write(Utf8JsonWriter json, TBase spec);

    public abstract TBase Read(JsonElement json);

    /// <summary>Fewest values that the parameters of such a layer can have: a limit for sizes in broken files.</summary>
    public abstract Int128 LeastValues(TBase spec);

    /// <summary>The kind that a JSON object names.</summary>
    /// <param name="kinds">All kinds.</param>
    /// <param name="json">The object.</param>
    /// <param name="what">What it describes, for the message.</param>
    /// <exception cref="InvalidDataException">It is no object, or names none of them.</exception>
    public static SpecKind<TBase> Named(SpecKind<TBase>[] kinds, JsonElement json, string what)
    {
        if (!ObjectOf(json).TryGetProperty(Kind, out JsonElement value))
        {
            throw new InvalidDataException($"The description lacks '{Kind}' of {what}; give {Names()}.");
        }

        string? name = value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        return Array.Find(kinds, candidate => candidate.Name == name) ?? throw new InvalidDataException(
            $"The description has {what} of unknown kind {Shortened.Text(name is null ? value.GetRawText() : $"'{name}'")}; " +
            $"give {Names()}.");

        string Names() => string.Join(", ", kinds.Select(kind => $"'{kind.Name}'"));
    }

    public static JsonElement ObjectOf(JsonElement json) => json.ValueKind == JsonValueKind.Object
        ? json
        : throw new InvalidDataException($"The description has {Shortened.Text(json.GetRawText())} where an object belongs.");
}

/// <inheritdoc/>
/// <param name="name">Its name in JSON; null where there is one kind only.</param>
/// <param name="what">What it describes, for messages: "a layer of kind 'lstm'".</param>
/// <param name="start">Makes a spec with the defaults.</param>
/// <param name="leastValues">Fewest values that the parameters of such a layer can have.</param>
/// <param name="properties">All properties.</param>
internal sealed class SpecKind<TBase, TSpec>(
    string? name, string what, Func<TSpec> start, Func<TSpec, Int128> leastValues, params SpecProperty<TSpec>[] properties)
    : SpecKind<TBase>
    where TBase : class
    where TSpec : class, TBase
{
    public override string? Name => name;

    public override IEnumerable<string> Words
        => properties.SelectMany(property => property.Words).Concat(name is null ? [] : [name]);

    public override bool Is(TBase spec) => spec is TSpec;

    public override Int128 LeastValues(TBase spec) => leastValues((TSpec)spec);

    public override void Write(Utf8JsonWriter json, TBase spec)
    {
        if (name is not null)
        {
            json.WriteString(Kind, name);
        }

        foreach (SpecProperty<TSpec> property in properties)
        {
            property.Write(json, (TSpec)spec);
        }
    }

    public override TBase Read(JsonElement json)
    {
        TSpec spec = start();
        foreach (JsonProperty member in ObjectOf(json).EnumerateObject())
        {
            if (name is not null && member.NameEquals(Kind))
            {
                continue;
            }

            SpecProperty<TSpec> property = Array.Find(properties, property => member.NameEquals(property.Name))
                ?? throw new InvalidDataException(
                    $"The description has the unknown property '{Shortened.Text(member.Name)}' in {what}.");
            spec = property.Read(spec, member.Value) ?? throw new InvalidDataException(
                $"The description has {Shortened.Text(member.Value.GetRawText())} as '{property.Name}' of {what}.");
        }

        SpecProperty<TSpec>? absent =
            Array.Find(properties, property => property.IsRequired && !json.TryGetProperty(property.Name, out _));
        return absent is { } missing
            ? throw new InvalidDataException($"The description lacks '{missing.Name}' of {what}.")
            : spec;
    }
}
