using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Simd;

namespace Lstm.Benchmarks.Compare;

/// <summary>Reads a block of memory over and over: the bandwidth that a matrix–vector product is measured against.</summary>
internal unsafe struct ReadProbe<T> : IKernel<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public required T* Values;

    /// <summary>Values read in each pass, a multiple of the vector.</summary>
    public required nint Count;

    public required long Passes;

    /// <summary>One line that takes the sum, so that the reads are needed.</summary>
    public required T* Sum;

    public readonly void Invoke<TSimd, TVec>()
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged => Loop<TSimd, TVec>(Values, Count, Passes, Sum);

    // Twelve accumulators: the latency of an addition, on two units, with some to spare. See MultiplyAddProbe for the attributes.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Loop<TSimd, TVec>(T* values, nint count, long passes, T* sum)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        TVec c0 = TSimd.Zero, c1 = c0, c2 = c0, c3 = c0, c4 = c0, c5 = c0, c6 = c0, c7 = c0, c8 = c0, c9 = c0, c10 = c0, c11 = c0;
        for (; passes > 0; passes--)
        {
            T* p = values;
            nint left = count;
            for (; left >= 12 * TSimd.Width; left -= 12 * TSimd.Width)
            {
                c0 = TSimd.Add(c0, TSimd.Load(p));
                c1 = TSimd.Add(c1, TSimd.Load(p + TSimd.Width));
                c2 = TSimd.Add(c2, TSimd.Load(p + (2 * TSimd.Width)));
                c3 = TSimd.Add(c3, TSimd.Load(p + (3 * TSimd.Width)));
                c4 = TSimd.Add(c4, TSimd.Load(p + (4 * TSimd.Width)));
                c5 = TSimd.Add(c5, TSimd.Load(p + (5 * TSimd.Width)));
                c6 = TSimd.Add(c6, TSimd.Load(p + (6 * TSimd.Width)));
                c7 = TSimd.Add(c7, TSimd.Load(p + (7 * TSimd.Width)));
                c8 = TSimd.Add(c8, TSimd.Load(p + (8 * TSimd.Width)));
                c9 = TSimd.Add(c9, TSimd.Load(p + (9 * TSimd.Width)));
                c10 = TSimd.Add(c10, TSimd.Load(p + (10 * TSimd.Width)));
                c11 = TSimd.Add(c11, TSimd.Load(p + (11 * TSimd.Width)));
                p += 12 * TSimd.Width;
            }

            for (; left >= 3 * TSimd.Width; left -= 3 * TSimd.Width)
            {
                c0 = TSimd.Add(c0, TSimd.Load(p));
                c1 = TSimd.Add(c1, TSimd.Load(p + TSimd.Width));
                c2 = TSimd.Add(c2, TSimd.Load(p + (2 * TSimd.Width)));
                p += 3 * TSimd.Width;
            }

            for (; left > 0; left -= TSimd.Width)
            {
                c3 = TSimd.Add(c3, TSimd.Load(p));
                p += TSimd.Width;
            }
        }

        c0 = TSimd.Add(TSimd.Add(TSimd.Add(c0, c1), TSimd.Add(c2, c3)), TSimd.Add(c4, c5));
        c6 = TSimd.Add(TSimd.Add(TSimd.Add(c6, c7), TSimd.Add(c8, c9)), TSimd.Add(c10, c11));
        TSimd.Store(sum, TSimd.Add(c0, c6));
    }
}
