namespace Lstm.Cells;

/// <summary>The equations of a custom cell. A <see cref="CustomCell"/> converts to it.</summary>
public sealed record CustomEquations : CellEquations
{
    /// <summary>Uses a custom cell.</summary>
    /// <param name="cell">The cell, which <see cref="CustomCell.Of{TCell}"/> makes.</param>
    /// <exception cref="ArgumentNullException"><paramref name="cell"/> is null.</exception>
    public CustomEquations(CustomCell cell)
    {
        ArgumentNullException.ThrowIfNull(cell);
        Cell = cell;
    }

    /// <summary>The custom cell.</summary>
    public CustomCell Cell { get; }

    internal override LstmGates Gates => Cell.Code.Gates;

    /// <summary>The text of the cell in brackets.</summary>
    public override string ToString() => $"{nameof(CustomEquations)}({Cell})";
}
