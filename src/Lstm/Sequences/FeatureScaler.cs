using System.Globalization;
using System.Numerics;

namespace Lstm;

/// <summary>Brings features to a common range and back: y = (x − center)/scale + shift, feature by feature.</summary>
/// <remarks>
/// Immutable. Computed in double and rounded. Text in <see cref="Network{T}.Metadata"/> takes it along with a model. To take the
/// scaling of targets back that are some of the features only, <see cref="Select"/> those.
/// </remarks>
public abstract class FeatureScaler
{
    private readonly double[] _centers;
    private readonly double[] _scales;
    private readonly double _shift;

    private protected FeatureScaler(double[] centers, double[] scales, double shift)
    {
        (_centers, _scales, _shift) = (centers, scales, shift);
    }

    /// <summary>Values per step.</summary>
    public int FeatureSize => _centers.Length;

    /// <summary>What each feature has subtracted.</summary>
    public IReadOnlyList<double> Centers => _centers;

    /// <summary>What each feature is then divided by; never 0.</summary>
    public IReadOnlyList<double> Scales => _scales;

    private protected double ShiftValue => _shift;

    private protected abstract string Kind { get; }

    /// <summary>Makes a scaler of the same kind.</summary>
    private protected abstract FeatureScaler Make(double[] centers, double[] scales);

    /// <summary>Scales rows in place.</summary>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <param name="rows">[any number, <see cref="FeatureSize"/>], e.g. <see cref="SequenceBatch{T}.Rows"/>.</param>
    /// <exception cref="ArgumentException">It is no whole number of rows.</exception>
    public void Transform<T>(Span<T> rows)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Transform(rows, rows);

