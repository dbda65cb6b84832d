namespace Lstm.Kernels.Products;

/// <summary>The grouping of a matrix's columns into panels, the unit that a register tile works on.</summary>
/// <remarks>
/// A line is one cache line of values (16 floats, 8 doubles). A panel is 1–4 lines wide and stores its matrix [K, width]
/// contiguously, row by row; panel q begins at <c>Start(q) · K</c>. Columns beyond the real ones pad the last line and
/// hold zeros. The layout does not depend on the SIMD width.
/// </remarks>
internal sealed class PanelLayout
{
    private const int LinesPerPanel = 4;
    private readonly int[] _starts;
    private readonly int _gates;

    // Lines of a panel's gates, by gate.
    private readonly int[] _lines;

    private PanelLayout(int columns, int line, int[] starts, params int[] lines)
    {
        Columns = columns;
        Line = line;
        _starts = starts;
        _gates = lines.Length;
        _lines = lines;
    }

    /// <summary>Real columns.</summary>
    public int Columns { get; }

    /// <summary>Values in a cache line.</summary>
    public int Line { get; }

    /// <summary>Columns with the padding.</summary>
    public int PaddedColumns => _starts[^1];

    public int PanelCount => _starts.Length - 1;

    /// <summary>First column of panel q; <c>Start(PanelCount)</c> is <see cref="PaddedColumns"/>.</summary>
    public int Start(int panel) => _starts[panel];

    public int Width(int panel) => _starts[panel + 1] - _starts[panel];

    /// <summary>
    /// Creates a layout of columns in their order, in panels as equal as whole lines allow: a single narrow panel would starve
    /// the tile.
    /// </summary>
    public static PanelLayout Plain<T>(int columns)
        where T : unmanaged => Plain(columns, LineOf<T>());

    /// <inheritdoc cref="Plain{T}(int)"/>
    public static PanelLayout Plain(int columns, int line)
    {
        int lines = Math.Max(1, checked(columns + line - 1) / line);
        int panels = (lines + LinesPerPanel - 1) / LinesPerPanel;
        int[] starts = new int[panels + 1];
        for (int q = 0; q < panels; q++)
        {
            starts[q + 1] = starts[q] + (line * ((lines / panels) + (q < lines % panels ? 1 : 0)));
        }

        return new PanelLayout(columns, line, starts);
    }

    /// <summary>
    /// The 4H pre-activations of a layer: each panel holds one line of units, as the lines i, f, g, o of the same units, so
    /// that a tile ends with all that these units' cell equations need.
    /// </summary>
    public static PanelLayout Gates<T>(int hiddenSize)
        where T : unmanaged => Gates(hiddenSize, LineOf<T>(), 4, 0, 1, 2, 3);

    /// <summary>The 3H peephole weights of a layer: each panel holds the lines i, f, o of its units.</summary>
    public static PanelLayout Peepholes(int hiddenSize, int line) => Gates(hiddenSize, line, 3, 0, 1, 2);

    /// <summary>Weights of the gates i f o alone: panels like those of all four gates, with padding in the line of g.</summary>
    public static PanelLayout GatesWithoutCandidate(int hiddenSize, int line) => Gates(hiddenSize, line, 4, 0, 1, 3);

    private static PanelLayout Gates(int hiddenSize, int line, int linesPerPanel, params int[] lines)
    {
        int panels = checked(hiddenSize + line - 1) / line;
        _ = checked(panels * linesPerPanel * line);
        int[] starts = new int[panels + 1];
        for (int q = 0; q < panels; q++)
        {
            starts[q + 1] = starts[q] + (linesPerPanel * line);
        }

        return new PanelLayout(checked(lines.Length * hiddenSize), line, starts, lines);
    }

    /// <summary>The column that holds output <paramref name="index"/>; for gates, index = gate·H + unit.</summary>
    public int ColumnOf(int index)
    {
        if (_gates == 0)
        {
            return index;
        }

        (int gate, int unit) = Math.DivRem(index, Columns / _gates);
        return _starts[unit / Line] + (_lines[gate] * Line) + (unit % Line);
    }

    /// <summary>Where element (row k, column) lies in a panel-packed matrix of <paramref name="rows"/> rows.</summary>
    public int IndexOf(int column, int k, int rows)
    {
        int found = Array.BinarySearch(_starts, column);
        int panel = found >= 0 ? found : ~found - 1;
        return (_starts[panel] * rows) + (k * Width(panel)) + column - _starts[panel];
    }

    /// <summary>Values of <typeparamref name="T"/> in a cache line.</summary>
    // SAFETY: `unsafe` only for sizeof; no pointer is used.
    public static unsafe int LineOf<T>()
        where T : unmanaged
        => 64 / sizeof(T);
}
