namespace Lstm.Kernels.Recurrence;

/// <summary>
/// Where the state vectors of a cell lie for one vector of units: c in the first line, the others a line apart
/// (<see cref="ICell{T}.StateVectors"/>). A cell whose only state is c gets and returns it as a value and reads nothing here.
/// </summary>
/// <param name="previous">The states of the step before. In Forward they may lie where the new ones do.</param>
/// <param name="next">The new states.</param>
/// <param name="gradient">
/// In a backward pass the gradient of the new states, which becomes that of the states before; else null.
/// </param>
internal readonly unsafe struct StateLines<T>(T* previous, T* next, T* gradient)
    where T : unmanaged
{
    // SAFETY: nothing is read or written here. CellEpilogue makes these pointers from those it was given, each to a vector in the
    // first of the StateVectors lines of a row; CellStates, which reads the other lines, checks its indices against their number.
    public T* Previous => previous;

    public T* Next => next;

    public T* Gradient => gradient;
}
