using System.Text.Json;
using Lstm.Cells;

namespace Lstm.Formats;

/// <summary>Layer specs as JSON, in the form that model files have.</summary>
/// <remarks>
/// A spec is an object of its <c>kind</c> and its properties in camel case, <c>{"kind":"lstm","hiddenSize":64,"layers":2}</c>; a
/// list is an array
/// of them. All properties are written. When read, a missing property has its default, and an unknown one is an error. No
/// reflection is used, so
/// that trimmed and natively compiled programs can call it.
/// </remarks>
public static class LayerSpecJson
{
    /// <summary>Writes a spec.</summary>
    /// <param name="spec">The spec.</param>
    /// <param name="indented">Whether the text has several lines. Default false.</param>
    /// <exception cref="ArgumentNullException"><paramref name="spec"/> is null.</exception>
    public static string ToJson(LayerSpec spec, bool indented = false)
    {
        ArgumentNullException.ThrowIfNull(spec);
        return SpecJson.Text(indented, json => SpecJson.WriteSpec(json, spec));
    }

    /// <summary>Writes a list of specs.</summary>
    /// <param name="specs">The specs.</param>
    /// <param name="indented">Whether the text has several lines. Default false.</param>
    /// <exception cref="ArgumentNullException"><paramref name="specs"/> or one of them is null.</exception>
    public static string ToJson(IEnumerable<LayerSpec> specs, bool indented = false)
    {
        ArgumentNullException.ThrowIfNull(specs);
        return SpecJson.Text(indented, json =>
        {
            json.WriteStartArray();
            foreach (LayerSpec spec in specs)
            {
                ArgumentNullException.ThrowIfNull(spec, nameof(specs));
                SpecJson.WriteSpec(json, spec);
            }

            json.WriteEndArray();
        });
    }

    /// <summary>Reads a spec.</summary>
    /// <param name="json">The text that <see cref="ToJson(LayerSpec, bool)"/> writes, or one with fewer properties.</param>
    /// <param name="cells">The custom cells that the text may name. Null, the default, for none.</param>
    /// <exception cref="ArgumentNullException"><paramref name="json"/> is null.</exception>
    /// <exception cref="InvalidDataException">
    /// The text is not JSON, or has an unknown kind or property, a value of a wrong type, or a custom cell that is not among
    /// <paramref name="cells"/>.
    /// </exception>
    public static LayerSpec FromJson(string json, IReadOnlyList<CustomCell>? cells = null)
    {
        ArgumentNullException.ThrowIfNull(json);
        return Resolved(SpecJson.Parse<LayerSpec[]>(json, element => [SpecJson.ReadSpec(element, isLatest: true)]), cells)[0];
    }

    /// <summary>Reads a list of specs.</summary>
    /// <param name="json">The text that <see cref="ToJson(IEnumerable{LayerSpec}, bool)"/> writes, or one with fewer
    /// properties.</param>
    /// <param name="cells">The custom cells that the text may name. Null, the default, for none.</param>
    /// <exception cref="ArgumentNullException"><paramref name="json"/> is null.</exception>
    /// <exception cref="InvalidDataException">
    /// The text is not a JSON array, or has an unknown kind or property, a value of a wrong type, or a custom cell that is not
    /// among
    /// <paramref name="cells"/>.
    /// </exception>
    public static LayerSpec[] ListFromJson(string json, IReadOnlyList<CustomCell>? cells = null)
    {
        ArgumentNullException.ThrowIfNull(json);
        return Resolved(SpecJson.Parse(json, element => element.ValueKind == JsonValueKind.Array
            ? SpecJson.ReadSpecs(element, isLatest: true)
            : throw new InvalidDataException("The description of a list of layers is a JSON array.")), cells);
    }

    private static LayerSpec[] Resolved(LayerSpec[] specs, IReadOnlyList<CustomCell>? cells)
    {
        SpecJson.Resolve(specs, cells ?? []);
        return specs;
    }
}
