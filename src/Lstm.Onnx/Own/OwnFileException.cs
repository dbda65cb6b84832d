namespace Lstm.Onnx.Own;

/// <summary>The file's constants do not fit its description; the graph is read instead.</summary>
internal sealed class OwnFileException(Exception inner) : Exception(inner.Message, inner);
