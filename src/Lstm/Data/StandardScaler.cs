using System.Numerics;

namespace Lstm.Data;

/// <summary>Scales each feature to mean 0 and standard deviation 1 over the fitted rows: y = (x − mean)/σ.</summary>
/// <remarks>
/// σ is the population's standard deviation (÷ n), as in scikit-learn. A feature that was constant in the fitted rows, apart from
/// rounding, becomes x − mean; see <see cref="FeatureScaler.ConstantFeatures"/>.
/// </remarks>
public sealed class StandardScaler : FeatureScaler
{
    internal const string KindName = "standard";

    private StandardScaler(double[] means, double[] deviations, bool[] constant)
        : base(means, deviations, constant, 0)
    {
    }

    private protected override string Kind => KindName;

    private protected override FeatureScaler Make(double[] centers, double[] scales, bool[] constant)
        => new StandardScaler(centers, scales, constant);

    /// <summary>Makes a scaler from the mean and standard deviation of each feature of the given rows.</summary>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <param name="rows">[1 or more, <paramref name="featureSize"/>], finite; rows of the training data only.</param>
    /// <param name="featureSize">Values per row, at least 1. Default 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="featureSize"/> is less than 1.</exception>
    /// <exception cref="ArgumentException">
    /// The values are not whole rows, there are none, a value is not finite, or the values of a feature are further
    /// apart than a double can hold.
    /// </exception>
    public static StandardScaler Fit<T>(ReadOnlySpan<T> rows, int featureSize = 1)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        FeatureColumn[] columns = FeatureColumn.Of(rows, featureSize);
        return new StandardScaler(
            Array.ConvertAll(columns, column => column.Mean),
            Array.ConvertAll(columns, column => column.ScaleOf(column.Deviation)),
            Array.ConvertAll(columns, column => column.IsConstant));
    }

    /// <summary>Reads a standard scaler that <see cref="FeatureScaler.SaveTo"/> saved.</summary>
    /// <param name="metadata">The metadata to read from, such as <see cref="Network{T}.Metadata"/>.</param>
    /// <param name="prefix">
    /// The prefix of the scaler's keys, as given to <see cref="FeatureScaler.SaveTo"/>. Default <c>scaler</c>.
    /// </param>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    /// <exception cref="InvalidDataException">
    /// The metadata has no scaler with this prefix, or a scaler of another kind, or a broken one.
    /// </exception>
    public static StandardScaler LoadFrom(IDictionary<string, string> metadata, string prefix = "scaler")
    {
        (double[] centers, double[] scales, bool[] constant, _) = Load(metadata, prefix, KindName, nameof(StandardScaler));
        return new StandardScaler(centers, scales, constant);
    }
}
