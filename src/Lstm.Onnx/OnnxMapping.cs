namespace Lstm.Onnx;

/// <summary>Where a parameter of an imported network comes from.</summary>
/// <param name="Source">The tensor of the file, and the node that reads it.</param>
/// <param name="SourceShape">Its shape in the file.</param>
/// <param name="Parameter">The parameter of the network.</param>
/// <param name="Note">What was done: transposed or not, order of the gates, biases summed, factors.</param>
public sealed record OnnxMapping(string Source, IReadOnlyList<int> SourceShape, string Parameter, string Note);
