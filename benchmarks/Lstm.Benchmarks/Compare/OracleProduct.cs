using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Lstm.Benchmarks.Compare;

/// <summary>
/// Matrix products for the oracle: row by row on all cores, fast enough to check the largest configuration in seconds.
/// </summary>
internal static class OracleProduct
{
    private const int RowsPerTask = 16;

    // So many rows of b stay in the second-level cache while the rows of c pass.
    private const int TermsPerBlock = 64;

    // c [m, n] += a [m, k]·b [k, n]; c and a from their start elements on.
    public static void Add(double[] c, int cStart, double[] a, int aStart, double[] b, int m, int k, int n)
    {
        int tasks = (m + RowsPerTask - 1) / RowsPerTask;
        Parallel.For(0, tasks, task =>
        {
            int first = task * RowsPerTask;
            int end = Math.Min(m, first + RowsPerTask);
            for (int block = 0; block < k; block += TermsPerBlock)
            {
                int blockEnd = Math.Min(k, block + TermsPerBlock);
                for (int row = first; row < end; row++)
                {
                    AddRows(c.AsSpan(cStart + (row * n), n), a.AsSpan(aStart + (row * k) + block, blockEnd - block),
                        b.AsSpan(block * n, (blockEnd - block) * n));
                }
            }
        });
    }

    // a [rows, columns] → aᵀ [columns, rows].
    public static double[] Transpose(double[] a, int rows, int columns)
    {
        double[] result = new double[a.Length];
        for (int r = 0; r < rows; r++)
        {
            for (int c = 0; c < columns; c++)
            {
                result[(c * rows) + r] = a[(r * columns) + c];
            }
        }

        return result;
    }

    // c [n] += a [k]·b [k, n], four rows of b at a time.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddRows(Span<double> c, ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        int n = c.Length;
        Span<Vector<double>> sums = MemoryMarshal.Cast<double, Vector<double>>(c);
        int k = 0;
        for (; k + 4 <= a.Length; k += 4)
        {
            ReadOnlySpan<double> b0 = b.Slice(k * n, n), b1 = b.Slice((k + 1) * n, n), b2 = b.Slice((k + 2) * n, n),
                b3 = b.Slice((k + 3) * n, n);
            ReadOnlySpan<Vector<double>> v0 = MemoryMarshal.Cast<double, Vector<double>>(b0)[..sums.Length];
            ReadOnlySpan<Vector<double>> v1 = MemoryMarshal.Cast<double, Vector<double>>(b1)[..sums.Length];
            ReadOnlySpan<Vector<double>> v2 = MemoryMarshal.Cast<double, Vector<double>>(b2)[..sums.Length];
            ReadOnlySpan<Vector<double>> v3 = MemoryMarshal.Cast<double, Vector<double>>(b3)[..sums.Length];
            Vector<double> a0 = new(a[k]), a1 = new(a[k + 1]), a2 = new(a[k + 2]), a3 = new(a[k + 3]);
            for (int j = 0; j < sums.Length; j++)
            {
                sums[j] += ((a0 * v0[j]) + (a1 * v1[j])) + ((a2 * v2[j]) + (a3 * v3[j]));
            }

            for (int j = sums.Length * Vector<double>.Count; j < n; j++)
            {
                c[j] += ((a[k] * b0[j]) + (a[k + 1] * b1[j])) + ((a[k + 2] * b2[j]) + (a[k + 3] * b3[j]));
            }
        }

        for (; k < a.Length; k++)
        {
            ReadOnlySpan<double> b0 = b.Slice(k * n, n);
            for (int j = 0; j < n; j++)
            {
                c[j] += a[k] * b0[j];
            }
        }
    }
}
