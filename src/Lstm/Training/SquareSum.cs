using System.Buffers;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Lstm.Kernels;
using Lstm.Simd;

namespace Lstm.Training;

/// <summary>Σ x² in double, the same bits on every width.</summary>
/// <remarks>
/// Sixteen chains in double, element k in chain k mod 16, over blocks of 4096; the chains of a block, then the blocks, are
/// added in order. Squares and sums are rounded separately: no multiply-add, so all hardware agrees.
/// </remarks>
internal unsafe struct SquareSum<T> : IJob
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int Chains = 16;
    private const int Block = 4096;

    // Below, waking the others takes longer than the work.
    private const int FewestBlocksForTeam = 16;

    private SimdWidth _width;
    private T* _values;
    private nint _count;
    private double[] _sums;

    public static double Of(SimdWidth width, T* values, nint count, WorkerTeam? team)
    {
        int blocks = (int)((count + Block - 1) / Block);
        double[] sums = ArrayPool<double>.Shared.Rent(blocks);
        SquareSum<T> job = new() { _width = width, _values = values, _count = count, _sums = sums };
        if (team is null || blocks < FewestBlocksForTeam)
        {
            job.Run(0, 1);
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

    public readonly void Run(int worker, int workers)
    {
        double* chains = stackalloc double[2 * Chains];
        (int block, int end) = SequenceSplit.Even((int)((_count + Block - 1) / Block), worker, workers);
        while (block < end)
        {
            T* values = _values + ((nint)block * Block);
            nint left = _count - ((nint)block * Block);
            if (_width == SimdWidth.V512 && Vector512.IsHardwareAccelerated && block + 2 <= end && left >= 2 * Block)
            {
                Pair512(values, chains);
                _sums[block++] = Sum(chains);
                _sums[block++] = Sum(chains + Chains);
            }
            else
            {
                _sums[block++] = One(values, nint.Min(Block, left), chains);
            }
        }
    }

    private readonly double One(T* values, nint count, double* chains)
    {
        nint whole = count / Chains * Chains;
        switch (_width)
        {
            case SimdWidth.V512 when Vector512.IsHardwareAccelerated:
                Chains512(values, whole, chains);
                break;
            case SimdWidth.V512 or SimdWidth.V256 when Vector256.IsHardwareAccelerated:
                Chains256(values, whole, chains);
                break;
            default:
                Chains1(values, whole, chains);
                break;
        }

        for (nint k = whole; k < count; k++)
        {
            double x = FixedSum.Wide(values[k]);
            chains[k - whole] += x * x;
        }

        return Sum(chains);
    }

    private static double Sum(double* chains)
    {
        double sum = 0;
        for (int chain = 0; chain < Chains; chain++)
        {
            sum += chains[chain];
        }

        return sum;
    }

    // Two blocks at once: the chains of one alone wait for their additions.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Pair512(T* values, double* chains)
    {
        Vector512<double> a = Vector512<double>.Zero, b = a, c = a, d = a;
        for (nint count = Block; count > 0; count -= Chains, values += Chains)
        {
            Vector512<double> x, y, z, w;
            if (typeof(T) == typeof(float))
            {
                (x, y) = Vector512.Widen(Vector512.Load((float*)values));
                (z, w) = Vector512.Widen(Vector512.Load((float*)values + Block));
            }
            else
            {
                x = Vector512.Load((double*)values);
                y = Vector512.Load((double*)values + 8);
                z = Vector512.Load((double*)values + Block);
                w = Vector512.Load((double*)values + Block + 8);
            }

            a += x * x;
            b += y * y;
            c += z * z;
            d += w * w;
        }

        a.Store(chains);
        b.Store(chains + 8);
        c.Store(chains + 16);
        d.Store(chains + 24);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Chains512(T* values, nint count, double* chains)
    {
        Vector512<double> a = Vector512<double>.Zero, b = a;
        for (; count > 0; count -= Chains, values += Chains)
        {
            Vector512<double> x, y;
            if (typeof(T) == typeof(float))
            {
                (x, y) = Vector512.Widen(Vector512.Load((float*)values));
            }
            else
            {
                x = Vector512.Load((double*)values);
                y = Vector512.Load((double*)values + 8);
            }

            a += x * x;
            b += y * y;
        }

        a.Store(chains);
        b.Store(chains + 8);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Chains256(T* values, nint count, double* chains)
    {
        Vector256<double> a = Vector256<double>.Zero, b = a, c = a, d = a;
        for (; count > 0; count -= Chains, values += Chains)
        {
            Vector256<double> x, y, z, w;
            if (typeof(T) == typeof(float))
            {
                (x, y) = Vector256.Widen(Vector256.Load((float*)values));
                (z, w) = Vector256.Widen(Vector256.Load((float*)values + 8));
            }
            else
            {
                x = Vector256.Load((double*)values);
                y = Vector256.Load((double*)values + 4);
                z = Vector256.Load((double*)values + 8);
                w = Vector256.Load((double*)values + 12);
            }

            a += x * x;
            b += y * y;
            c += z * z;
            d += w * w;
        }

        a.Store(chains);
        b.Store(chains + 4);
        c.Store(chains + 8);
        d.Store(chains + 12);
    }

    private static void Chains1(T* values, nint count, double* chains)
    {
        new Span<double>(chains, Chains).Clear();
        for (nint k = 0; k < count; k++)
        {
            double x = FixedSum.Wide(values[k]);
            chains[k % Chains] += x * x;
        }
    }
}
