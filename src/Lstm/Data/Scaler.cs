using Lstm.Texts;

namespace Lstm.Data;

/// <summary>Reads scalers of any kind.</summary>
public static class Scaler
{
    /// <summary>Reads a scaler that <see cref="FeatureScaler.SaveTo"/> wrote, of the kind that it was.</summary>
    /// <param name="metadata">The metadata that hold it, such as <see cref="Network{T}.Metadata"/>.</param>
    /// <param name="prefix">The prefix of its keys.</param>
    /// <returns>A <see cref="StandardScaler"/> or a <see cref="MinMaxScaler"/>.</returns>
    /// <exception cref="InvalidDataException">The metadata hold no such scaler, or one of an unknown kind, or a broken one.</exception>
    public static FeatureScaler LoadFrom(IDictionary<string, string> metadata, string prefix = "scaler")
        => FeatureScaler.KindOf(metadata, prefix) switch
        {
            StandardScaler.KindName => StandardScaler.LoadFrom(metadata, prefix),
            MinMaxScaler.KindName => MinMaxScaler.LoadFrom(metadata, prefix),
            string kind => throw new InvalidDataException(
                $"The scaler '{prefix}' of the metadata is of the kind '{Shortened.Text(kind)}'; the kinds are "
                + $"'{StandardScaler.KindName}' and '{MinMaxScaler.KindName}'."),
        };
}
