using Lstm.Cells;

namespace Lstm.Formats;

/// <summary>Reads layer specs from settings by path, such as a section of <c>IConfiguration</c>.</summary>
/// <remarks>
/// <para>The settings are pairs of a path and a text, such as <c>0:kind</c> and <c>lstm</c>, <c>0:hiddenSize</c> and <c>64</c>.
/// In <c>Microsoft.Extensions.Configuration</c>, <c>AsEnumerable(makePathsRelative: true)</c> returns the settings of a
/// section:</para>
/// <code>
/// LayerSpec[] layers = LayerSpecSettings.ReadList(configuration.GetSection("layers").AsEnumerable(makePathsRelative: true));
/// </code>
/// <para>The kinds and properties are those of <see cref="LayerSpecJson"/>. Upper and lower case are the same, except in names
/// and in the settings of custom cells. Numbers are written with a decimal point. No reflection is used.</para>
/// </remarks>
public static class LayerSpecSettings
{
    /// <summary>Reads one spec.</summary>
    /// <param name="settings">The settings, with paths relative to the spec. A pair whose value is null has no effect.</param>
    /// <param name="cells">The custom cells that the settings may name. Null, the default, for none.</param>
    /// <returns>The spec, with the defaults of the properties that the settings do not have.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="settings"/> is null.</exception>
    /// <exception cref="ArgumentException">A path is null.</exception>
    /// <exception cref="InvalidDataException">
    /// The settings have an unknown kind or property, a value of a wrong type, a path twice, or a custom cell
    /// that is not among <paramref name="cells"/>.
    /// </exception>
    public static LayerSpec Read(IEnumerable<KeyValuePair<string, string?>> settings, IReadOnlyList<CustomCell>? cells = null)
        => LayerSpecJson.FromJson(JsonOf(settings, isList: false), cells);

    /// <summary>Reads a list of specs, in the order of their numbers.</summary>
    /// <param name="settings">
    /// The settings, with paths relative to the list: a path starts with the number of the layer, 0, 1, 2, … A pair whose value
    /// is null has no effect, but a layer needs settings.
    /// </param>
    /// <param name="cells">The custom cells that the settings may name. Null, the default, for none.</param>
    /// <returns>The specs; none for no settings, such as those of a section that does not exist.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="settings"/> is null.</exception>
    /// <exception cref="ArgumentException">A path is null.</exception>
    /// <exception cref="InvalidDataException">
    /// The settings have a layer without a number or a gap in the numbers, an unknown kind or property, a value of a wrong type,
    /// a path twice, or a custom cell that is not among <paramref name="cells"/>.
    /// </exception>
    public static LayerSpec[] ReadList(
        IEnumerable<KeyValuePair<string, string?>> settings, IReadOnlyList<CustomCell>? cells = null)
        => LayerSpecJson.ListFromJson(JsonOf(settings, isList: true), cells);

    private static string JsonOf(IEnumerable<KeyValuePair<string, string?>> settings, bool isList)
    {
        ArgumentNullException.ThrowIfNull(settings);
        SettingsNode root = new();
        foreach ((string path, string? value) in settings)
        {
            root.Set(path ?? throw new ArgumentException("A path of the settings is null.", nameof(settings)), value);
        }

        return SpecJson.Text(false, isList ? root.WriteList : root.Write);
    }
}
