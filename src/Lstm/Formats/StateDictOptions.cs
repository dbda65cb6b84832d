namespace Lstm;

/// <summary>How the tensors of a state_dict are found.</summary>
public sealed record StateDictOptions
{
    /// <summary>
    /// What the names begin with in the file, e.g. <c>model.</c>. Tensors whose names begin otherwise are not looked at. Default empty.
    /// </summary>
    public string Prefix { get; init; } = string.Empty;

    /// <summary>
    /// Gives the name in the file, without <see cref="Prefix"/>, of a parameter such as <c>dense.weight</c>; null if all have
    /// the same names. Giving the layers the module's names (<see cref="LayerSpec.Name"/>) makes it unnecessary.
    /// </summary>
    public Func<string, string>? Rename { get; init; }

    /// <summary>Whether the file may have tensors that the network has no parameters for. Default false.</summary>
    public bool AllowUnexpected { get; init; }

    /// <summary>
    /// Whether the file may be of another precision than the network: values from narrower types (float16, bfloat16, float32)
    /// are exact, those from float64 are rounded to the nearest float. Default false: such a file is refused.
    /// </summary>
    public bool AllowPrecisionChange { get; init; }
}
