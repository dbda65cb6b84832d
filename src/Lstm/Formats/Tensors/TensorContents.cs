namespace Lstm.Formats.Tensors;

/// <summary>What a reader of a format finds in a file.</summary>
/// <param name="Format">The name of the format.</param>
/// <param name="Tensors">The tensors, in the order of the file.</param>
/// <param name="Metadata">Texts and numbers beside the tensors.</param>
internal sealed record TensorContents(
    string Format, IReadOnlyList<FileTensor> Tensors, IReadOnlyDictionary<string, string> Metadata);
