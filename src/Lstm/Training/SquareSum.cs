using System.Buffers;
using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Lstm.Runtime;
using Lstm.Simd;
using Lstm.Training.Losses;

namespace Lstm.Training;

/// <summary>Σ x² in double, the same bits on every width.</summary>
/// <remarks>
/// Sixteen chains in double, element k in chain k mod 16, over blocks of 4096; the chains of a block, then the blocks, are
/// added in order. Squares and sums are rounded separately, so all hardware agrees; the square of a float is exact in
/// double, so there a multiply-add is the same, fused or not.
/// </remarks>
// SAFETY: the caller's values are as many as it says (GradientClip.Squares asserts that they lie in the gradient's buffer). A
// share is whole blocks of these (WorkShare.Of), sums have an element for each block, and a second block is read only where it is
// whole.
internal unsafe struct SquareSum<T> : IJob, IKernel<double>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int Chains = 16;
    private const int Block = 4096;

    private SimdWidth _width;
    private T* _values;
    private nint _count;
    private double[] _sums;
    private int _first;
    private int _end;

    public static double Of(SimdWidth width, T* values, nint count, WorkerTeam? team)
    {
        Debug.Assert(count >= 0 && (values != null || count == 0), "There are no values.");
        int blocks = (int)((count + Block - 1) / Block);
        double[] sums = ArrayPool<double>.Shared.Rent(blocks);
        SquareSum<T> job = new() { _width = width, _values = values, _count = count, _sums = sums };
        if (team is null)
        {
            job.Run(WorkShare.Whole);
        }
        else
        {
            team.Run(ref job);
        }

        double total = 0;
        for (int block = 0; block < blocks; block++)
        {
            total += sums[block];
        }

        ArrayPool<double>.Shared.Return(sums);
        return total;
    }

    public readonly long Work => (long)_count * JobWork.Element;

    private readonly int Blocks => (int)((_count + Block - 1) / Block);

    public readonly int SharesFor(int workers) => Math.Min(workers, Blocks);

    public void Run(WorkShare share)
    {
        (_first, _end) = share.Of(Blocks);
        SimdDispatch.Run<double, SquareSum<T>>(_width, ref this);
    }

    // Two blocks at a time: the chains of one alone, in wide vectors, wait for their additions. AggressiveOptimization, of
    // what is called once a block too: a block takes so little time that unoptimised code around it takes half as long.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Invoke<TSimd, TVec>()
        where TSimd : struct, ISimd<TVec, double>
        where TVec : unmanaged
    {
        double* chains = stackalloc double[2 * Chains];
        for (int block = _first; block < _end;)
        {
            T* values = _values + ((nint)block * Block);
            nint left = _count - ((nint)block * Block);
            bool two = left >= 2 * Block && block + 2 <= _end;
            nint count = nint.Min(left, Block);
            nint whole = count / Chains * Chains;
            for (nint vector = 0; vector < 2 * Chains; vector += 4 * TSimd.Width)
            {
                // Without a second block the first takes its place, which costs no time and is not looked at.
                Four<TSimd, TVec>(
                    values,
                    Place(vector, two),
                    Place(vector + TSimd.Width, two),
                    Place(vector + (2 * TSimd.Width), two),
                    Place(vector + (3 * TSimd.Width), two),
                    whole,
                    chains + vector);
            }

            for (nint k = whole; k < count; k++)
            {
                double x = FixedSum.Wide(values[k]);
                chains[k - whole] += x * x;
            }

            _sums[block++] = Sum(chains);
            if (two)
            {
                _sums[block++] = Sum(chains + Chains);
            }
        }
    }

    /// <summary>Where a chain, 0 … 31 of two blocks, begins.</summary>
    private static nint Place(nint chain, bool two) => (chain % Chains) + (two && chain >= Chains ? Block : 0);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double Sum(double* chains)
    {
        double sum = 0;
        for (int chain = 0; chain < Chains; chain++)
        {
            sum += chains[chain];
        }

        return sum;
    }

    // Four vectors of chains, wherever they begin. AggressiveOptimization: a leaf loop that may be entered only a few times.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Four<TSimd, TVec>(T* values, nint first, nint second, nint third, nint fourth, nint count, double* chains)
        where TSimd : struct, ISimd<TVec, double>
        where TVec : unmanaged
    {
        TVec a = TSimd.Zero, b = a, c = a, d = a;
        for (; count > 0; count -= Chains, values += Chains)
        {
            a = AddSquare<TSimd, TVec>(values + first, a);
            b = AddSquare<TSimd, TVec>(values + second, b);
            c = AddSquare<TSimd, TVec>(values + third, c);
            d = AddSquare<TSimd, TVec>(values + fourth, d);
        }

        TSimd.Store(chains, a);
        TSimd.Store(chains + TSimd.Width, b);
        TSimd.Store(chains + (2 * TSimd.Width), c);
        TSimd.Store(chains + (3 * TSimd.Width), d);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVec AddSquare<TSimd, TVec>(T* values, TVec sum)
        where TSimd : struct, ISimd<TVec, double>
        where TVec : unmanaged
    {
        if (typeof(T) == typeof(double))
        {
            TVec x = TSimd.Load((double*)values);
            return TSimd.Add(TSimd.Multiply(x, x), sum);
        }

        TVec wide = Widen<TVec>((float*)values);
        return TSimd.MultiplyAdd(wide, wide, sum);
    }

    // As the lower half of a wider vector: of a whole one the upper half would have to be moved first.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVec Widen<TVec>(float* values)
        where TVec : unmanaged
    {
        if (typeof(TVec) == typeof(Vector512<double>))
        {
            return Unsafe.BitCast<Vector512<double>, TVec>(Vector512.WidenLower(Vector256.Load(values).ToVector512Unsafe()));
        }

        if (typeof(TVec) == typeof(Vector256<double>))
        {
            return Unsafe.BitCast<Vector256<double>, TVec>(Vector256.WidenLower(Vector128.Load(values).ToVector256Unsafe()));
        }

        return typeof(TVec) == typeof(Vector128<double>)
            ? Unsafe.BitCast<Vector128<double>, TVec>(Vector128.WidenLower(Vector64.Load(values).ToVector128Unsafe()))
            : Unsafe.BitCast<double, TVec>(*values);
    }
}
