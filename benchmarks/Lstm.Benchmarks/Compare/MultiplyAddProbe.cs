using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Simd;

namespace Lstm.Benchmarks.Compare;

/// <summary>Nothing but multiply-adds on registers: the peak that kernels are measured against.</summary>
/// <remarks>
/// Each accumulator is a chain of its own, c ← c·x + y. 24 of them (12 with 16 registers) cover the latency of two units
/// more than twice. With two roundings, where the hardware does not fuse, c·x still depends on c: nothing leaves the loop.
/// </remarks>
internal unsafe struct MultiplyAddProbe<T> : IKernel<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Lines of 64 bytes that <see cref="Lines"/> has to have: accumulators, x and y.</summary>
    public const int LineCount = 26;

    public required long Iterations;

    /// <summary>Starting values in, sums out.</summary>
    public required T* Lines;

    /// <summary>Set by the run.</summary>
    public double Flops;

    public void Invoke<TSimd, TVec>()
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        Flops = 2.0 * 4 * TSimd.TileRows * TSimd.Width * Iterations;
        Loop<TSimd, TVec>(Lines, Iterations);
    }

    // AggressiveOptimization: one long call must not spend its life in unoptimised code.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Loop<TSimd, TVec>(T* lines, long iterations)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        nint line = 64 / sizeof(T);
        TVec x = TSimd.Load(lines + (24 * line)), y = TSimd.Load(lines + (25 * line));
        TVec c0 = TSimd.Load(lines), c1 = TSimd.Load(lines + line), c2 = TSimd.Load(lines + (2 * line));
        TVec c3 = TSimd.Load(lines + (3 * line)), c4 = TSimd.Load(lines + (4 * line)), c5 = TSimd.Load(lines + (5 * line));
        TVec c6 = TSimd.Load(lines + (6 * line)), c7 = TSimd.Load(lines + (7 * line)), c8 = TSimd.Load(lines + (8 * line));
        TVec c9 = TSimd.Load(lines + (9 * line)), c10 = TSimd.Load(lines + (10 * line)), c11 = TSimd.Load(lines + (11 * line));
        TVec c12 = TSimd.Load(lines + (12 * line)), c13 = TSimd.Load(lines + (13 * line)), c14 = TSimd.Load(lines + (14 * line));
        TVec c15 = TSimd.Load(lines + (15 * line)), c16 = TSimd.Load(lines + (16 * line)), c17 = TSimd.Load(lines + (17 * line));
        TVec c18 = TSimd.Load(lines + (18 * line)), c19 = TSimd.Load(lines + (19 * line)), c20 = TSimd.Load(lines + (20 * line));
        TVec c21 = TSimd.Load(lines + (21 * line)), c22 = TSimd.Load(lines + (22 * line)), c23 = TSimd.Load(lines + (23 * line));
        for (; iterations > 0; iterations--)
        {
            c0 = TSimd.MultiplyAdd(c0, x, y);
            c1 = TSimd.MultiplyAdd(c1, x, y);
            c2 = TSimd.MultiplyAdd(c2, x, y);
            c3 = TSimd.MultiplyAdd(c3, x, y);
            c4 = TSimd.MultiplyAdd(c4, x, y);
            c5 = TSimd.MultiplyAdd(c5, x, y);
            c6 = TSimd.MultiplyAdd(c6, x, y);
            c7 = TSimd.MultiplyAdd(c7, x, y);
            c8 = TSimd.MultiplyAdd(c8, x, y);
            c9 = TSimd.MultiplyAdd(c9, x, y);
            c10 = TSimd.MultiplyAdd(c10, x, y);
            c11 = TSimd.MultiplyAdd(c11, x, y);
            if (TSimd.TileRows > 3)
            {
                c12 = TSimd.MultiplyAdd(c12, x, y);
                c13 = TSimd.MultiplyAdd(c13, x, y);
                c14 = TSimd.MultiplyAdd(c14, x, y);
                c15 = TSimd.MultiplyAdd(c15, x, y);
                c16 = TSimd.MultiplyAdd(c16, x, y);
                c17 = TSimd.MultiplyAdd(c17, x, y);
                c18 = TSimd.MultiplyAdd(c18, x, y);
                c19 = TSimd.MultiplyAdd(c19, x, y);
                c20 = TSimd.MultiplyAdd(c20, x, y);
                c21 = TSimd.MultiplyAdd(c21, x, y);
                c22 = TSimd.MultiplyAdd(c22, x, y);
                c23 = TSimd.MultiplyAdd(c23, x, y);
            }
        }

        TVec low = Sum<TSimd, TVec>(c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11);
        TSimd.Store(lines, low);
        if (TSimd.TileRows > 3)
        {
            TSimd.Store(lines + line, Sum<TSimd, TVec>(c12, c13, c14, c15, c16, c17, c18, c19, c20, c21, c22, c23));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVec Sum<TSimd, TVec>(
        TVec a, TVec b, TVec c, TVec d, TVec e, TVec f, TVec g, TVec h, TVec i, TVec j, TVec k, TVec l)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        TVec first = TSimd.Add(TSimd.Add(TSimd.Add(a, b), TSimd.Add(c, d)), TSimd.Add(e, f));
        TVec second = TSimd.Add(TSimd.Add(TSimd.Add(g, h), TSimd.Add(i, j)), TSimd.Add(k, l));
        return TSimd.Add(first, second);
    }
}
