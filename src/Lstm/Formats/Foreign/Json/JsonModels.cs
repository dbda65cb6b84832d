using System.Numerics;
using System.Text.Json;

namespace Lstm.Formats.Foreign.Json;

/// <summary>Models that are described in JSON.</summary>
internal static class JsonModels
{
    /// <summary>Reads a model; null for JSON of no model that is known.</summary>
    public static NetworkDraft<T>? Read<T>(JsonElement root, ImportOptions options, out string format)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        format = string.Empty;
        return null;
    }
}
