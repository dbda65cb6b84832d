using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Lstm.Simd;

namespace Lstm.Training;

/// <summary>Σ x² in double, the same bits on every width.</summary>
/// <remarks>
/// Sixteen chains in double, element k in chain k mod 16, over blocks of 4096; the chains of a block, then the blocks, are
/// added in order. Squares and sums are rounded separately: no multiply-add, so all hardware agrees.
/// </remarks>
internal static unsafe class SquareSum
{
    private const int Chains = 16;
    private const int Block = 4096;

    public static double Of<T>(SimdWidth width, T* values, nint count)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double* chains = stackalloc double[Chains];
        double total = 0;
        for (; count > 0; count -= Block, values += Block)
        {
            nint taken = nint.Min(Block, count);
            nint whole = taken / Chains * Chains;
            switch (width)
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

            for (nint k = whole; k < taken; k++)
            {
                double x = FixedSum.Wide(values[k]);
                chains[k - whole] += x * x;
            }

            double sum = 0;
            for (int chain = 0; chain < Chains; chain++)
            {
                sum += chains[chain];
            }

            total += sum;
        }

        return total;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Chains512<T>(T* values, nint count, double* chains)
        where T : unmanaged
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
    private static void Chains256<T>(T* values, nint count, double* chains)
        where T : unmanaged
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

    private static void Chains1<T>(T* values, nint count, double* chains)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        new Span<double>(chains, Chains).Clear();
        for (nint k = 0; k < count; k++)
        {
            double x = FixedSum.Wide(values[k]);
            chains[k % Chains] += x * x;
        }
    }
}
