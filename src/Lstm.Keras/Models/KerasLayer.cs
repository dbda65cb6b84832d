using System.Text.Json;

namespace Lstm.Keras.Models;

/// <summary>A layer of a model's architecture.</summary>
/// <param name="Name">Its name.</param>
/// <param name="ClassName">Its class, e.g. <c>Dense</c>.</param>
/// <param name="Config">Its options.</param>
/// <param name="Inputs">The tensors that it reads.</param>
internal sealed record KerasLayer(string Name, string ClassName, JsonElement Config, IReadOnlyList<KerasTensor> Inputs)
{
    /// <summary>Why the layer cannot be expressed as it is used; null if nothing is known against it.</summary>
    public string? Trouble { get; init; }

    public override string ToString() => $"'{Files.Shorten.Text(Name)}' ({Files.Shorten.Text(ClassName)})";
}
