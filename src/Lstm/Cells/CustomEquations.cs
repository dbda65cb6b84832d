namespace Lstm.Cells;

/// <summary>
/// The equations of a custom cell in an LSTM layer. A <see cref="CustomCell"/> converts to this type implicitly.
/// </summary>
public sealed record CustomEquations : CellEquations
{
    /// <summary>Initializes the equations with a custom cell.</summary>
    /// <param name="cell">The cell, created with <see cref="CustomCell.Of{TCell}"/>.</param>
    /// <exception cref="ArgumentNullException"><paramref name="cell"/> is null.</exception>
    public CustomEquations(CustomCell cell)
    {
        ArgumentNullException.ThrowIfNull(cell);
        Cell = cell;
    }

    /// <summary>The custom cell that defines the equations.</summary>
    public CustomCell Cell { get; }

    internal override LstmGates Gates => Cell.Code.Gates;

    /// <summary>Returns the type's name with the cell's text in parentheses.</summary>
    public override string ToString() => $"{nameof(CustomEquations)}({Cell})";
}
