namespace Lstm.Tests.Documentation;

/// <summary>A fenced block of a page.</summary>
/// <param name="Language">The word behind the opening fence; empty for a plain block.</param>
/// <param name="Line">The number of its first line of text, counted from 1.</param>
/// <param name="Text">The text between the fences.</param>
/// <param name="Marks">The HTML comments above it that start with "code:".</param>
internal sealed record FencedBlock(string Language, int Line, string Text, IReadOnlyList<CodeMark> Marks);
