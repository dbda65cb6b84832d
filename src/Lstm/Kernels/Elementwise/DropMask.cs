using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Sequences;
using Lstm.Simd;

namespace Lstm.Kernels.Elementwise;

/// <summary>
/// Which elements of a batch's rows are dropped: a hash of (seed, draw, layer, step within the sequence, sequence, unit).
/// </summary>
/// <remarks>
/// So a mask depends on nothing else, neither the batch's other sequences nor truncation nor threads, and a backward pass draws
/// it again instead of having it stored. The default value drops nothing.
/// </remarks>
internal readonly struct DropMask
{
    private const uint Golden = 0x9E3779B9;
    private readonly SequenceShape? _shape;
    private readonly ulong _key;
    private readonly uint _threshold;
    private readonly bool _holds;

    /// <summary>Makes a mask.</summary>
    /// <param name="shape">The rows.</param>
    /// <param name="key">The hash of seed, draw, layer and purpose.</param>
    /// <param name="rate">Share of the elements dropped.</param>
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

    /// <summary>The key of the random numbers of one of many things that are no rows of sequences.</summary>
    public uint IndexKey(int index) => (uint)RandomBits.Mix(_key + RandomBits.Mix((uint)index));

    /// <summary>
    /// <paramref name="kept"/> where the units from <paramref name="unit"/> on are kept, <paramref name="dropped"/> elsewhere.
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
