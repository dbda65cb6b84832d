using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Sequences;
using Lstm.Simd;

namespace Lstm.Kernels.Elementwise;

/// <summary>
/// The dropped elements of a batch's rows, as a hash of (seed, draw, layer, step within the sequence, sequence, unit).
/// </summary>
/// <remarks>
/// A mask depends on nothing else: not on the batch's other sequences, truncation or threads. A backward pass draws the mask a
/// second time instead of storing it. The default value drops nothing.
/// </remarks>
internal readonly struct DropMask
{
    private const uint Golden = 0x9E3779B9;
    private readonly SequenceShape? _shape;
    private readonly ulong _key;
    private readonly uint _threshold;
    private readonly bool _holds;

    /// <summary>Initializes a mask.</summary>
    /// <param name="shape">The rows.</param>
    /// <param name="key">The hash of seed, draw, layer and purpose.</param>
    /// <param name="rate">The share of the elements that are dropped, 0 … 1.</param>
    /// <param name="holds">Whether a sequence has one mask for all its steps.</param>
    public DropMask(SequenceShape shape, ulong key, double rate, bool holds)
    {
        (_shape, _key, _holds) = (shape, key, holds);
        _threshold = (uint)Math.Min(uint.MaxValue, Math.Round(rate * 4294967296.0));
    }

    public bool Exists => _shape is not null;

    /// <summary>The key of a row's random numbers.</summary>
    public uint RowKey(int step, int rank)
    {
        ulong place = (uint)_shape!.RankToCaller[rank];
        place |= _holds ? 0 : (ulong)(uint)(_shape.FirstStep + step) << 32;
        return (uint)RandomBits.Mix(_key + RandomBits.Mix(place));
    }

    /// <summary>The key of the random numbers of an item that is no row of a sequence.</summary>
    public uint IndexKey(int index) => (uint)RandomBits.Mix(_key + RandomBits.Mix((uint)index));

    /// <summary>
    /// Selects <paramref name="kept"/> for the kept units from <paramref name="unit"/> on, and <paramref name="dropped"/> for the
    /// others.
    /// </summary>
    /// <remarks>A Weyl sequence started by the row's key runs over the units; each of its values is hashed.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TVec Select<TSimd, TVec, T>(uint rowKey, nint unit, TVec kept, TVec dropped)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        // A 32-bit finaliser: two multiplications, three shifts.
        TVec x = TSimd.Integers(unchecked(rowKey + ((uint)unit * Golden)), Golden);
        x = TSimd.MultiplyInteger(TSimd.XorShift(x, 16), 0x21F0AAAD);
        x = TSimd.MultiplyInteger(TSimd.XorShift(x, 15), 0x735A2D97);
        return TSimd.Select(TSimd.IntegerAtLeast(TSimd.XorShift(x, 15), _threshold), kept, dropped);
    }
}
