using System.Globalization;
using System.Numerics;
using Lstm.Texts;

namespace Lstm.Data;

/// <summary>Scales each feature of rows linearly, and takes the scaling back: y = (x − center)/scale + shift.</summary>
/// <remarks>
/// A scaler is immutable. It computes in double and rounds each result once. <see cref="SaveTo"/> stores it in
/// <see cref="Network{T}.Metadata"/>, so that it travels with the model. For targets that are some of the features, take the
/// scaling back with <see cref="Select"/>. A feature that was constant in the fitted rows, apart from rounding, has the scale 1;
/// see <see cref="ConstantFeatures"/>.
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

    /// <summary>The number of features of a row.</summary>
    public int FeatureSize => _centers.Length;

    /// <summary>The number that is subtracted from each feature.</summary>
    public IReadOnlyList<double> Centers => _centers;

    /// <summary>The number that each feature is divided by after its center is subtracted; above 0.</summary>
    public IReadOnlyList<double> Scales => _scales;

    /// <summary>
    /// The indices of the features that did not change in the fitted rows, apart from rounding; their scale is 1. Empty for a
    /// scaler saved by a version of this library that did not save the list.
    /// </summary>
    /// <remarks>
    /// A feature is constant when half the distance from its smallest to its largest value is at most (16ε + nδ)·m, with m its
    /// largest magnitude, n the number of rows, ε the distance from 1 to the next value of the rows' type and δ that of double.
    /// 16ε is the error of a few operations on values of this size; nδ·m bounds the error of a running sum of n of them in
    /// double, and of their mean.
    /// </remarks>
    public IReadOnlyList<int> ConstantFeatures { get; }

    private protected double ShiftValue => _shift;

    private protected abstract string Kind { get; }

    /// <summary>Makes a scaler of the same kind.</summary>
    private protected abstract FeatureScaler Make(double[] centers, double[] scales, bool[] constant);

    /// <summary>Whether a feature is one of the <see cref="ConstantFeatures"/>.</summary>
    /// <param name="feature">The feature's index, 0 … <see cref="FeatureSize"/> − 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="feature"/> is out of range.</exception>
    public bool IsConstant(int feature) => (uint)feature < (uint)FeatureSize
        ? _constant[feature]
        : throw new ArgumentOutOfRangeException(
            nameof(feature), feature, $"The scaler has {FeatureSize} features, 0 … {FeatureSize - 1}.");

    /// <summary>Scales rows in place.</summary>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <param name="rows">
    /// [any number, <see cref="FeatureSize"/>], such as <see cref="SequenceBatch{T}.Rows"/>. NaN and infinities stay NaN and
    /// infinities.
    /// </param>
    /// <exception cref="ArgumentException">
    /// The values are not whole rows, or a finite value would become infinite in <typeparamref name="T"/>. Nothing has changed
    /// then.
    /// </exception>
    public void Transform<T>(Span<T> rows)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Transform(rows, rows);

    /// <summary>Scales rows and writes the results to a destination.</summary>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <param name="rows">[any number, <see cref="FeatureSize"/>]. NaN and infinities stay NaN and infinities.</param>
    /// <param name="destination">As long as <paramref name="rows"/>; the same memory, or memory that does not overlap it.</param>
    /// <exception cref="ArgumentException">
    /// The values are not whole rows, the destination has another length or overlaps the rows in part, or a finite value would
    /// become infinite in <typeparamref name="T"/>. Nothing has changed then.
    /// </exception>
    public void Transform<T>(ReadOnlySpan<T> rows, Span<T> destination)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Check(rows, destination);

        // All results are checked before the first is written: the destination may be the rows.
        for (int i = 0, f = 0; i < rows.Length; i++, f = f + 1 == FeatureSize ? 0 : f + 1)
        {
            CheckFinite(
                rows[i], Scaled(rows[i], f), i, "scaled", "Bring the value nearer to those that the scaler was fitted to");
        }

        for (int i = 0, f = 0; i < rows.Length; i++, f = f + 1 == FeatureSize ? 0 : f + 1)
        {
            destination[i] = Scaled(rows[i], f);
        }
    }

    /// <summary>Takes the scaling of rows back, in place.</summary>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <param name="rows">[any number, <see cref="FeatureSize"/>]. NaN and infinities stay NaN and infinities.</param>
    /// <exception cref="ArgumentException">
    /// The values are not whole rows, or a finite value would become infinite in <typeparamref name="T"/>. Nothing has changed
    /// then.
    /// </exception>
    public void Inverse<T>(Span<T> rows)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Inverse(rows, rows);

    /// <summary>Takes the scaling of rows back and writes the results to a destination.</summary>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <param name="rows">[any number, <see cref="FeatureSize"/>]. NaN and infinities stay NaN and infinities.</param>
    /// <param name="destination">As long as <paramref name="rows"/>; the same memory, or memory that does not overlap it.</param>
    /// <exception cref="ArgumentException">
    /// The values are not whole rows, the destination has another length or overlaps the rows in part, or a finite value would
    /// become infinite in <typeparamref name="T"/>. Nothing has changed then.
    /// </exception>
    public void Inverse<T>(ReadOnlySpan<T> rows, Span<T> destination)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Check(rows, destination);
        for (int i = 0, f = 0; i < rows.Length; i++, f = f + 1 == FeatureSize ? 0 : f + 1)
        {
            CheckFinite(rows[i], Unscaled(rows[i], f), i, "with its scaling taken back", "Bring the value into the scaled range");
        }

        for (int i = 0, f = 0; i < rows.Length; i++, f = f + 1 == FeatureSize ? 0 : f + 1)
        {
            destination[i] = Unscaled(rows[i], f);
        }
    }

    /// <summary>Makes a scaler of some of the features, which scales these features to the same bits.</summary>
    /// <remarks>For targets that are some of the features: <c>scaler.Select(targetFeatures).Inverse(forecasts)</c>.</remarks>
    /// <param name="features">
    /// One or more indices, in the order of the new scaler's features. An index may occur several times.
    /// </param>
    /// <returns>A scaler of the same kind, with one feature for each index.</returns>
    /// <exception cref="ArgumentException">There are no indices, or an index is out of range.</exception>
    public FeatureScaler Select(params ReadOnlySpan<int> features)
    {
        if (features.IsEmpty)
        {
            throw new ArgumentException(
                $"There are 0 indices; Select needs at least 1 of the scaler's {FeatureSize} features.", nameof(features));
        }

        int count = features.Length;
        (double[] centers, double[] scales, bool[] constant) = (new double[count], new double[count], new bool[count]);
        for (int i = 0; i < count; i++)
        {
            int feature = features[i];
            if ((uint)feature >= (uint)FeatureSize)
            {
                throw new ArgumentException(
                    $"Feature {feature} (index {i} of {count}) is outside 0 … {FeatureSize - 1}, the scaler's features.",
                    nameof(features));
            }

            (centers[i], scales[i], constant[i]) = (_centers[feature], _scales[feature], _constant[feature]);
        }

        return Make(centers, scales, constant);
    }

    /// <summary>The kind, the number of features, and the indices of the constant ones.</summary>
    public override string ToString()
        => $"{GetType().Name}: {Counted.Of(FeatureSize, "feature")}"
            + (ConstantFeatures.Count == 0 ? string.Empty : $", constant: {string.Join(", ", ConstantFeatures)}");

    /// <summary>
    /// Saves the scaler in metadata, without loss of precision. A scaler saved with the same prefix is replaced.
    /// </summary>
    /// <param name="metadata">The metadata to write to, such as <see cref="Network{T}.Metadata"/>.</param>
    /// <param name="prefix">The prefix of the scaler's keys. Give each scaler of a model a prefix. Default <c>scaler</c>.</param>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
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
            metadata[prefix + ".constant"]
                = string.Join(' ', ConstantFeatures.Select(feature => feature.ToString(CultureInfo.InvariantCulture)));
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
            throw new InvalidDataException(
                $"The scaler '{Shortened.Text(prefix)}' of the metadata is of the kind '{Shortened.Text(found)}', "
                + $"and {name}.LoadFrom reads '{kind}'. Use Scaler.LoadFrom, which reads any kind.");
        }

        double[] centers = Read(metadata, prefix, "centers");
        double[] scales = Read(metadata, prefix, "scales");
        double[] shift = Read(metadata, prefix, "shift");
        bool[] constant = ReadConstant(metadata, prefix, centers.Length);
        return centers.Length == scales.Length && shift.Length == 1 && scales.All(scale => scale > 0)
            ? (centers, scales, constant, shift[0])
            : throw new InvalidDataException(
                $"The scaler '{Shortened.Text(prefix)}' of the metadata has {centers.Length} centers, {scales.Length} scales "
                + $"and {shift.Length} shifts; a scaler has as many scales as centers, all above 0, and 1 shift.");
    }

    private T Scaled<T>(T value, int feature)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => T.CreateChecked(((double.CreateChecked(value) - _centers[feature]) / _scales[feature]) + _shift);

    private T Unscaled<T>(T value, int feature)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => T.CreateChecked(((double.CreateChecked(value) - _shift) * _scales[feature]) + _centers[feature]);

    private void CheckFinite<T>(T value, T result, int index, string what, string remedy)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (!T.IsFinite(result) && T.IsFinite(value))
        {
            int feature = index % FeatureSize;
            string type = TypeName.Of(typeof(T));
            throw new ArgumentException(
                InvariantText.Of($"Feature {feature} of row {index / FeatureSize} is {value}; {what}, it is infinite in {type} ")
                + InvariantText.Of($"(center {_centers[feature]}, scale {_scales[feature]}, shift {_shift}). ")
                + $"{remedy}, {(typeof(T) == typeof(float) ? "scale in double, " : string.Empty)}or leave the row out.",
                "rows");
        }
    }

    private void Check<T>(ReadOnlySpan<T> rows, Span<T> destination)
    {
        int length = rows.Length;
        if (length % FeatureSize != 0)
        {
            throw new ArgumentException(
                $"There are {length} values; rows of {FeatureSize} features leave {length % FeatureSize} over "
                + $"after {length / FeatureSize} rows. The scaler was fitted to {FeatureSize} features: "
                + "give whole rows of them, or Select the features that the rows have.",
                nameof(rows));
        }

        if (length != destination.Length)
        {
            throw new ArgumentException(
                $"The destination has {destination.Length} values, the rows have {length}; give a destination of {length}.",
                nameof(destination));
        }

        if (rows.Overlaps(destination, out int offset) && offset != 0)
        {
            throw new ArgumentException(
                $"The destination starts {offset} values from the start of the rows and overlaps them; "
                + "give the same memory, or memory that does not overlap.",
                nameof(destination));
        }
    }

    private static string Write(double[] values)
        => string.Join(' ', values.Select(value => value.ToString("R", CultureInfo.InvariantCulture)));

    private static string Text(IDictionary<string, string> metadata, string prefix, string part)
    {
        if (metadata.TryGetValue($"{prefix}.{part}", out string? text))
        {
            return text;
        }

        const string Kind = ".kind";
        IEnumerable<string> kinds = metadata.Keys.Where(key => key.EndsWith(Kind, StringComparison.Ordinal));
        string[] others = [.. kinds.Select(key => $"'{key[..^Kind.Length]}'").Order(StringComparer.Ordinal)];
        throw new InvalidDataException(
            $"The metadata has no '{Shortened.Text(prefix)}.{part}', so there is no scaler saved as '{Shortened.Text(prefix)}'"
            + (part != "kind" ? " in whole: the metadata was changed after SaveTo."
                : others.Length > 0 ? $"; there are {Shortened.List(others)}: give one of these as the prefix."
                : ". Call scaler.SaveTo(network.Metadata) before network.Save."));
    }

    private static double[] Read(IDictionary<string, string> metadata, string prefix, string part)
        => [.. Text(metadata, prefix, part).Split(' ').Select((text, i) =>
            double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value)
                ? value
                : throw new InvalidDataException(
                    $"'{Shortened.Text(prefix)}.{part}' of the metadata has '{Shortened.Text(text)}' as number {i}; "
                    + "it has to be a finite number."))];

    private static bool[] ReadConstant(IDictionary<string, string> metadata, string prefix, int features)
    {
        bool[] constant = new bool[features];
        foreach (string text in metadata.TryGetValue(prefix + ".constant", out string? list) ? list.Split(' ') : [])
        {
            if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int feature) || feature >= features)
            {
                throw new InvalidDataException(
                    $"'{Shortened.Text(prefix)}.constant' of the metadata has '{Shortened.Text(text)}', "
                    + $"which is none of the {features} features 0 … {features - 1}.");
            }

            constant[feature] = true;
        }

        return constant;
    }
}
