using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Kernels;
using Lstm.Sequences;
using Lstm.Simd;

namespace Lstm.Layers;

/// <summary>The dropout of a batch's rows: each element scaled by 1/(1 − p) or dropped, by a hash of its place.</summary>
internal unsafe struct MaskedScale<T> : IKernel<T>, IJob
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const uint Golden = 0x9E3779B9;

    public required SimdWidth Width;
    public required SequenceShape Shape;
    public required int Features;
    public required double Rate;

    /// <summary>The hash of seed, draw and layer.</summary>
    public required ulong Key;
    public required T* Source;
    public required T* Destination;

    private int _first;
    private int _end;

    public void Run(int worker, int workers)
    {
        (_first, _end) = SequenceSplit.Even(Shape.StepCount, worker, workers);
        SimdDispatch.Run<T, MaskedScale<T>>(Width, ref this);
    }

    public readonly void Invoke<TSimd, TVec>()
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        T scale = T.CreateChecked(1 / (1 - Rate));
        uint threshold = (uint)Math.Min(uint.MaxValue, Math.Round(Rate * 4294967296.0));
        for (int t = _first; t < _end; t++)
        {
            int row = Shape.Offset(t);
            for (int rank = 0; rank < Shape.Live(t); rank++)
            {
                ulong place = ((ulong)(uint)(Shape.FirstStep + t) << 32) | (uint)Shape.RankToCaller[rank];
                uint key = (uint)RandomBits.Mix(Key + RandomBits.Mix(place));
                nint offset = (nint)(row + rank) * Features;
                Row<TSimd, TVec>(Source + offset, Destination + offset, Features, key, threshold, scale);
            }
        }
    }

    // A Weyl sequence started by the row's key runs over the units.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Row<TSimd, TVec>(T* source, T* destination, nint count, uint key, uint threshold, T scale)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        TVec place = TSimd.Integers(key, Golden);
        nint unit = 0;
        for (; unit <= count - TSimd.Width; unit += TSimd.Width)
        {
            TVec scaled = TSimd.Multiply(TSimd.Load(source + unit), TSimd.Broadcast(scale));
            TVec hash = Hash<TSimd, TVec>(place);
            TSimd.Store(destination + unit, TSimd.Select(TSimd.IntegerAtLeast(hash, threshold), scaled, TSimd.Zero));
            place = TSimd.AddInteger(place, unchecked((uint)TSimd.Width * Golden));
        }

        for (; unit < count; unit++)
        {
            T hash = Hash<SimdScalar<T>, T>(SimdScalar<T>.Integers(unchecked(key + ((uint)unit * Golden)), Golden));
            destination[unit] = SimdScalar<T>.Select(SimdScalar<T>.IntegerAtLeast(hash, threshold), source[unit] * scale, T.Zero);
        }
    }

    /// <summary>A 32-bit finaliser: two multiplications, three shifts.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVec Hash<TSimd, TVec>(TVec x)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        x = TSimd.MultiplyInteger(TSimd.XorShift(x, 16), 0x21F0AAAD);
        x = TSimd.MultiplyInteger(TSimd.XorShift(x, 15), 0x735A2D97);
        return TSimd.XorShift(x, 15);
    }
}
