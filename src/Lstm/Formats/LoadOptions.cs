


using Lstm.Cells;
using Lstm.Texts;

namespace Lstm.Formats;

/// <summary>Options for reading a model file.</summary>
public sealed record LoadOptions
{
    /// <summary>
    /// Whether a file of another precision than the network may be read. Values of narrower types (float16, bfloat16, float32)
    /// are converted exactly; values of float64 are rounded to the nearest float. Default false: such a file is refused.
    /// </summary>
    public bool AllowPrecisionChange { get; init; }

    /// <summary>
    /// The custom cells that the file's layers may use, found by their names and settings. Default none: a file with a custom
    /// cell is refused.
    /// </summary>
    public IReadOnlyList<CustomCell> Cells { get; init; } = [];

    /// <summary>The properties that differ from their defaults, as C#; custom cells by name.</summary>
    public override string ToString()
    {
        CodeText text = new CodeText(nameof(LoadOptions)).Add(nameof(AllowPrecisionChange), AllowPrecisionChange, false);
        string cells = Shortened.List([.. Cells.Select(cell => cell.Name)]);
        return (Cells.Count == 0 ? text : text.AddCode(nameof(Cells), $"[{cells}]")).ToString();
    }
}
