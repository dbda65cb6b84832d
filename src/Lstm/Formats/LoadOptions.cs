


using Lstm.Cells;
using Lstm.Texts;

namespace Lstm.Formats;

/// <summary>How a model file is read.</summary>
public sealed record LoadOptions
{
    /// <summary>
    /// Whether a network of one precision may be made from a file of another: values from narrower types (float16, bfloat16,
    /// float32) are exact, those from float64 are rounded to the nearest float. Default false: such a file is refused.
    /// </summary>
    public bool AllowPrecisionChange { get; init; }

    /// <summary>
    /// The custom cells that the file's layers may have: each layer's is found by its name and its settings. Default none: a file with another is
    /// refused.
    /// </summary>
    public IReadOnlyList<CustomCell> Cells { get; init; } = [];

    /// <summary>The properties that differ from their defaults, as C#; custom cells by name.</summary>
    public override string ToString()
    {
        CodeText text = new CodeText(nameof(LoadOptions)).Add(nameof(AllowPrecisionChange), AllowPrecisionChange, false);
        return Cells.Count == 0 ? text.ToString() : text.AddCode(nameof(Cells), $"[{Shortened.List([.. Cells.Select(cell => cell.Name)])}]").ToString();
    }
}
