using System.Globalization;
using System.Numerics;

namespace Lstm.Data;

/// <summary>Brings each feature into a range: its smallest value becomes the range's low end, its largest the high end.</summary>
/// <remarks>y = (x − min)/(max − min)·(high − low) + low. A feature that never changes but for rounding keeps its unit and becomes
/// low: <see cref="FeatureScaler.ConstantFeatures"/>.</remarks>
public sealed class MinMaxScaler : FeatureScaler
{
    internal const string KindName = "minmax";

    private MinMaxScaler(double[] minima, double[] scales, bool[] constant, double low)
        : base(minima, scales, constant, low)
    {
    }

    private protected override string Kind => KindName;

    private protected override FeatureScaler Make(double[] centers, double[] scales, bool[] constant) => new MinMaxScaler(centers, scales, constant, ShiftValue);

    /// <summary>Measures rows.</summary>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <param name="rows">[1 or more, <paramref name="featureSize"/>], finite; of the training data only.</param>
    /// <param name="featureSize">Values per row, at least 1.</param>
    /// <param name="low">The low end of the range.</param>
    /// <param name="high">The high end, above <paramref name="low"/>.</param>
    /// <exception cref="ArgumentException">
    /// It is no whole number of rows, there are none, a value is not finite, the values of a feature or their scale are beyond double, or the range is none.
    /// </exception>
    public static MinMaxScaler Fit<T>(ReadOnlySpan<T> rows, int featureSize = 1, double low = 0, double high = 1)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (!(low < high && double.IsFinite(high - low)))
        {
            throw new ArgumentException(string.Create(
                CultureInfo.InvariantCulture, $"The range is {low} … {high}; its ends have to be finite, and high above low."), nameof(high));
        }

        FeatureColumn[] columns = FeatureColumn.Of(rows, featureSize);
        return new MinMaxScaler(
            Array.ConvertAll(columns, column => column.Minimum),
            Array.ConvertAll(columns, column => column.ScaleOf((column.Maximum - column.Minimum) / (high - low))),
            Array.ConvertAll(columns, column => column.IsConstant),
            low);
    }

    /// <summary>Reads a scaler that <see cref="FeatureScaler.SaveTo"/> wrote.</summary>
    /// <param name="metadata">Where from.</param>
    /// <param name="prefix">What its keys begin with.</param>
    /// <exception cref="InvalidDataException">It is not there, of another kind, or broken.</exception>
    public static MinMaxScaler LoadFrom(IDictionary<string, string> metadata, string prefix = "scaler")
    {
        (double[] centers, double[] scales, bool[] constant, double shift) = Load(metadata, prefix, KindName, nameof(MinMaxScaler));
        return new MinMaxScaler(centers, scales, constant, shift);
    }
}
