namespace Lstm.Keras.Files;

/// <summary>A group or a dataset of an HDF5 file, with all numbers checked against the file.</summary>
/// <param name="Path">The names from the root on, e.g. <c>/model_weights/lstm_1</c>.</param>
internal sealed record HdfNode(string Path)
{
    /// <summary>The members of a group, in the order of their names.</summary>
    public SortedDictionary<string, HdfNode> Children { get; } = new(StringComparer.Ordinal);

    /// <summary>The texts of attributes; null for attributes that are not texts.</summary>
    public Dictionary<string, string[]?> Attributes { get; } = new(StringComparer.Ordinal);

    /// <summary>The shape of a dataset; null for a group.</summary>
    public int[]? Shape { get; set; }

    /// <summary>The type of a dataset's values.</summary>
    public HdfType Type { get; set; }

    /// <summary>The bytes of a dataset's values.</summary>
    public long Size { get; set; }
}
