using System.Text.Json;

namespace Lstm.Tests.Conformance;

/// <summary>
/// What Keras writes of a layer or an optimizer. An option that nobody has thought of is an error, never passed over.
/// </summary>
internal static class KerasConfig
{
    /// <summary>Throws if the configuration has an option that is neither used nor known to be without effect.</summary>
    /// <param name="config">Keras's.</param>
    /// <param name="what">What it belongs to, for the message.</param>
    /// <param name="known">The options.</param>
    public static void Check(JsonElement config, string what, params IEnumerable<string> known)
    {
        string[] unknown = [.. config.EnumerateObject().Select(option => option.Name).Except(known)];
        if (unknown.Length > 0)
        {
            throw new InvalidDataException($"{what} has options without a mapping: {string.Join(", ", unknown)}.");
        }
    }

    /// <summary>An option that is absent, or null.</summary>
    public static bool IsUnset(JsonElement config, string name)
        => !config.TryGetProperty(name, out JsonElement value) || value.ValueKind == JsonValueKind.Null;

    public static bool Flag(JsonElement config, string name, bool usual = false)
        => IsUnset(config, name) ? usual : config.GetProperty(name).GetBoolean();

    public static double Number(JsonElement config, string name, double usual)
        => IsUnset(config, name) ? usual : config.GetProperty(name).GetDouble();
}
