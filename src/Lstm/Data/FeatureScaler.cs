using System.Globalization;
using System.Numerics;
using Lstm.Texts;

namespace Lstm.Data;

/// <summary>Brings features to a common range and back: y = (x − center)/scale + shift, feature by feature.</summary>
/// <remarks>
/// Immutable. Computed in double and rounded. Text in <see cref="Network{T}.Metadata"/> takes it along with a model. To take the
/// scaling of targets back that are some of the features only, <see cref="Select"/> those. A feature that is constant but for rounding
/// in the rows that the scaler was fitted to keeps its unit (scale 1): <see cref="ConstantFeatures"/> has these.
/// </remarks>
public abstract class FeatureScaler
{
    private readonly double[] _centers;
    private readonly double[] _scales;
    private readonly bool[] _constant;
    private readonly double _shift;

    private protected FeatureScaler(double[] centers, double[] scales, bool[] constant, double shift)
    {
        (_centers, _scales, _constant, _shift) = (centers, scales, constant, shift);
        ConstantFeatures = [.. Enumerable.Range(0, constant.Length).Where(feature => constant[feature])];
    }

    /// <summary>Values per step.</summary>
    public int FeatureSize => _centers.Length;

    /// <summary>What each feature has subtracted.</summary>
    public IReadOnlyList<double> Centers => _centers;

    /// <summary>What each feature is then divided by; never 0.</summary>
    public IReadOnlyList<double> Scales => _scales;

    /// <summary>
    /// The features that did not change in the rows the scaler was fitted to, but for rounding: their scale is 1. Empty for a scaler that was
    /// saved by a version of this library that did not note them.
    /// </summary>
    /// <remarks>
    /// A feature is constant when half the distance from its smallest to its largest value is at most (16ε + nδ)·m, with m its largest magnitude,
    /// n the number of rows, ε the distance from 1 to the next value of the rows' type and δ that of double. 16ε is the error of some operations on
    /// values of this size; nδ·m bounds that of a running sum of n of them in double, and of their mean.
    /// </remarks>
    public IReadOnlyList<int> ConstantFeatures { get; }

    private protected double ShiftValue => _shift;

    private protected abstract string Kind { get; }

    /// <summary>Makes a scaler of the same kind.</summary>
    private protected abstract FeatureScaler Make(double[] centers, double[] scales, bool[] constant);

