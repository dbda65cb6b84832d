using Lstm.Texts;

namespace Lstm;

/// <summary>The description of a layer: immutable, and saved inside the model file.</summary>
/// <remarks>Vary a spec with <c>with</c>. A spec is checked when a network is made from it.</remarks>
public abstract record LayerSpec
{
    /// <summary>
    /// The layer's unique name, the first part of its parameters' names; null for the kind's own name
    /// (<c>lstm</c>, <c>dense</c>, …), with <c>_1</c>, <c>_2</c>, … for the second and later of a kind.
    /// </summary>
    public string? Name { get; init; }

    /// <summary>
    /// The spec as C#, with the properties that differ from their defaults: <c>LstmSpec(64) { Layers = 2 }</c>.
    /// </summary>
    public sealed override string ToString() => Describe().Add(nameof(Name), Name, null).ToString();

    /// <summary>The name a layer of this kind has when it is given none.</summary>
    internal abstract string Kind { get; }

    private protected abstract CodeText Describe();
}
