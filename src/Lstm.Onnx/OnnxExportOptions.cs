namespace Lstm.Onnx;

/// <summary>What an exported file has.</summary>
public sealed record OnnxExportOptions
{
    /// <summary>
    /// Whether the input is [batch, time, values] instead of [time, batch, values]; the output too. Default true.
    /// </summary>
    public bool BatchFirst { get; init; } = true;

    /// <summary>
    /// Whether the file has an input <c>lengths</c> [batch] of int32, the steps of each sequence. Rows past them have no meaning
    /// in the output. ONNX Runtime demands every input of a file. Default false: all sequences have all steps.
    /// </summary>
    public bool Lengths { get; init; }

    /// <summary>
    /// Whether the file has an input and an output for h and c of each LSTM layer, <c>lstm_l0_h</c> and <c>lstm_l0_h_out</c>,
    /// [directions, batch, values], so that it runs step by step; the values are those of a <see cref="NetworkState{T}"/>.
    /// Default false: sequences start from zeros, or from the learned initial state.
    /// </summary>
    public bool States { get; init; }

    /// <summary>
    /// Whether the values are double. Default false: float, to which a double network is rounded. ONNX Runtime has no LSTM
    /// operator of double.
    /// </summary>
    public bool Double { get; init; }

    /// <summary>The name of the input. Default <c>input</c>.</summary>
    public string InputName { get; init; } = "input";

    /// <summary>The name of the output. Default <c>output</c>.</summary>
    public string OutputName { get; init; } = "output";
}
