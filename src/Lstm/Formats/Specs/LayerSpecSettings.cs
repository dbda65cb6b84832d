using Lstm.Cells;

namespace Lstm.Formats;

/// <summary>Layer specs from settings by path, such as those of <c>IConfiguration</c>.</summary>
/// <remarks>
/// <para>The settings are pairs of a path and a text, <c>0:kind</c> and <c>lstm</c>, <c>0:hiddenSize</c> and <c>64</c>. A section of
/// <c>Microsoft.Extensions.Configuration</c> gives them by <c>AsEnumerable(makePathsRelative: true)</c>:</para>
/// <code>
/// LayerSpec[] layers = LayerSpecSettings.ReadList(configuration.GetSection("layers").AsEnumerable(makePathsRelative: true));
/// </code>
/// <para>The kinds and properties are those of <see cref="LayerSpecJson"/>, in upper or lower case. No reflection is used.</para>
/// </remarks>
public static class LayerSpecSettings
{
    /// <summary>Reads a spec.</summary>
    /// <param name="settings">The settings, with paths relative to the spec. Pairs with a null value have no effect.</param>
    /// <param name="cells">The custom cells that the settings may name. Null, the default, for none.</param>
    /// <exception cref="ArgumentNullException"><paramref name="settings"/> is null.</exception>
    /// <exception cref="InvalidDataException">
    /// The settings have an unknown kind or property, a value of a wrong type, or a custom cell that is not among <paramref name="cells"/>.
    /// </exception>
    public static LayerSpec Read(IEnumerable<KeyValuePair<string, string?>> settings, IReadOnlyList<CustomCell>? cells = null)
        => LayerSpecJson.FromJson(JsonOf(settings, isList: false), cells);

    /// <summary>Reads a list of specs, in the order of their numbers.</summary>
    /// <param name="settings">
    /// The settings, with paths relative to the list: a path starts with the number of the layer. Pairs with a null value have no effect.
    /// </param>
    /// <param name="cells">The custom cells that the settings may name. Null, the default, for none.</param>
    /// <exception cref="ArgumentNullException"><paramref name="settings"/> is null.</exception>
    /// <exception cref="InvalidDataException">
    /// The settings have a layer without a number, an unknown kind or property, a value of a wrong type, or a custom cell that is not among
    /// <paramref name="cells"/>.
    /// </exception>
    public static LayerSpec[] ReadList(IEnumerable<KeyValuePair<string, string?>> settings, IReadOnlyList<CustomCell>? cells = null)
        => LayerSpecJson.ListFromJson(JsonOf(settings, isList: true), cells);

    private static string JsonOf(IEnumerable<KeyValuePair<string, string?>> settings, bool isList)
    {
        ArgumentNullException.ThrowIfNull(settings);
        SettingsNode root = new();
        foreach ((string path, string? value) in settings)
        {
            if (value is not null)
            {
                root.Set(path, value);
            }
        }

        return SpecJson.Text(false, json => root.Write(json, isList));
    }
}
