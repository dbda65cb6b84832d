namespace Lstm.Onnx;

/// <summary>How an ONNX file is read.</summary>
public sealed record OnnxImportOptions
{
    /// <summary>
    /// Values of the graph's inputs that are constants to the network, such as weights that the file itself does not have.
    /// Default none.
    /// </summary>
    public IReadOnlyList<OnnxTensor> Constants { get; init; } = [];

    /// <summary>
    /// The name of a node that is read alone, when the rest of the graph cannot be expressed, in bodies of If and Loop too: an
    /// LSTM, a Gemm or a MatMul. The report says what is left to the caller. Default null: the whole graph.
    /// </summary>
    public string? Node { get; init; }

    /// <summary>
    /// The name of a tensor of the graph that becomes the network's input: what comes before it is left to the caller. The file
    /// has to say its shape. Default null: the graph's own input.
    /// </summary>
    public string? Input { get; init; }

    /// <summary>
    /// The name of a tensor of the graph that becomes the network's output. Default null: the outputs of the graph.
    /// </summary>
    public string? Output { get; init; }

    /// <summary>Whether two biases of an LSTM become one, their sum, added in double and rounded once. Default false.</summary>
    public bool SumBiases { get; init; }

    /// <summary>Whether double values may be rounded to a network of float. Default false: such a file is refused.</summary>
    public bool AllowPrecisionChange { get; init; }

    /// <summary>
    /// The folder of external data files. Default null: the model's own folder when it is read by its path, else none.
    /// </summary>
    public string? ExternalFolder { get; init; }
}
