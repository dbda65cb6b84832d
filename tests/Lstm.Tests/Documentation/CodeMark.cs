namespace Lstm.Tests.Documentation;

/// <summary>An HTML comment that says how the next block is compiled; readers of the page do not see it.</summary>
/// <param name="Kind">
/// <c>given</c>: the comment holds C# that belongs to the block; <c>continues</c>: the block belongs to the program of the
/// block before it; <c>not run</c>: the program is compiled only.
/// </param>
/// <param name="Line">The number of the first line of <paramref name="Text"/>, counted from 1.</param>
/// <param name="Text">The C# of <c>given</c>.</param>
internal sealed record CodeMark(string Kind, int Line, string Text);
