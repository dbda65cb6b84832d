namespace Lstm.Specs;

/// <summary>Values per sequence of one entry of a <see cref="NetworkState{T}"/>.</summary>
/// <param name="Hidden">
/// Of the hidden state, all that the next step's gates see of the step before: H, or P with a projection; with recurrent gates
/// then 3H more, the gates i f o.
/// </param>
/// <param name="Cell">
/// Of the cell state: H, or, for a custom cell that carries several state vectors, H of each, one vector after the other.
/// </param>
public readonly record struct StateSize(int Hidden, int Cell)
{
    /// <inheritdoc/>
    public override string ToString() => Hidden == Cell ? $"{Hidden}" : $"{Hidden}/{Cell}";
}
