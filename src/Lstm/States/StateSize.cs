namespace Lstm.Specs;

/// <summary>The sizes of the hidden and cell state of one entry of a <see cref="NetworkState{T}"/>, per sequence.</summary>
/// <param name="Hidden">
/// The number of values of the hidden state, which the gates of the next step read: H, or P with a projection. With recurrent
/// gates 3H more, the gates i f o.
/// </param>
/// <param name="Cell">
/// The number of values of the cell state: H, or H times the number of state vectors of a custom cell, one vector after the
/// other.
/// </param>
public readonly record struct StateSize(int Hidden, int Cell)
{
    /// <inheritdoc/>
    public override string ToString() => Hidden == Cell ? $"{Hidden}" : $"{Hidden}/{Cell}";
}
