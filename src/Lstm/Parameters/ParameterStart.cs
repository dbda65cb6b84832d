using System.Numerics;
using Lstm.Kernels.Elementwise;
using Lstm.Simd;
using MathNet.Numerics.Providers.LinearAlgebra;

namespace Lstm.Parameters;

/// <summary>Draws the starting values of parameters, from one seed, in the order in which the layers ask.</summary>
/// <remarks>The draws are made in double and rounded, so float and double networks of one seed start alike.</remarks>
internal sealed class ParameterStart<T>(long seed, Memory<T> flat)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private RandomBits _random = new((ulong)seed);

    /// <summary>Uniform in ±limit.</summary>
    public void Uniform(Parameter parameter, double limit)
    {
        double[] values = new double[parameter.Count];
        FillUniform(values, limit);
        Set(parameter, values);
    }

    /// <summary>Each a function of its place.</summary>
    public void Each(Parameter parameter, Func<int, double> value)
        => Set(parameter, [.. Enumerable.Range(0, parameter.Count).Select(value)]);

    /// <summary>All equal, from the first on.</summary>
    public void Constant(Parameter parameter, double value, int first, int count)
        => Set(parameter, first, [.. Enumerable.Repeat(value, count)]);

    /// <summary>Some of a parameter's values, from the first on.</summary>
    public void Set(Parameter parameter, int first, double[] some)
    {
        T[] values = new T[parameter.Count];
        parameter.Unpack<T>(flat.Span, values);
        Array.ConvertAll(some, T.CreateChecked).CopyTo(values, first);
        parameter.Pack<T>(values, flat.Span);
    }

    /// <summary>Logarithms of numbers that are uniform from 1 to a largest one.</summary>
    public double[] NextLogs(int count, double largest)
        => [.. Enumerable.Range(0, count)
            .Select(_ => Elementary<SimdScalar<double>, double, double>.Log(1 + ((largest - 1) * _random.NextUnit())))];

    /// <summary>
    /// Glorot &amp; Bengio (2010): uniform in ±√(6/(in + out)), for a matrix [blocks·out, in] drawn as one or block by block.
    /// </summary>
    public void Glorot(Parameter parameter, int blocks)
    {
        int outputs = parameter.Shape[0] / blocks;
        Uniform(parameter, Math.Sqrt(6.0 / (outputs + parameter.Shape[1])));
    }

    /// <summary>
    /// Saxe et al. (2014): each block [rows/blocks, columns] of the matrix has orthonormal rows or columns, whichever are
    /// fewer; uniform over such matrices: Q of a Gaussian matrix, with the signs of R's diagonal.
    /// </summary>
    public void Orthogonal(Parameter parameter, int blocks)
    {
        int rows = parameter.Shape[0] / blocks;
        int columns = parameter.Shape[1];
        int longSide = Math.Max(rows, columns);
        int shortSide = Math.Min(rows, columns);
        double[] values = new double[parameter.Count];
        double[] gaussian = new double[longSide * shortSide];
        double[] r = new double[shortSide * shortSide];
        double[] tau = new double[shortSide];
        for (int block = 0; block < blocks; block++)
        {
            for (int i = 0; i < gaussian.Length; i++)
            {
                gaussian[i] = NextGaussian();
            }

            // The managed provider by name: results must not depend on what the host application has selected.
            new ManagedLinearAlgebraProvider()
                .ThinQRFactor(gaussian, longSide, shortSide, r, tau);
            for (int j = 0; j < shortSide; j++)
            {
                double sign = r[(j * shortSide) + j] < 0 ? -1 : 1;
                for (int i = 0; i < longSide; i++)
                {
                    (int row, int column) = rows >= columns ? (i, j) : (j, i);
                    values[(((block * rows) + row) * columns) + column] = sign * gaussian[(j * longSide) + i];
                }
            }
        }

        Set(parameter, values);
    }

    private void Set(Parameter parameter, double[] values)
        => parameter.Pack<T>(Array.ConvertAll(values, T.CreateChecked), flat.Span);

    private void FillUniform(double[] values, double limit)
    {
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = limit * ((2 * _random.NextUnit()) - 1);
        }
    }

    /// <summary>
    /// Marsaglia's polar method: of the functions it needs, only log is not exactly rounded, and that one is our own.
    /// </summary>
    private double NextGaussian()
    {
        while (true)
        {
            double x = (2 * _random.NextUnit()) - 1;
            double y = (2 * _random.NextUnit()) - 1;
            double square = (x * x) + (y * y);
            if (square is > 0 and < 1)
            {
                return x * Math.Sqrt(-2 * Elementary<SimdScalar<double>, double, double>.Log(square) / square);
            }
        }
    }
}
