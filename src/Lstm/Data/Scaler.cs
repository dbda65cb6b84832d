using Lstm.Texts;

namespace Lstm.Data;

/// <summary>Reads saved scalers without naming their kind.</summary>
public static class Scaler
{
    /// <summary>Reads a scaler of any kind that <see cref="FeatureScaler.SaveTo"/> saved.</summary>
    /// <param name="metadata">The metadata to read from, such as <see cref="Network{T}.Metadata"/>.</param>
    /// <param name="prefix">
    /// The prefix of the scaler's keys, as given to <see cref="FeatureScaler.SaveTo"/>. Default <c>scaler</c>.
    /// </param>
    /// <returns>A <see cref="StandardScaler"/> or a <see cref="MinMaxScaler"/>.</returns>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    /// <exception cref="InvalidDataException">
    /// The metadata has no scaler with this prefix, or a scaler of an unknown kind, or a broken one.
    /// </exception>
    public static FeatureScaler LoadFrom(IDictionary<string, string> metadata, string prefix = "scaler")
        => FeatureScaler.KindOf(metadata, prefix) switch
        {
            StandardScaler.KindName => StandardScaler.LoadFrom(metadata, prefix),
            MinMaxScaler.KindName => MinMaxScaler.LoadFrom(metadata, prefix),
            string kind => throw new InvalidDataException(
                $"The scaler '{Shortened.Text(prefix)}' of the metadata is of the kind '{Shortened.Text(kind)}'; the kinds are "
                + $"'{StandardScaler.KindName}' and '{MinMaxScaler.KindName}'."),
        };
}
