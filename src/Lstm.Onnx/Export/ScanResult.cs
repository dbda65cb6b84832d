namespace Lstm.Onnx.Export;

/// <summary>The tensors that a Scan of one direction gives.</summary>
/// <param name="Output">h of each step, [T, N, size].</param>
/// <param name="Hidden">The final hidden state, [N, width].</param>
/// <param name="Cell">The final cell state, [N, H].</param>
internal sealed record ScanResult(string Output, string Hidden, string Cell);