    /// <summary>Scales rows into others.</summary>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <param name="rows">[any number, <see cref="FeatureSize"/>].</param>
    /// <param name="destination">As long as <paramref name="rows"/>; the same memory, or disjoint.</param>
    /// <exception cref="ArgumentException">It is no whole number of rows, or the lengths differ.</exception>
    public void Transform<T>(ReadOnlySpan<T> rows, Span<T> destination)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Check(rows.Length, destination.Length);
        for (int i = 0, f = 0; i < rows.Length; i++, f = f + 1 == FeatureSize ? 0 : f + 1)
        {
            destination[i] = T.CreateChecked(((double.CreateChecked(rows[i]) - _centers[f]) / _scales[f]) + _shift);
        }
    }

    /// <summary>Takes the scaling back, in place.</summary>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <param name="rows">[any number, <see cref="FeatureSize"/>].</param>
    /// <exception cref="ArgumentException">It is no whole number of rows.</exception>
    public void Inverse<T>(Span<T> rows)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Inverse(rows, rows);

    /// <summary>Takes the scaling back, into other rows.</summary>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <param name="rows">[any number, <see cref="FeatureSize"/>].</param>
    /// <param name="destination">As long as <paramref name="rows"/>; the same memory, or disjoint.</param>
    /// <exception cref="ArgumentException">It is no whole number of rows, or the lengths differ.</exception>
    public void Inverse<T>(ReadOnlySpan<T> rows, Span<T> destination)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Check(rows.Length, destination.Length);
        for (int i = 0, f = 0; i < rows.Length; i++, f = f + 1 == FeatureSize ? 0 : f + 1)
        {
            destination[i] = T.CreateChecked(((double.CreateChecked(rows[i]) - _shift) * _scales[f]) + _centers[f]);
        }
    }

    /// <summary>Makes a scaler of some of the features: what scales them here scales them there, bit for bit.</summary>
    /// <remarks>For targets that are some of the inputs' features: <c>scaler.Select(targetFeatures).Inverse(forecasts)</c>.</remarks>
    /// <param name="features">Indices, one or more, in the order of the new scaler's features; one may come again.</param>
    /// <returns>A scaler of the same kind, whose <see cref="FeatureSize"/> is the number of indices.</returns>
    /// <exception cref="ArgumentException">There are no indices, or there is no such feature.</exception>
    public FeatureScaler Select(params ReadOnlySpan<int> features)
    {
        if (features.IsEmpty)
        {
            throw new ArgumentException($"There has to be at least 1 feature of the {FeatureSize}; there are 0.", nameof(features));
        }

        (double[] centers, double[] scales) = (new double[features.Length], new double[features.Length]);
        for (int i = 0; i < features.Length; i++)
        {
            int feature = features[i];
            if ((uint)feature >= (uint)FeatureSize)
            {
                throw new ArgumentException($"Feature {feature} is outside 0 … {FeatureSize - 1}.", nameof(features));
            }

            (centers[i], scales[i]) = (_centers[feature], _scales[feature]);
        }

        return Make(centers, scales);
    }

    /// <summary>Writes the scaler down, exactly.</summary>
    /// <param name="metadata">Where to, e.g. <see cref="Network{T}.Metadata"/>.</param>
    /// <param name="prefix">What its keys begin with.</param>
    public void SaveTo(IDictionary<string, string> metadata, string prefix = "scaler")
    {
        ArgumentNullException.ThrowIfNull(metadata);
        ArgumentNullException.ThrowIfNull(prefix);
        metadata[prefix + ".kind"] = Kind;
        metadata[prefix + ".centers"] = Write(_centers);
        metadata[prefix + ".scales"] = Write(_scales);
        metadata[prefix + ".shift"] = Write([_shift]);
    }

    private protected static (double[] Centers, double[] Scales, double Shift) Load(IDictionary<string, string> metadata, string prefix, string kind)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        ArgumentNullException.ThrowIfNull(prefix);
        string found = Text(metadata, prefix + ".kind");
        if (found != kind)
        {
            throw new InvalidDataException($"'{prefix}.kind' is '{found}', not '{kind}'.");
        }

        double[] centers = Read(metadata, prefix + ".centers");
        double[] scales = Read(metadata, prefix + ".scales");
        double[] shift = Read(metadata, prefix + ".shift");
        return centers.Length == scales.Length && shift.Length == 1 && !scales.Contains(0)
            ? (centers, scales, shift[0])
            : throw new InvalidDataException($"'{prefix}' has {centers.Length} centers, {scales.Length} scales and {shift.Length} shifts, or a scale of 0.");
    }

    /// <summary>The columns of rows, as double.</summary>
    private protected static double[][] Columns<T>(ReadOnlySpan<T> rows, int featureSize)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(featureSize, 1);
        if (rows.IsEmpty || rows.Length % featureSize != 0)
        {
            throw new ArgumentException($"There are {rows.Length} values, which is no whole number of rows of {featureSize}, at least 1.", nameof(rows));
        }

        double[][] columns = new double[featureSize][];
        for (int f = 0; f < featureSize; f++)
        {
            columns[f] = new double[rows.Length / featureSize];
            for (int row = 0; row < columns[f].Length; row++)
            {
                T value = rows[(row * featureSize) + f];
                columns[f][row] = T.IsFinite(value)
                    ? double.CreateChecked(value)
                    : throw new ArgumentException($"Feature {f} of row {row} is {value}; a scaler is fitted to finite values.", nameof(rows));
            }
        }

        return columns;
    }

    /// <summary>A scale that can be divided by: a feature that never changes keeps its unit.</summary>
    private protected static double Usable(double scale) => scale > 0 && double.IsFinite(scale) ? scale : 1;

    private void Check(int length, int destination)
    {
        if (length % FeatureSize != 0)
        {
            throw new ArgumentException($"There are {length} values, which is no whole number of rows of {FeatureSize}.", "rows");
        }

        if (length != destination)
        {
            throw new ArgumentException($"The destination has {destination} values, the rows {length}.", nameof(destination));
        }
    }

    private static string Write(double[] values) => string.Join(' ', values.Select(value => value.ToString("R", CultureInfo.InvariantCulture)));

    private static string Text(IDictionary<string, string> metadata, string key)
        => metadata.TryGetValue(key, out string? text) ? text : throw new InvalidDataException($"There is no '{key}'.");

    private static double[] Read(IDictionary<string, string> metadata, string key)
        => [.. Text(metadata, key).Split(' ').Select(text =>
            double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value)
                ? value
                : throw new InvalidDataException($"'{key}' contains '{text}', no finite number."))];
}
