using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Lstm.Texts;

namespace Lstm.Cells;

/// <summary>
/// What the units of a custom cell have beside gates and c: weights of their own, values kept from Forward for Backward, and the
/// other state vectors.
/// </summary>
/// <typeparam name="TLane">The vector.</typeparam>
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

    /// <summary>The state vectors that the cell carries beside c.</summary>
    public CellStates<TLane> States { get; }

    /// <summary>The weights of one of the names of <see cref="ICustomCell{TSelf}.WeightNames"/>.</summary>
    /// <param name="index">Its place among the names.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such name.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Weight(int index)
    {
        Check(index, _weightCount);
        return Unsafe.ReadUnaligned<TLane>(_weights + (index * _weightBytes));
    }

    /// <summary>
    /// In Backward: sets what this step adds to the gradient of the weights of a name, ∂/∂w of this step alone.
    /// </summary>
    /// <remarks>
    /// Backward sets all of them, each time; what it does not set is 0. They are added up once all steps are back, in an order
    /// that depends on nothing but the batch.
    /// </remarks>
    /// <param name="index">Its place among the names.</param>
    /// <param name="gradient">The part of this step.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such name.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void SetWeightGradient(int index, TLane gradient)
    {
        Check(index, _weightCount);
        Unsafe.WriteUnaligned(_kept + ((_keptCount + index) * LineBytes), gradient);
    }

    /// <summary>In Forward: keeps a value for Backward.</summary>
    /// <param name="index">Which of the <see cref="ICustomCell{TSelf}.KeptCount"/> it is.</param>
    /// <param name="value">The value.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are not so many.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Keep(int index, TLane value)
    {
        Check(index, _keptCount);
        Unsafe.WriteUnaligned(_kept + (index * LineBytes), value);
    }

    /// <summary>In Backward: what Forward kept at this step, 0 if it did not.</summary>
    /// <param name="index">Which of the <see cref="ICustomCell{TSelf}.KeptCount"/> it is.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are not so many.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Kept(int index)
    {
        Check(index, _keptCount);
        return Unsafe.ReadUnaligned<TLane>(_kept + (index * LineBytes));
    }

    /// <summary>The numbers of weights and of values kept for Backward.</summary>
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
            nameof(index), index, $"The cell has declared {count} of these; they count from 0.");
}
