namespace Lstm.Onnx.Export;

/// <summary>What flows through the graph at a place: [T, N, F], or [1, N, F] after a pooling.</summary>
/// <param name="Name">The tensor.</param>
/// <param name="Features">F.</param>
/// <param name="Lengths">The tensor of lengths, int32 [N]; null if all sequences have all steps.</param>
/// <param name="IsPooled">Whether each sequence is one row.</param>
internal sealed record ExportSteps(string Name, int Features, string? Lengths, bool IsPooled)
{
    /// <summary>
    /// The last outputs of an LSTM, [1, N, F]: each direction's at the end of its own reading. Null after other layers.
    /// </summary>
    public string? LastHidden { get; init; }

    /// <summary>How many features are read forward, for the last outputs.</summary>
    public int ForwardFeatures { get; init; } = Features;
}
