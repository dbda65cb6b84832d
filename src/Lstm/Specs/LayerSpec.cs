



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

    /// <summary>All members by name, in the same text in every culture.</summary>
    public sealed override string ToString() => InvariantText.OfRecord(GetType().Name, PrintMembers);

    /// <summary>The name a layer of this kind has when it is given none.</summary>
    internal abstract string Kind { get; }
}
