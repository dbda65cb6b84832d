using System.Numerics;

namespace Lstm.Formats.Foreign.Json;

/// <summary>A table with one row per id.</summary>
internal sealed class JsonEmbeddingLayer<T>(string source, JsonTensor<T> table)
    : JsonLayer<T>(source, table.Shape[0], table.Shape[1])
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public override LayerSpec ToSpec() => new EmbeddingSpec(Outputs);

    public override void Write(NetworkDraft<T> draft, string name)
        => draft.Write($"{name}.weight", table.Values, table.Name, table.Shape, "not transposed");
}
