namespace Lstm.Keras;

/// <summary>Options for reading a model of Keras or TensorFlow.js.</summary>
public sealed record KerasImportOptions
{
    /// <summary>
    /// Whether float64 values may be rounded to a network of float. Narrower types are always converted exactly. Default false.
    /// </summary>
    public bool AllowPrecisionChange { get; init; }

    /// <summary>
    /// The architecture as JSON, as <c>model.to_json()</c> writes it, for files that have weights alone. It takes the place of an
    /// architecture in the file. Default null.
    /// </summary>
    public string? Architecture { get; init; }

    /// <summary>
    /// The names of the layers to read, when the rest of the model cannot be expressed: all layers from one tensor to another.
    /// The report says what is left to the caller. Default empty: the whole model.
    /// </summary>
    public IReadOnlyList<string> Parts { get; init; } = [];

    /// <summary>
    /// The layers of the network, for files of weights without an architecture: each one with weights gets those of the file's
    /// next layer with weights, a stack of LSTM layers those of as many. With <see cref="Parts"/>, the named layers of the file
    /// are used, in that order. Default empty.
    /// </summary>
    public IReadOnlyList<LayerSpec> Layers { get; init; } = [];
}
