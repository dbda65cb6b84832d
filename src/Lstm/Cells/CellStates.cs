using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Lstm.Texts;

namespace Lstm.Cells;

/// <summary>
/// The state vectors that a custom cell carries from step to step beside c: those of one vector of units, numbered 1 to
/// <see cref="ICustomCell{TSelf}.StateCount"/> − 1.
/// </summary>
/// <remarks>c has the number 0 and is not here: the cell's methods get and return it.</remarks>
/// <typeparam name="TLane">The vector.</typeparam>
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

    /// <summary>The number of state vectors beside c.</summary>
    public override string ToString() => Counted.Of(_count - 1, "state vector") + " beside c";

    /// <summary>
    /// A state vector of this step. In Forward it has the value of the step before until <see cref="Set"/> gives it the new one.
    /// </summary>
    /// <param name="index">1 … <see cref="ICustomCell{TSelf}.StateCount"/> − 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The cell has not declared such a state vector.</exception>
    public TLane this[int index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Unsafe.ReadUnaligned<TLane>(_next + Offset(index));
    }

    /// <summary>In Backward: the value of a state vector of the step before.</summary>
    /// <param name="index">1 … <see cref="ICustomCell{TSelf}.StateCount"/> − 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The cell has not declared such a state vector.</exception>
    /// <exception cref="InvalidOperationException">The method that is running is not Backward.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Previous(int index)
    {
        Require(_previous != null, "the previous value is read in Backward; Forward has it in the indexer until Set");
        return Unsafe.ReadUnaligned<TLane>(_previous + Offset(index));
    }

    /// <summary>In Forward: sets the new value of a state vector. One that is not set keeps its value.</summary>
    /// <param name="index">1 … <see cref="ICustomCell{TSelf}.StateCount"/> − 1.</param>
    /// <param name="value">The new value.</param>
    /// <exception cref="ArgumentOutOfRangeException">The cell has not declared such a state vector.</exception>
    /// <exception cref="InvalidOperationException">The method that is running is not Forward.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Set(int index, TLane value)
    {
        Require(_isForward, "a state vector is set in Forward");
        Unsafe.WriteUnaligned(_next + Offset(index), value);
    }

    /// <summary>
    /// In OutputBackward and Backward: the gradient of a state vector of this step, with the part of the later steps and what
    /// <see cref="SetGradient"/> has made of it since.
    /// </summary>
    /// <param name="index">1 … <see cref="ICustomCell{TSelf}.StateCount"/> − 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The cell has not declared such a state vector.</exception>
    /// <exception cref="InvalidOperationException">The method that is running is Forward or Output.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Gradient(int index)
    {
        Require(_gradient != null, "gradients are read in OutputBackward and Backward");
        return Unsafe.ReadUnaligned<TLane>(_gradient + Offset(index));
    }

    /// <summary>
    /// Sets the gradient of a state vector: in OutputBackward that of this step, with h's part added; in Backward, at the end,
    /// that of the step before.
    /// </summary>
    /// <param name="index">1 … <see cref="ICustomCell{TSelf}.StateCount"/> − 1.</param>
    /// <param name="gradient">The gradient.</param>
    /// <exception cref="ArgumentOutOfRangeException">The cell has not declared such a state vector.</exception>
    /// <exception cref="InvalidOperationException">The method that is running is Forward or Output.</exception>
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
            ? $"The cell carries {count} state vectors; those beside c have the numbers 1 to {count - 1}. "
                + "Set StateCount to carry more."
            : "The cell carries c only. Set StateCount to carry more state vectors.");

    [DoesNotReturn]
    private static void ThrowRule(string rule)
        => throw new InvalidOperationException($"This method of a cell may not do that to a state vector: {rule}.");
}
