using System.Text.Json;
using Lstm.Cells;

namespace Lstm.Formats;

/// <summary>Reads and writes layer specs as JSON, in the form of model files.</summary>
/// <remarks>
/// A spec is an object with a <c>kind</c> and properties in camel case, such as
/// <c>{"kind":"lstm","hiddenSize":64,"layers":2}</c>. A list is an array of such objects. All properties are written. When a spec
/// is read, a missing property has its default, and an unknown property is an error. No reflection is used, so trimmed and
/// natively compiled programs can use it.
/// </remarks>
public static class LayerSpecJson
{
    /// <summary>Writes one spec as a JSON object.</summary>
    /// <param name="spec">The spec to write.</param>
    /// <param name="indented">Whether the text is indented, on several lines. Default false.</param>
    /// <exception cref="ArgumentNullException"><paramref name="spec"/> is null.</exception>
    public static string ToJson(LayerSpec spec, bool indented = false)
    {
        ArgumentNullException.ThrowIfNull(spec);
        return SpecJson.Text(indented, json => SpecJson.WriteSpec(json, spec));
    }

    /// <summary>Writes a list of specs as a JSON array.</summary>
    /// <param name="specs">The specs to write.</param>
    /// <param name="indented">Whether the text is indented, on several lines. Default false.</param>
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

    /// <summary>Reads one spec from a JSON object.</summary>
    /// <param name="json">A text such as <see cref="ToJson(LayerSpec, bool)"/> writes; properties may be missing.</param>
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

    /// <summary>Reads a list of specs from a JSON array.</summary>
    /// <param name="json">
    /// A text such as <see cref="ToJson(IEnumerable{LayerSpec}, bool)"/> writes; properties may be missing.
    /// </param>
    /// <param name="cells">The custom cells that the text may name. Null, the default, for none.</param>
    /// <exception cref="ArgumentNullException"><paramref name="json"/> is null.</exception>
    /// <exception cref="InvalidDataException">
    /// The text is not a JSON array, or has an unknown kind or property, a value of a wrong type, or a custom cell that is not
    /// among <paramref name="cells"/>.
    /// </exception>
    public static LayerSpec[] ListFromJson(string json, IReadOnlyList<CustomCell>? cells = null)
    {
        ArgumentNullException.ThrowIfNull(json);
        return Resolved(SpecJson.Parse(json, element => element.ValueKind == JsonValueKind.Array
            ? SpecJson.ReadSpecs(element, isLatest: true)
            : throw new InvalidDataException(
                "The description of a list of layers has to be a JSON array; FromJson reads a single layer.")), cells);
    }

    private static LayerSpec[] Resolved(LayerSpec[] specs, IReadOnlyList<CustomCell>? cells)
    {
        SpecJson.Resolve(specs, cells ?? []);
        return specs;
    }
}
