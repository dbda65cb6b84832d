using System.Numerics;

namespace Lstm.Formats.Foreign.Json;

/// <summary>A layer that no layer of a network computes: it is refused, or left to the caller of an import in part.</summary>
internal sealed class JsonUnreadLayer<T>(string source, int inputs, int outputs, string reason)
    : JsonLayer<T>(source, inputs, outputs)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public override string WhyNot => reason;

    public override LayerSpec ToSpec() => throw new InvalidOperationException($"'{Source}' is no layer: {reason}.");
}
