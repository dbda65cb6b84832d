namespace Lstm.Tool;

/// <summary>A model that a command line asks for.</summary>
/// <param name="Path">The file.</param>
/// <param name="Double">Whether the network computes in double.</param>
/// <param name="Parts">The layers, modules or nodes to read; none: all.</param>
/// <param name="Layers">The path of a JSON file with layers; null for none.</param>
/// <param name="Architecture">The path of a Keras architecture; null for none.</param>
internal sealed record ModelRequest(string Path, bool Double, IReadOnlyList<string> Parts, string? Layers, string? Architecture);
