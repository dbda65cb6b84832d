using System.Globalization;
using System.Numerics;
using MathNet.Numerics.Statistics;

namespace Lstm.Data;

/// <summary>The values of one feature, measured so that no intermediate result overflows or underflows.</summary>
/// <remarks>
/// The statistics are those of the values divided by a power of two that brings them into −1 … 1, which changes no bit of them:
/// squares of values such as 10²⁰⁰ or 10⁻²⁰⁰ stay within double.
/// </remarks>
internal sealed class FeatureColumn
{
    private readonly int _feature;
    private readonly double[] _scaled;
    private readonly int _exponent;

    private FeatureColumn(int feature, double[] values, double epsilon, double least)
    {
        _feature = feature;
        (Minimum, Maximum) = (ArrayStatistics.Minimum(values), ArrayStatistics.Maximum(values));
        double magnitude = Math.Max(Math.Abs(Minimum), Math.Abs(Maximum));
        if (!double.IsFinite(Maximum - Minimum))
        {
            throw new ArgumentException(string.Create(
                CultureInfo.InvariantCulture,
                $"Feature {feature} goes from {Minimum} to {Maximum}; the distance is above the largest double, " +
                    $"{double.MaxValue:g3}. ")
                + "Divide the values of this feature by 2 or more before fitting.",
                "rows");
        }

        _exponent = magnitude == 0 ? 0 : Math.ILogB(magnitude) + 1;
        _scaled = Array.ConvertAll(values, value => Math.ScaleB(value, -_exponent));
        double half = (Math.ScaleB(Maximum, -_exponent) - Math.ScaleB(Minimum, -_exponent)) / 2;
        double rounding = (16 * epsilon) + (values.Length * (Math.BitIncrement(1.0) - 1));
        IsConstant = half <= rounding * Math.ScaleB(magnitude, -_exponent) || (Maximum - Minimum) / 2 <= 16 * least;
    }

    public double Minimum { get; }

    public double Maximum { get; }

    /// <summary>
    /// Whether the values differ by no more than rounding; <see cref="FeatureScaler.ConstantFeatures"/> has the bound.
    /// </summary>
    public bool IsConstant { get; }

    /// <summary>The mean; of equal values their own value, to the last bit.</summary>
    public double Mean => Minimum == Maximum ? Minimum : Math.ScaleB(ArrayStatistics.Mean(_scaled), _exponent);

    /// <summary>The population's standard deviation.</summary>
    public double Deviation => Math.ScaleB(ArrayStatistics.PopulationStandardDeviation(_scaled), _exponent);

    /// <summary>The scale of the feature: the given one, or 1 for a constant feature.</summary>
    /// <exception cref="ArgumentException">The feature changes, and its scale is 0 or infinite in double.</exception>
    public double ScaleOf(double scale) => IsConstant ? 1
        : scale > 0 && double.IsFinite(scale) ? scale
        : throw new ArgumentException(string.Create(
            CultureInfo.InvariantCulture,
            $"Feature {_feature} goes from {Minimum} to {Maximum}; its scale is {scale} in double, by which no value can be " +
                $"divided. ")
            + "Bring the values of this feature nearer to 1 before fitting.",
            "rows");

    /// <summary>The columns of rows.</summary>
    /// <exception cref="ArgumentException">
    /// There are no rows, the values are not whole rows, a value is not finite, or values are further apart than a double can
    /// hold.
    /// </exception>
    public static FeatureColumn[] Of<T>(ReadOnlySpan<T> rows, int featureSize)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(featureSize, 1);
        if (rows.IsEmpty)
        {
            throw new ArgumentException(
                $"There are 0 values; a scaler is fitted to at least 1 row of {featureSize} features.", nameof(rows));
        }

        if (rows.Length % featureSize != 0)
        {
            throw new ArgumentException(
                $"There are {rows.Length} values; rows of {featureSize} features leave {rows.Length % featureSize} over "
                + $"after {rows.Length / featureSize} rows. "
                + $"Give [rows, {featureSize}] values, row by row, or the featureSize that the rows have.",
                nameof(rows));
        }

        double epsilon = double.CreateChecked(T.BitIncrement(T.One) - T.One);
        FeatureColumn[] columns = new FeatureColumn[featureSize];
        for (int f = 0; f < featureSize; f++)
        {
            double[] values = new double[rows.Length / featureSize];
            for (int row = 0; row < values.Length; row++)
            {
                T value = rows[(row * featureSize) + f];
                values[row] = T.IsFinite(value) ? double.CreateChecked(value) : throw new ArgumentException(string.Create(
                    CultureInfo.InvariantCulture,
                    $"Feature {f} of row {row} is {value}; a scaler is fitted to finite values. Leave the row out, or fill " +
                        $"the gap."),
                    nameof(rows));
            }

            columns[f] = new FeatureColumn(f, values, epsilon, double.CreateChecked(T.Epsilon));
        }

        return columns;
    }
}
