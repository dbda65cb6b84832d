using Lstm.Texts;

namespace Lstm.Formats;

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
    /// <remarks>
    /// It is asked for the parameters' names. For an LSTM layer with one bias whose name in the file has no <c>bias_ih</c> in it, it is also
    /// asked for that of the second one, such as <c>lstm.bias_hh_l0</c>.
    /// </remarks>
    public Func<string, string>? Rename { get; init; }

    /// <summary>
    /// Whether the file may have tensors of modules that no layer reads. Default false. Tensors of a module that a layer reads, such as a
    /// second layer's or a reverse direction's, are refused always.
    /// </summary>
    public bool AllowUnexpected { get; init; }

    /// <summary>
    /// Whether the file may be of another precision than the network: values from narrower types (float16, bfloat16, float32)
    /// are exact, those from float64 are rounded to the nearest float. Default false: such a file is refused.
    /// </summary>
    public bool AllowPrecisionChange { get; init; }

    /// <summary>The properties that differ from their defaults, as C#; a function is shown as <c>…</c>.</summary>
    public override string ToString()
    {
        CodeText text = new CodeText(nameof(StateDictOptions)).Add(nameof(Prefix), Prefix, string.Empty);
        return (Rename is null ? text : text.AddCode(nameof(Rename), "…"))
            .Add(nameof(AllowUnexpected), AllowUnexpected, false)
            .Add(nameof(AllowPrecisionChange), AllowPrecisionChange, false)
            .ToString();
    }
}
