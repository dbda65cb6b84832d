using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Lstm.Texts;

namespace Lstm.Cells;

/// <summary>
/// The state vectors that a custom cell carries from step to step besides c, for one vector of units. Their numbers are 1 to
/// <see cref="ICustomCell{TSelf}.StateCount"/> − 1.
/// </summary>
/// <remarks>The cell state c has the number 0 and is not included: the cell's methods receive and return it.</remarks>
/// <typeparam name="TLane">The vector type.</typeparam>
public readonly unsafe ref struct CellStates<TLane>
    where TLane : struct, ILane<TLane>
{
    // A line of memory is that of the units of a panel: 64 bytes, of which a vector takes all or a part.
    private const nint LineBytes = 64;

    private readonly byte* _previous;
    private readonly byte* _next;
    private readonly byte* _gradient;
    private readonly int _count;
    private readonly bool _isForward;

    // SAFETY: LaneCell makes this from the pointers of StateLines, each to the first of `count` lines of a row, which
    // DirectionTape.Prepare and ClearStateGradients have reserved; a pointer that a method of the cell may not use is null. Each
    // access checks its index against the count (Check) and its pointer against null (Require).
    internal CellStates(void* previous, void* next, void* gradient, int count, bool isForward)
    {
        _previous = (byte*)previous;
        _next = (byte*)next;
        _gradient = (byte*)gradient;
        _count = count;
        _isForward = isForward;
    }

    /// <summary>Returns the number of state vectors besides c as text.</summary>
    public override string ToString() => Counted.Of(_count - 1, "state vector") + " beside c";

    /// <summary>
    /// Gets a state vector of this step. In Forward, the value is that of the previous step until <see cref="Set"/> changes it.
    /// </summary>
    /// <param name="index">The number of the state vector, 1 … <see cref="ICustomCell{TSelf}.StateCount"/> − 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The cell has not declared such a state vector.</exception>
    public TLane this[int index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Unsafe.ReadUnaligned<TLane>(_next + Offset(index));
    }

    /// <summary>Gets the value of a state vector at the previous step. For use in Backward.</summary>
    /// <param name="index">The number of the state vector, 1 … <see cref="ICustomCell{TSelf}.StateCount"/> − 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The cell has not declared such a state vector.</exception>
    /// <exception cref="InvalidOperationException">The cell's method that is running is not Backward.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Previous(int index)
    {
        Require(_previous != null, "the previous value is read in Backward; Forward has it in the indexer until Set");
        return Unsafe.ReadUnaligned<TLane>(_previous + Offset(index));
    }

    /// <summary>
    /// Sets the new value of a state vector. For use in Forward. A state vector that is not set keeps its value.
    /// </summary>
    /// <param name="index">The number of the state vector, 1 … <see cref="ICustomCell{TSelf}.StateCount"/> − 1.</param>
    /// <param name="value">The new value.</param>
    /// <exception cref="ArgumentOutOfRangeException">The cell has not declared such a state vector.</exception>
    /// <exception cref="InvalidOperationException">The cell's method that is running is not Forward.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Set(int index, TLane value)
    {
        Require(_isForward, "a state vector is set in Forward");
        Unsafe.WriteUnaligned(_next + Offset(index), value);
    }

    /// <summary>
    /// Gets the gradient of a state vector of this step. For use in OutputBackward and Backward. The gradient includes the
    /// contribution of later steps, and reflects calls of <see cref="SetGradient"/>.
    /// </summary>
    /// <param name="index">The number of the state vector, 1 … <see cref="ICustomCell{TSelf}.StateCount"/> − 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The cell has not declared such a state vector.</exception>
    /// <exception cref="InvalidOperationException">The cell's method that is running is Forward or Output.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Gradient(int index)
    {
        Require(_gradient != null, "gradients are read in OutputBackward and Backward");
        return Unsafe.ReadUnaligned<TLane>(_gradient + Offset(index));
    }

    /// <summary>
    /// Sets the gradient of a state vector. OutputBackward sets the gradient of this step, including the contribution of h;
    /// Backward sets the gradient of the previous step after all reads.
    /// </summary>
    /// <param name="index">The number of the state vector, 1 … <see cref="ICustomCell{TSelf}.StateCount"/> − 1.</param>
    /// <param name="gradient">The gradient.</param>
    /// <exception cref="ArgumentOutOfRangeException">The cell has not declared such a state vector.</exception>
    /// <exception cref="InvalidOperationException">The cell's method that is running is Forward or Output.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void SetGradient(int index, TLane gradient)
    {
        Require(_gradient != null, "gradients are set in OutputBackward and Backward");
        Unsafe.WriteUnaligned(_gradient + Offset(index), gradient);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private nint Offset(int index)
    {
        if ((uint)(index - 1) >= (uint)(_count - 1))
        {
            ThrowIndex(index, _count);
        }

        return index * LineBytes;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Require(bool isAllowed, string rule)
    {
        if (!isAllowed)
        {
            ThrowRule(rule);
        }
    }

    [DoesNotReturn]
    private static void ThrowIndex(int index, int count)
        => throw new ArgumentOutOfRangeException(nameof(index), index, count > 1
            ? $"The cell carries {count} state vectors; those besides c have the numbers 1 to {count - 1}. "
                + "Set StateCount to carry more."
            : "The cell carries c only. Set StateCount to carry more state vectors.");

    [DoesNotReturn]
    private static void ThrowRule(string rule)
        => throw new InvalidOperationException($"This method of the cell cannot use the state vector in this way: {rule}.");
}
