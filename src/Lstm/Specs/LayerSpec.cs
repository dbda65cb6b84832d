using Lstm.Texts;

namespace Lstm;

/// <summary>
/// The base class of layer descriptions, from which a network is created. A spec is immutable and is saved in the model file.
/// </summary>
/// <remarks>Change a copy with a <c>with</c> expression. The values are checked when a network is created.</remarks>
public abstract record LayerSpec
{
    /// <summary>
    /// The layer's unique name, the first part of its parameters' names. Null, the default, for the name of its kind
    /// (<c>lstm</c>, <c>dense</c>, …), followed by <c>_1</c>, <c>_2</c>, … for the second and later layers of a kind.
    /// </summary>
    public string? Name { get; init; }

    /// <summary>
    /// Returns the spec as C#, with the properties that differ from their defaults: <c>LstmSpec(64) { Layers = 2 }</c>.
    /// </summary>
    public sealed override string ToString() => Describe().Add(nameof(Name), Name, null).ToString();

    /// <summary>The name a layer of this kind has when it is given none.</summary>
    internal abstract string Kind { get; }

    private protected abstract CodeText Describe();
}
