namespace Lstm.Onnx.Export;

/// <summary>What flows through the graph at a place: [T, N, F], or [1, N, F] after a pooling.</summary>
/// <param name="Name">The tensor.</param>
/// <param name="Features">F.</param>
/// <param name="Lengths">The tensor of lengths, int32 [N]; null if all sequences have all steps.</param>
/// <param name="IsPooled">Whether each sequence is one row.</param>
internal sealed record ExportSteps(string Name, int Features, string? Lengths, bool IsPooled)
{
    /// <summary>
    /// Writes the last outputs of an LSTM, [1, N, F]: each direction's at the end of its own reading. Null where they are rows
    /// of the steps, see <see cref="ForwardFeatures"/>.
    /// </summary>
    public Func<string>? LastHidden { get; init; }

    /// <summary>How many of the first features are read forward: their last output is at the last step.</summary>
    public int ForwardFeatures { get; init; } = Features;
}
