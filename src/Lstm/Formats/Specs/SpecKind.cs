using System.Text.Json;
using Lstm.Texts;

namespace Lstm.Formats;

/// <summary>How the specs of one kind are written to and read from JSON.</summary>
internal abstract class SpecKind
{
    /// <summary>Its name in JSON.</summary>
    public abstract string Name { get; }

    public abstract bool Is(LayerSpec spec);

    public abstract void Write(Utf8JsonWriter json, LayerSpec spec);

    public abstract LayerSpec Read(JsonElement json);

    /// <summary>Fewest values that the parameters of such a layer can have: a limit for sizes in broken files.</summary>
    public abstract Int128 LeastValues(LayerSpec spec);
}

/// <inheritdoc/>
/// <param name="name">Its name in JSON.</param>
/// <param name="start">Makes a spec with the defaults.</param>
/// <param name="leastValues">Fewest values that the parameters of such a layer can have.</param>
/// <param name="properties">All properties but the layer's name.</param>
internal sealed class SpecKind<TSpec>(string name, Func<TSpec> start, Func<TSpec, Int128> leastValues, params SpecProperty<TSpec>[] properties) : SpecKind
    where TSpec : LayerSpec
{
    private readonly SpecProperty<TSpec>[] _properties =
    [
        SpecProperty<TSpec>.String("name", spec => spec.Name, (spec, value) => spec with { Name = value }),
        .. properties,
    ];

    public override string Name => name;

    public override bool Is(LayerSpec spec) => spec is TSpec;

    public override Int128 LeastValues(LayerSpec spec) => leastValues((TSpec)spec);

    public override void Write(Utf8JsonWriter json, LayerSpec spec)
    {
        foreach (SpecProperty<TSpec> property in _properties)
        {
            property.Write(json, (TSpec)spec);
        }
    }

    public override LayerSpec Read(JsonElement json)
    {
        TSpec spec = start();
        foreach (JsonProperty member in json.EnumerateObject())
        {
            if (member.NameEquals(SpecJson.Kind))
            {
                continue;
            }

            SpecProperty<TSpec> property = Array.Find(_properties, property => member.NameEquals(property.Name))
                ?? throw new InvalidDataException($"The model's description has the unknown property '{Shortened.Text(member.Name)}' in a layer of kind '{name}'.");
            spec = property.Read(spec, member.Value) ?? throw new InvalidDataException(
                $"The model's description has {Shortened.Text(member.Value.GetRawText())} as '{property.Name}' of a layer of kind '{name}'.");
        }

        return Array.Find(_properties, property => property.IsRequired && !json.TryGetProperty(property.Name, out _)) is { } missing
            ? throw new InvalidDataException($"The model's description lacks '{missing.Name}' of a layer of kind '{name}'.")
            : spec;
    }
}
