namespace Lstm.Cells;

/// <summary>
/// The base class of the equations of an LSTM cell, for <c>LstmSpec.Cell</c>: the built-in equations with their variants
/// (<see cref="LstmEquations"/>), or those of a custom cell (<see cref="CustomEquations"/>).
/// </summary>
public abstract record CellEquations
{
    private protected CellEquations()
    {
    }

    /// <summary>Returns the equations as C#, with the properties that differ from their defaults.</summary>
    public abstract override string ToString();

    /// <summary>The gates that the equations have.</summary>
    internal abstract LstmGates Gates { get; }
}
