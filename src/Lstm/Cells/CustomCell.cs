using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;

namespace Lstm.Cells;

/// <summary>
/// A custom cell and its name, for <see cref="CustomEquations"/> and, to load a model that has it, for <c>LoadOptions.Cells</c>.
/// </summary>
/// <remarks>Two are equal if their names and settings are.</remarks>
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

    /// <summary>The name, which files carry.</summary>
    public string Name { get; }

    /// <summary>
    /// The cell's text, which files carry beside the name: what its <c>ToString</c> says under the invariant culture, for a
    /// record struct without the type's name, <c>{ Beta = 1 }</c>.
    /// </summary>
    public string Settings { get; }

    /// <summary>The cell's equations, names and counts.</summary>
    /// <exception cref="InvalidOperationException">The cell is one that a file names.</exception>
    internal CellCode Code => _code ?? throw new InvalidOperationException($"The cell {this} is known by its name only.");

    /// <summary>Uses a custom cell in place of the built-in equations: <c>new LstmSpec(8) { Cell = cell }</c>.</summary>
    /// <param name="cell">The cell.</param>
    public static implicit operator CellEquations(CustomCell cell) => new CustomEquations(cell);

    /// <summary>Gives a cell a name.</summary>
    /// <typeparam name="TCell">The cell.</typeparam>
    /// <param name="name">The name by which files know it: not empty, without control characters.</param>
    /// <param name="cell">The cell with its settings.</param>
    /// <exception cref="ArgumentException">
    /// The name is empty or has a control character; or the cell has fields that its text does not tell, so that a file would not
    /// know its settings (a record struct tells its public properties and fields, if they are numbers, booleans or enumerations);
    /// or the names of the cell's weights are no names, double, or those of a layer's other weights; or its
    /// <see cref="ICustomCell{TSelf}.KeptCount"/> is below 0 or above 64, or its <see cref="ICustomCell{TSelf}.StateCount"/>
    /// below 1 or above 16.
    /// </exception>
    public static CustomCell Of<[DynamicallyAccessedMembers(LookedAt)] TCell>(string name, TCell cell)
        where TCell : unmanaged, ICustomCell<TCell>
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (name.Any(char.IsControl))
        {
            throw new ArgumentException("The name of a cell has no control characters.", nameof(name));
        }

        string settings = SettingsOf(cell);
        if (UntoldField(typeof(TCell)) is { } field)
        {
            throw new ArgumentException(
                $"The cell '{name}' has '{field}', which its text '{settings}' does not tell: files would not know it. "
                + "Make it a record struct whose settings are public properties "
                + "with no code of their own, of numbers, booleans and enumerations, or override ToString.",
                nameof(cell));
        }

        string[] weights = [.. TCell.WeightNames];
        foreach (string weight in weights)
        {
            if (string.IsNullOrEmpty(weight) || !weight.All(c => char.IsAsciiLetterOrDigit(c) || c == '_')
                || Taken.Contains(weight) || weights.Count(other => other == weight) > 1)
            {
                throw new ArgumentException(
                    $"The cell '{name}' has a weight of the name '{weight}'; names consist of letters, digits and underscores, "
                    + $"are not given twice, and none is {string.Join(", ", Taken)}.",
                    nameof(cell));
            }
        }

        if (TCell.StateCount is < 1 or > 16)
        {
            throw new ArgumentException(
                $"The cell '{name}' carries {TCell.StateCount} state vectors; StateCount has to be 1, for c alone, to 16.",
                nameof(cell));
        }

        return TCell.KeptCount is >= 0 and <= 64
            ? new CustomCell(name, settings, new CellCode<TCell>(name, cell, weights))
            : throw new ArgumentException(
                $"The cell '{name}' keeps {TCell.KeptCount} values per unit; 0 to 64 are possible.", nameof(cell));
    }

    /// <inheritdoc/>
    public bool Equals(CustomCell? other) => other is not null && Name == other.Name && Settings == other.Settings;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as CustomCell);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, Settings);

    /// <summary>Name and settings.</summary>
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
