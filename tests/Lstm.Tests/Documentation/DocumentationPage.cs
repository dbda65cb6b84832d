using Lstm.Tests.Support;

namespace Lstm.Tests.Documentation;

/// <summary>A page of Markdown of this repository, read line by line.</summary>
/// <param name="Name">The path from the repository's root, with slashes.</param>
/// <param name="Lines">The lines of the file.</param>
internal sealed record DocumentationPage(string Name, string[] Lines)
{
    /// <summary>The paths of all pages that the documentation tests read.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        "README.md", "CHANGELOG.md", "benchmarks/README.md", "tests/README.md",
        .. Directory.GetFiles(Path.Combine(Shared.Repository, "docs"), "*.md").Select(file => "docs/" + Path.GetFileName(file))
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>The file of the page.</summary>
    public string FilePath => Path.Combine(Shared.Repository, Name);

    /// <summary>Reads a page.</summary>
    public static DocumentationPage Read(string name)
        => new(name, File.ReadAllLines(Path.Combine(Shared.Repository, name)));

    /// <summary>The lines outside fenced blocks and HTML comments, with their numbers counted from 1.</summary>
    public IEnumerable<(int Number, string Text)> Prose()
    {
        bool fenced = false, comment = false;
        for (int i = 0; i < Lines.Length; i++)
        {
            string line = Lines[i];
            if (IsFence(line))
            {
                fenced = !fenced;
                continue;
            }

            comment |= !fenced && line.StartsWith("<!--", StringComparison.Ordinal);
            if (!fenced && !comment)
            {
                yield return (i + 1, line);
            }

            comment &= !line.Contains("-->", StringComparison.Ordinal);
        }
    }

    /// <summary>The fenced blocks of the page, each with the marks that stand directly above it.</summary>
    public IReadOnlyList<FencedBlock> Blocks()
    {
        List<FencedBlock> blocks = [];
        List<CodeMark> marks = [];
        for (int i = 0; i < Lines.Length; i++)
        {
            if (Lines[i].StartsWith("<!-- code:", StringComparison.Ordinal))
            {
                int end = Array.FindIndex(Lines, i, line => line.Contains("-->", StringComparison.Ordinal));
                Assert.True(end >= 0, $"{Name}({i + 1}): the comment has no end");
                string kind = Lines[i]["<!-- code:".Length..].Replace("-->", "", StringComparison.Ordinal).Trim();
                marks.Add(new CodeMark(kind, i + 2, end > i ? string.Join('\n', Lines[(i + 1)..end]) : ""));
                i = end;
            }
            else if (IsFence(Lines[i]))
            {
                int end = Array.FindIndex(Lines, i + 1, IsFence);
                Assert.True(end > i, $"{Name}({i + 1}): the block has no end");
                string language = Lines[i].Trim()[3..];
                blocks.Add(new FencedBlock(language, i + 2, string.Join('\n', Lines[(i + 1)..end]), [.. marks]));
                marks.Clear();
                i = end;
            }
            else if (marks.Count > 0)
            {
                Assert.True(Lines[i].Length == 0, $"{Name}({i + 1}): a mark stands directly above its block");
            }
        }

        return blocks;
    }

    private static bool IsFence(string line) => line.TrimStart().StartsWith("```", StringComparison.Ordinal);
}
