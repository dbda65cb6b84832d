using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;

namespace Lstm.Cells;

/// <summary>
/// A custom cell with a name, for the spec of a layer, and for <c>LoadOptions.Cells</c> to load a model that uses the cell.
/// </summary>
/// <remarks>Two custom cells are equal if their names and settings are equal.</remarks>
public sealed class CustomCell : IEquatable<CustomCell>
{
    // What tells whether a cell's text says all about it.
    private const DynamicallyAccessedMemberTypes LookedAt =
        DynamicallyAccessedMemberTypes.PublicFields | DynamicallyAccessedMemberTypes.NonPublicFields
        | DynamicallyAccessedMemberTypes.PublicMethods | DynamicallyAccessedMemberTypes.NonPublicMethods
        | DynamicallyAccessedMemberTypes.PublicProperties;

    // Names that an LSTM layer's own weights have.
    private static readonly string[] Taken = ["ih", "hh", "ch", "hr", "gg"];

    private readonly CellCode? _code;

    private CustomCell(string name, string settings, CellCode? code)
    {
        (Name, Settings) = (name, settings);
        _code = code;
    }

    /// <summary>The name by which model files identify the cell.</summary>
    public string Name { get; }

    /// <summary>
    /// The cell's settings as text, saved in model files with the name: the result of <c>ToString</c> in the invariant culture.
    /// For a record struct the text is without the type's name, for example <c>{ Beta = 1 }</c>.
    /// </summary>
    public string Settings { get; }

    /// <summary>The cell's equations, names and counts.</summary>
    /// <exception cref="InvalidOperationException">The cell is one that a file names.</exception>
    internal CellCode Code => _code ?? throw new InvalidOperationException(
        $"The cell {this} is known only by the name in a file. Give the cell in LoadOptions.Cells.");

    /// <summary>Uses a custom cell in place of the built-in equations: <c>new LstmSpec(8) { Cell = cell }</c>.</summary>
    /// <param name="cell">The cell to use.</param>
    public static implicit operator CellEquations(CustomCell cell) => new CustomEquations(cell);

    /// <summary>Creates a custom cell with a name, for use in layers and files.</summary>
    /// <typeparam name="TCell">The type of the cell.</typeparam>
    /// <param name="name">The name by which model files identify the cell, not empty and without control characters.</param>
    /// <param name="cell">The cell, including its settings.</param>
    /// <exception cref="ArgumentException">
    /// The name is empty or has a control character. Or the cell's text does not contain all its fields, so that a file would not
    /// save all settings (the text of a record struct contains its public properties and fields; they have to be numbers,
    /// booleans or enumerations). Or the name of a weight is not valid, occurs twice, or is a name of a layer's other weights. Or
    /// <see cref="ICustomCell{TSelf}.KeptCount"/> is outside 0 … 64, or <see cref="ICustomCell{TSelf}.StateCount"/> outside 1 …
    /// 16.
    /// </exception>
    public static CustomCell Of<[DynamicallyAccessedMembers(LookedAt)] TCell>(string name, TCell cell)
        where TCell : unmanaged, ICustomCell<TCell>
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (name.Any(char.IsControl))
        {
            throw new ArgumentException("The name of a cell must not contain control characters.", nameof(name));
        }

        string settings = SettingsOf(cell);
        if (UntoldField(typeof(TCell)) is { } field)
        {
            throw new ArgumentException(
                $"The cell '{name}' has '{field}', which its text '{settings}' does not contain: files would not save it. "
                + "Make the cell a record struct whose settings are public auto-implemented properties "
                + "that are numbers, booleans or enumerations, or override ToString.",
                nameof(cell));
        }

        string[] weights = [.. TCell.WeightNames];
        foreach (string weight in weights)
        {
            if (string.IsNullOrEmpty(weight) || !weight.All(c => char.IsAsciiLetterOrDigit(c) || c == '_')
                || Taken.Contains(weight) || weights.Count(other => other == weight) > 1)
            {
                throw new ArgumentException(
                    $"The cell '{name}' has a weight with the name '{weight}'. Use unique names of letters, digits and "
                    + $"underscores, other than {string.Join(", ", Taken)}.",
                    nameof(cell));
            }
        }

        if (TCell.StateCount is < 1 or > 16)
        {
            throw new ArgumentException(
                $"The cell '{name}' carries {TCell.StateCount} state vectors; StateCount has to be in 1 … 16 (1 is c alone).",
                nameof(cell));
        }

        return TCell.KeptCount is >= 0 and <= 64
            ? new CustomCell(name, settings, new CellCode<TCell>(name, cell, weights))
            : throw new ArgumentException(
                $"The cell '{name}' keeps {TCell.KeptCount} values per unit; KeptCount has to be in 0 … 64.", nameof(cell));
    }

    /// <inheritdoc/>
    public bool Equals(CustomCell? other) => other is not null && Name == other.Name && Settings == other.Settings;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as CustomCell);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, Settings);

    /// <summary>Returns the name and the settings as text.</summary>
    public override string ToString() => Settings.Length == 0 ? Name : $"{Name} {Settings}";

    /// <summary>A cell that a file names, until it is found among those that the program knows.</summary>
    internal static CustomCell Saved(string name, string settings) => new(name, settings, null);

    // A text of the cell's own is trusted; that of a record struct consists of its public members, and says all about numbers,
    // booleans and enumerations; any other says nothing.
    private static string? UntoldField([DynamicallyAccessedMembers(LookedAt)] Type cell)
    {
        const BindingFlags Own = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        if (cell.GetMethod(nameof(ToString), Own, []) is { } text && !text.IsDefined(typeof(CompilerGeneratedAttribute)))
        {
            return null;
        }

        MethodInfo? print = cell.GetMethod("PrintMembers", Own, [typeof(StringBuilder)]);
        if (print is not null && !print.IsDefined(typeof(CompilerGeneratedAttribute)))
        {
            return null;
        }

        foreach (FieldInfo field in cell.GetFields(Own))
        {
            // The field behind a property is named after it: <Beta>k__BackingField.
            string name = field.Name.StartsWith('<')
                ? field.Name[1..field.Name.IndexOf('>', StringComparison.Ordinal)] : field.Name;
            bool isPublic = field.IsPublic || (name != field.Name && cell.GetProperty(name)?.GetMethod?.IsPublic == true);
            bool tellsAll = field.FieldType == typeof(bool) || typeof(IFormattable).IsAssignableFrom(field.FieldType);
            if (print is null || !isPublic || !tellsAll)
            {
                return name;
            }
        }

        return null;
    }

    private static string SettingsOf<TCell>(TCell cell)
        where TCell : unmanaged
    {
        CultureInfo culture = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
            string text = cell.ToString() ?? string.Empty;
            int settings = text.IndexOf('{', StringComparison.Ordinal);
            return settings >= 0 ? text[settings..] : text == typeof(TCell).ToString() ? string.Empty : text;
        }
        finally
        {
            CultureInfo.CurrentCulture = culture;
        }
    }
}
