using System.Globalization;
using System.Numerics;

namespace Lstm.Data;

/// <summary>Scales each feature into a range: its smallest fitted value becomes the low end, its largest the high end.</summary>
/// <remarks>
/// y = (x − min)/(max − min)·(high − low) + low. Values outside the fitted rows' range lie outside the range. A feature that was
/// constant in the fitted rows, apart from rounding, becomes x − min + low; see <see cref="FeatureScaler.ConstantFeatures"/>.
/// </remarks>
public sealed class MinMaxScaler : FeatureScaler
{
    internal const string KindName = "minmax";

    private MinMaxScaler(double[] minima, double[] scales, bool[] constant, double low)
        : base(minima, scales, constant, low)
    {
    }

    private protected override string Kind => KindName;

    private protected override FeatureScaler Make(double[] centers, double[] scales, bool[] constant)
        => new MinMaxScaler(centers, scales, constant, ShiftValue);

    /// <summary>Makes a scaler from the smallest and largest value of each feature of the given rows.</summary>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <param name="rows">[1 or more, <paramref name="featureSize"/>], finite; rows of the training data only.</param>
    /// <param name="featureSize">Values per row, at least 1. Default 1.</param>
    /// <param name="low">The low end of the range. Default 0.</param>
    /// <param name="high">The high end of the range, above <paramref name="low"/>. Default 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="featureSize"/> is less than 1.</exception>
    /// <exception cref="ArgumentException">
    /// The values are not whole rows, there are none, a value is not finite, the scale of a feature is 0 or infinite in
    /// double, or <paramref name="high"/> is not above <paramref name="low"/>.
    /// </exception>
    public static MinMaxScaler Fit<T>(ReadOnlySpan<T> rows, int featureSize = 1, double low = 0, double high = 1)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (!(low < high && double.IsFinite(high - low)))
        {
            throw new ArgumentException(string.Create(
                CultureInfo.InvariantCulture, $"The range is {low} … {high}; give finite ends, with high above low."),
                nameof(high));
        }

        FeatureColumn[] columns = FeatureColumn.Of(rows, featureSize);
        return new MinMaxScaler(
            Array.ConvertAll(columns, column => column.Minimum),
            Array.ConvertAll(columns, column => column.ScaleOf((column.Maximum - column.Minimum) / (high - low))),
            Array.ConvertAll(columns, column => column.IsConstant),
            low);
    }

    /// <summary>Reads a min-max scaler that <see cref="FeatureScaler.SaveTo"/> saved.</summary>
    /// <param name="metadata">The metadata to read from, such as <see cref="Network{T}.Metadata"/>.</param>
    /// <param name="prefix">
    /// The prefix of the scaler's keys, as given to <see cref="FeatureScaler.SaveTo"/>. Default <c>scaler</c>.
    /// </param>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    /// <exception cref="InvalidDataException">
    /// The metadata has no scaler with this prefix, or a scaler of another kind, or a broken one.
    /// </exception>
    public static MinMaxScaler LoadFrom(IDictionary<string, string> metadata, string prefix = "scaler")
    {
        (double[] centers, double[] scales, bool[] constant, double shift) =
            Load(metadata, prefix, KindName, nameof(MinMaxScaler));
        return new MinMaxScaler(centers, scales, constant, shift);
    }
}
