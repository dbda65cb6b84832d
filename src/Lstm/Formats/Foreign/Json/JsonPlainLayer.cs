using System.Numerics;

namespace Lstm.Formats.Foreign.Json;

/// <summary>A layer without parameters, such as an activation.</summary>
internal sealed class JsonPlainLayer<T>(string source, int inputs, LayerSpec spec) : JsonLayer<T>(source, inputs, inputs)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public override LayerSpec ToSpec() => spec;
}
