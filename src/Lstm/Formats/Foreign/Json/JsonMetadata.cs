using System.Globalization;
using System.Numerics;
using System.Text.Json;
using Lstm.Texts;

namespace Lstm.Formats.Foreign.Json;

/// <summary>What a file says besides its parameters, as the network's metadata.</summary>
internal static class JsonMetadata
{
    /// <summary>The key of the sample rate in Hz, whatever the file calls it.</summary>
    public const string SampleRate = "sample_rate";

    /// <summary>Keeps the texts, numbers and flags of an object; objects in it as JSON; arrays are reported as ignored.</summary>
    /// <param name="reading">The file.</param>
    /// <param name="owner">The object.</param>
    /// <param name="prefix">What the keys start with; a constant, so that metadata is no longer than the file.</param>
    /// <param name="used">The properties that the reader has read.</param>
    public static void Keep<T>(JsonReading<T> reading, JsonElement owner, string prefix, params ReadOnlySpan<string> used)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (owner.ValueKind != JsonValueKind.Object)
        {
            return;
        }

        foreach (JsonProperty property in owner.EnumerateObject())
        {
            string name = property.Name;
            if (used.Contains(name))
            {
                continue;
            }

            switch (property.Value.ValueKind)
            {
                case JsonValueKind.Null:
                    break;
                case JsonValueKind.String:
                    reading.Metadata[prefix + name] = property.Value.GetString()!;
                    break;
                case JsonValueKind.Array when prefix.Length == 0:
                    reading.Ignored.Add(
                        $"{JsonPath.Of(JsonPath.Root, name)} {JsonPath.ShapeOf(property.Value)}: not a parameter");
                    break;
                default:
                    reading.Metadata[prefix + name] = property.Value.GetRawText();
                    break;
            }
        }
    }

    /// <summary>Keeps the sample rate: the first of some properties that is a positive number, or the text of one.</summary>
    public static void KeepSampleRate<T>(JsonReading<T> reading, params ReadOnlySpan<string> keys)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        foreach (string key in keys)
        {
            if (Number(reading, key) is > 0 and double rate)
            {
                reading.Metadata[SampleRate] = InvariantText.Of($"{rate}");
                return;
            }
        }
    }

    /// <summary>A number among the metadata; null if there is none of this key.</summary>
    public static double? Number<T>(JsonReading<T> reading, string key)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => reading.Metadata.TryGetValue(key, out string? text) && text.Length < 64
            && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
            && double.IsFinite(number)
                ? number : null;
}
