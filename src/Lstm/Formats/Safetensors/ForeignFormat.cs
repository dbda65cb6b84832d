namespace Lstm.Formats.Safetensors;

/// <summary>What a file is.</summary>
/// <param name="Kind">The kind, by which it is read.</param>
/// <param name="What">The name, to follow "The file is".</param>
/// <param name="Advice">What to do with it.</param>
internal sealed record ForeignFormat(FileKind Kind, string What, string Advice);
