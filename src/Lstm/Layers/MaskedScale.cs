using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Kernels;
using Lstm.Sequences;

namespace Lstm.Layers;

/// <summary>The dropout of a batch's rows: each element scaled by 1/(1 − p) or dropped, by a hash of its place.</summary>
internal unsafe struct MaskedScale<T> : IJob
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public required SequenceShape Shape;
    public required int Features;
    public required double Rate;

    /// <summary>The hash of seed, draw and layer.</summary>
    public required ulong Key;
    public required T* Source;
    public required T* Destination;

    public readonly void Run(int worker, int workers)
    {
        T scale = T.CreateChecked(1 / (1 - Rate));
        uint threshold = (uint)Math.Min(uint.MaxValue, Math.Round(Rate * 4294967296.0));
        (int first, int end) = SequenceSplit.Even(Shape.StepCount, worker, workers);
        for (int t = first; t < end; t++)
        {
            int row = Shape.Offset(t);
            for (int rank = 0; rank < Shape.Live(t); rank++)
            {
                ulong place = ((ulong)(uint)(Shape.FirstStep + t) << 32) | (uint)Shape.RankToCaller[rank];
                uint key = (uint)RandomBits.Mix(Key + RandomBits.Mix(place));
                nint offset = (nint)(row + rank) * Features;
                Row(Source + offset, Destination + offset, Features, key, threshold, scale);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Row(T* source, T* destination, nint count, uint key, uint threshold, T scale)
    {
        for (nint unit = 0; unit < count; unit++)
        {
            destination[unit] = Hash(key, (uint)unit) >= threshold ? source[unit] * scale : T.Zero;
        }
    }

    /// <summary>A 32-bit finaliser (two multiplications, three shifts) over a Weyl sequence started by the row's key.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Hash(uint key, uint unit)
    {
        uint x = key + (unit * 0x9E3779B9);
        x = (x ^ (x >> 16)) * 0x21F0AAAD;
        x = (x ^ (x >> 15)) * 0x735A2D97;
        return x ^ (x >> 15);
    }
}