    /// <summary>Whether a feature is one of the <see cref="ConstantFeatures"/>.</summary>
    /// <param name="feature">0 … <see cref="FeatureSize"/> − 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such feature.</exception>
    public bool IsConstant(int feature) => (uint)feature < (uint)FeatureSize
        ? _constant[feature]
        : throw new ArgumentOutOfRangeException(nameof(feature), feature, $"The scaler has {FeatureSize} features, 0 … {FeatureSize - 1}.");

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
            throw new ArgumentException($"There are 0 indices; Select needs at least 1 of the scaler's {FeatureSize} features.", nameof(features));
        }

        (double[] centers, double[] scales, bool[] constant) = (new double[features.Length], new double[features.Length], new bool[features.Length]);
        for (int i = 0; i < features.Length; i++)
        {
            int feature = features[i];
            if ((uint)feature >= (uint)FeatureSize)
            {
                throw new ArgumentException($"Feature {feature} (index {i} of {features.Length}) is outside 0 … {FeatureSize - 1}, the scaler's features.", nameof(features));
            }

            (centers[i], scales[i], constant[i]) = (_centers[feature], _scales[feature], _constant[feature]);
        }

        return Make(centers, scales, constant);
    }

    /// <summary>The kind, the number of features, and which of them are constant.</summary>
    public override string ToString()
        => $"{GetType().Name}: {FeatureSize} features{(ConstantFeatures.Count == 0 ? string.Empty : $", constant: {string.Join(", ", ConstantFeatures)}")}";

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
        if (ConstantFeatures.Count > 0)
        {
            metadata[prefix + ".constant"] = string.Join(' ', ConstantFeatures.Select(feature => feature.ToString(CultureInfo.InvariantCulture)));
        }
        else
        {
            metadata.Remove(prefix + ".constant");
        }
    }

    internal static string KindOf(IDictionary<string, string> metadata, string prefix)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        ArgumentNullException.ThrowIfNull(prefix);
        return Text(metadata, prefix, "kind");
    }

    private protected static (double[] Centers, double[] Scales, bool[] Constant, double Shift) Load(
        IDictionary<string, string> metadata, string prefix, string kind, string name)
    {
        string found = KindOf(metadata, prefix);
        if (found != kind)
        {
            throw new InvalidDataException($"The scaler '{prefix}' of the metadata is of the kind '{found}', and {name}.LoadFrom reads '{kind}': use the LoadFrom of the class that saved it.");
        }

        double[] centers = Read(metadata, prefix, "centers");
        double[] scales = Read(metadata, prefix, "scales");
        double[] shift = Read(metadata, prefix, "shift");
        bool[] constant = ReadConstant(metadata, prefix, centers.Length);
        return centers.Length == scales.Length && shift.Length == 1 && scales.All(scale => scale > 0)
            ? (centers, scales, constant, shift[0])
            : throw new InvalidDataException(
                $"The scaler '{prefix}' of the metadata has {centers.Length} centers, {scales.Length} scales and {shift.Length} shifts; "
                + "it has to have as many scales as centers, all above 0, and 1 shift.");
    }

    private void Check(int length, int destination)
    {
        if (length % FeatureSize != 0)
        {
            throw new ArgumentException(
                $"There are {length} values; rows of {FeatureSize} features leave {length % FeatureSize} over after {length / FeatureSize} rows. "
                + $"The scaler was fitted to {FeatureSize} features: give whole rows of them, or Select the features that the rows have.", "rows");
        }

        if (length != destination)
        {
            throw new ArgumentException($"The destination has {destination} values, the rows have {length}; give a destination of {length}.", nameof(destination));
        }
    }

    private static string Write(double[] values) => string.Join(' ', values.Select(value => value.ToString("R", CultureInfo.InvariantCulture)));

    private static string Text(IDictionary<string, string> metadata, string prefix, string part)
    {
        if (metadata.TryGetValue($"{prefix}.{part}", out string? text))
        {
            return text;
        }

        string[] others = [.. metadata.Keys.Where(key => key.EndsWith(".kind", StringComparison.Ordinal)).Select(key => $"'{key[..^".kind".Length]}'").Order(StringComparer.Ordinal)];
        throw new InvalidDataException(
            $"The metadata has no '{prefix}.{part}', so there is no scaler saved as '{prefix}'"
            + (part == "kind" && others.Length > 0 ? $"; there are {Shortened.List(others)}: give one of these as the prefix."
                : part == "kind" ? ". SaveTo(network.Metadata) before network.Save stores one." : " in whole: the metadata was changed after SaveTo."));
    }

    private static double[] Read(IDictionary<string, string> metadata, string prefix, string part)
        => [.. Text(metadata, prefix, part).Split(' ').Select((text, i) =>
            double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value)
                ? value
                : throw new InvalidDataException($"'{prefix}.{part}' of the metadata has '{Shortened.Text(text)}' as number {i}, which is no finite number."))];

    private static bool[] ReadConstant(IDictionary<string, string> metadata, string prefix, int features)
    {
        bool[] constant = new bool[features];
        foreach (string text in metadata.TryGetValue(prefix + ".constant", out string? list) ? list.Split(' ') : [])
        {
            if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int feature) || feature >= features)
            {
                throw new InvalidDataException($"'{prefix}.constant' of the metadata has '{Shortened.Text(text)}', which is none of the {features} features 0 … {features - 1}.");
            }

            constant[feature] = true;
        }

        return constant;
    }
}
