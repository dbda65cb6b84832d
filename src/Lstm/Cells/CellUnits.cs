using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Lstm.Texts;

namespace Lstm.Cells;

/// <summary>
/// The data of a vector of units in a custom cell besides gates and c: weights of the units, values kept from Forward for
/// Backward, and the other state vectors.
/// </summary>
/// <typeparam name="TLane">The vector type.</typeparam>
public readonly unsafe ref struct CellUnits<TLane>
    where TLane : struct, ILane<TLane>
{
    // A line of memory is that of the units of a panel: 64 bytes, of which a vector takes all or a part.
    private const nint LineBytes = 64;

    private readonly byte* _weights;
    private readonly nint _weightBytes;
    private readonly int _weightCount;
    private readonly byte* _kept;
    private readonly int _keptCount;

    // SAFETY: weightCount vectors lie at weights, weightBytes apart, and keptCount + weightCount at kept, a line apart; the
    // methods check their indices against these counts (Check).
    internal CellUnits(void* weights, nint weightBytes, int weightCount, void* kept, int keptCount, CellStates<TLane> states)
    {
        States = states;
        _weights = (byte*)weights;
        _weightBytes = weightBytes;
        _weightCount = weightCount;
        _kept = (byte*)kept;
        _keptCount = keptCount;
    }

    /// <summary>The state vectors that the cell carries besides c.</summary>
    public CellStates<TLane> States { get; }

    /// <summary>Gets the weights of the units for a name in <see cref="ICustomCell{TSelf}.WeightNames"/>.</summary>
    /// <param name="index">The index of the name in <see cref="ICustomCell{TSelf}.WeightNames"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The cell has not declared such a weight.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Weight(int index)
    {
        Check(index, _weightCount);
        return Unsafe.ReadUnaligned<TLane>(_weights + (index * _weightBytes));
    }

    /// <summary>
    /// Sets the contribution ∂/∂w of this step to the gradient of the weights. For use in Backward.
    /// </summary>
    /// <remarks>
    /// Backward sets the contributions of all weights in each call; a contribution that is not set is 0. After the last step of
    /// Backward the contributions are added in an order that depends only on the batch.
    /// </remarks>
    /// <param name="index">The index of the name in <see cref="ICustomCell{TSelf}.WeightNames"/>.</param>
    /// <param name="gradient">The contribution of this step.</param>
    /// <exception cref="ArgumentOutOfRangeException">The cell has not declared such a weight.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void SetWeightGradient(int index, TLane gradient)
    {
        Check(index, _weightCount);
        Unsafe.WriteUnaligned(_kept + ((_keptCount + index) * LineBytes), gradient);
    }

    /// <summary>Keeps a value for Backward. For use in Forward.</summary>
    /// <param name="index">The index of the value, 0 … <see cref="ICustomCell{TSelf}.KeptCount"/> − 1.</param>
    /// <param name="value">The value.</param>
    /// <exception cref="ArgumentOutOfRangeException">The cell has not declared so many values.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Keep(int index, TLane value)
    {
        Check(index, _keptCount);
        Unsafe.WriteUnaligned(_kept + (index * LineBytes), value);
    }

    /// <summary>Gets the value that Forward kept at this step, or 0 if Forward kept none. For use in Backward.</summary>
    /// <param name="index">The index of the value, 0 … <see cref="ICustomCell{TSelf}.KeptCount"/> − 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The cell has not declared so many values.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Kept(int index)
    {
        Check(index, _keptCount);
        return Unsafe.ReadUnaligned<TLane>(_kept + (index * LineBytes));
    }

    /// <summary>Returns the numbers of weights and of kept values as text.</summary>
    public override string ToString() => $"{Counted.Of(_weightCount, "weight")}, {Counted.Of(_keptCount, "kept value")}";

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Check(int index, int count)
    {
        if ((uint)index >= (uint)count)
        {
            Throw(index, count);
        }
    }

    [DoesNotReturn]
    private static void Throw(int index, int count)
        => throw new ArgumentOutOfRangeException(
            nameof(index), index, $"The cell has declared {count} of these; the index has to be at least 0 and below {count}.");
}
