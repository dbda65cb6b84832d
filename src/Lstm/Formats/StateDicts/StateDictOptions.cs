using Lstm.Texts;

namespace Lstm.Formats;

/// <summary>Options for reading the tensors of a PyTorch state_dict.</summary>
public sealed record StateDictOptions
{
    /// <summary>
    /// The prefix of the tensors' names in the file, such as <c>model.</c>. Tensors without the prefix are ignored. Default
    /// empty.
    /// </summary>
    public string Prefix { get; init; } = string.Empty;

    /// <summary>
    /// A function that returns the name in the file, without <see cref="Prefix"/>, of a parameter such as <c>dense.weight</c>.
    /// Null, the default, for equal names. It is not needed when the layers have the module's names
    /// (<see cref="LayerSpec.Name"/>).
    /// </summary>
    /// <remarks>
    /// It is called with the parameters' names. For the bias of an LSTM layer with one bias, if its name in the file does not
    /// contain <c>bias_ih</c>, it is also called with the name of the second bias, such as <c>lstm.bias_hh_l0</c>.
    /// </remarks>
    public Func<string, string>? Rename { get; init; }

    /// <summary>
    /// Whether the file may contain tensors of modules that no layer reads. Default false. Extra tensors of a module that a layer
    /// reads, such as those of a second layer or a reverse direction, are always refused.
    /// </summary>
    public bool AllowUnexpected { get; init; }

    /// <summary>
    /// Whether a file of another precision than the network may be read. Values of narrower types (float16, bfloat16, float32)
    /// are converted exactly; values of float64 are rounded to the nearest float. Default false: such a file is refused.
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
