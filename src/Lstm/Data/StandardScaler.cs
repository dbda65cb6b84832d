using System.Numerics;

namespace Lstm.Data;

/// <summary>Gives each feature mean 0 and standard deviation 1: y = (x − mean)/σ.</summary>
/// <remarks>σ is the population's (÷ n), as in scikit-learn. A feature that never changes but for rounding keeps its unit
/// and becomes 0: <see cref="FeatureScaler.ConstantFeatures"/>.</remarks>
public sealed class StandardScaler : FeatureScaler
{
    internal const string KindName = "standard";

    private StandardScaler(double[] means, double[] deviations, bool[] constant)
        : base(means, deviations, constant, 0)
    {
    }

    private protected override string Kind => KindName;

    private protected override FeatureScaler Make(double[] centers, double[] scales, bool[] constant) => new StandardScaler(centers, scales, constant);

    /// <summary>Measures rows.</summary>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <param name="rows">[1 or more, <paramref name="featureSize"/>], finite; of the training data only.</param>
    /// <param name="featureSize">Values per row, at least 1.</param>
    /// <exception cref="ArgumentException">
    /// It is no whole number of rows, there are none, a value is not finite, or the values of a feature are further apart than a double can hold.
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

    /// <summary>Reads a scaler that <see cref="FeatureScaler.SaveTo"/> wrote.</summary>
    /// <param name="metadata">Where from.</param>
    /// <param name="prefix">What its keys begin with.</param>
    /// <exception cref="InvalidDataException">It is not there, of another kind, or broken.</exception>
    public static StandardScaler LoadFrom(IDictionary<string, string> metadata, string prefix = "scaler")
    {
        (double[] centers, double[] scales, bool[] constant, _) = Load(metadata, prefix, KindName, nameof(StandardScaler));
        return new StandardScaler(centers, scales, constant);
    }
}
