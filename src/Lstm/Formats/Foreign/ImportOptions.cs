using Lstm.Texts;

namespace Lstm.Formats;

/// <summary>Options for reading a model that another program wrote.</summary>
public sealed record ImportOptions
{
    /// <summary>
    /// Whether a file of float64 may be rounded to a network of float. Narrower types are always converted exactly. Default
    /// false: a file of float64 is refused by a network of float.
    /// </summary>
    public bool AllowPrecisionChange { get; init; }

    /// <summary>
    /// The names of the modules or layers to read, in the order of the data. Default empty: the whole model, in the order of the
    /// file.
    /// </summary>
    public IReadOnlyList<string> Parts { get; init; } = [];

    /// <summary>
    /// The layers of the network, for files that have tensors without a description, such as a PyTorch state_dict. Default empty:
    /// the layers are inferred from the names and shapes of the tensors.
    /// </summary>
    public IReadOnlyList<LayerSpec> Layers { get; init; } = [];

    /// <summary>The properties that differ from their defaults, as C#.</summary>
    public override string ToString()
    {
        CodeText text = new CodeText(nameof(ImportOptions)).Add(nameof(AllowPrecisionChange), AllowPrecisionChange, false);
        text = Parts.Count == 0 ? text : text.AddCode(nameof(Parts), $"[{Shortened.List([.. Parts])}]");
        return (Layers.Count == 0 ? text : text.AddCode(nameof(Layers), $"[{string.Join(", ", Layers)}]")).ToString();
    }
}
