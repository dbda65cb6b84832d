using System.Numerics;
using MathNet.Numerics.Statistics;

namespace Lstm;

/// <summary>Gives each feature mean 0 and standard deviation 1: y = (x − mean)/σ.</summary>
/// <remarks>σ is the population's (÷ n), as in scikit-learn. A feature that never changes becomes 0.</remarks>
public sealed class StandardScaler : FeatureScaler
{
    private const string KindName = "standard";

    private StandardScaler(double[] means, double[] deviations)
        : base(means, deviations, 0)
    {
    }

    private protected override string Kind => KindName;

    private protected override FeatureScaler Make(double[] centers, double[] scales) => new StandardScaler(centers, scales);

    /// <summary>Measures rows.</summary>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <param name="rows">[1 or more, <paramref name="featureSize"/>], finite; of the training data only.</param>
    /// <param name="featureSize">Values per row, at least 1.</param>
    /// <exception cref="ArgumentException">It is no whole number of rows, there are none, or a value is not finite.</exception>
    public static StandardScaler Fit<T>(ReadOnlySpan<T> rows, int featureSize = 1)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double[][] columns = Columns(rows, featureSize);

        // The mean's rounding error is no deviation: equal values have none.
        return new StandardScaler(
            Array.ConvertAll(columns, ArrayStatistics.Mean),
            Array.ConvertAll(columns, column => ArrayStatistics.Minimum(column) == ArrayStatistics.Maximum(column)
                ? 1
                : Usable(ArrayStatistics.PopulationStandardDeviation(column))));
    }

    /// <summary>Reads a scaler that <see cref="FeatureScaler.SaveTo"/> wrote.</summary>
    /// <param name="metadata">Where from.</param>
    /// <param name="prefix">What its keys begin with.</param>
    /// <exception cref="InvalidDataException">It is not there, of another kind, or broken.</exception>
    public static StandardScaler LoadFrom(IDictionary<string, string> metadata, string prefix = "scaler")
    {
        (double[] centers, double[] scales, _) = Load(metadata, prefix, KindName);
        return new StandardScaler(centers, scales);
    }
}
