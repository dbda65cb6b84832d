using System.Text;
using System.Text.RegularExpressions;
using Lstm.Tests.Support;

namespace Lstm.Tests.Documentation;

/// <summary>Links of the pages lead to files and headings that exist, and lines of prose are not too long.</summary>
public partial class DocumentationLinkTests
{
    private const int LongestLine = 130;

    public static TheoryData<string> Pages => [.. DocumentationPage.Names];

    public static TheoryData<string> Guides
        => [.. DocumentationPage.Names.Where(name => name is not ("benchmarks/README.md" or "tests/README.md"))];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Links_lead_to_files_and_headings(string name)
    {
        DocumentationPage page = DocumentationPage.Read(name);
        List<string> broken = [];
        foreach ((int number, string line) in page.Prose())
        {
            foreach (Match link in Link().Matches(InlineCode().Replace(line, "")))
            {
                string target = link.Groups[1].Value;
                if (!Leads(page, target))
                {
                    broken.Add($"{name}({number}): {target}");
                }
            }
        }

        Assert.True(broken.Count == 0, string.Join('\n', broken));
    }

    [Theory]
    [MemberData(nameof(Guides))]
    public void Prose_and_code_keep_to_the_width(string name)
    {
        DocumentationPage page = DocumentationPage.Read(name);
        IEnumerable<string> wide = page.Lines.Index()
            .Where(line => line.Item.Length > LongestLine && !line.Item.StartsWith('|')
                && !line.Item.StartsWith("[![", StringComparison.Ordinal))
            .Select(line => $"{name}({line.Index + 1}): {line.Item.Length} columns");
        Assert.True(!wide.Any(), string.Join('\n', wide));
    }

    [Theory]
    [InlineData("## The order table", "the-order-table")]
    [InlineData("### float, V512, one thread", "float-v512-one-thread")]
    [InlineData("# Reproducibility: the same bits", "reproducibility-the-same-bits")]
    [InlineData("## A `LearningRateSchedule` with state", "a-learningrateschedule-with-state")]
    public void Anchor_is_that_of_GitHub(string heading, string anchor) => Assert.Equal(anchor, Anchor(heading));

    [Fact]
    public void Every_page_of_docs_can_be_reached_from_the_README()
    {
        HashSet<string> reached = ["README.md"];
        Queue<string> open = new(reached);
        while (open.TryDequeue(out string? name))
        {
            DocumentationPage page = DocumentationPage.Read(name);
            foreach (Match link in page.Prose().SelectMany(line => Link().Matches(line.Text)))
            {
                string file = Resolve(page, link.Groups[1].Value.Split('#')[0]);
                if (DocumentationPage.Names.Contains(file) && reached.Add(file))
                {
                    open.Enqueue(file);
                }
            }
        }

        Assert.Empty(DocumentationPage.Names.Where(name => name.StartsWith("docs/", StringComparison.Ordinal)).Except(reached));
    }

    private static bool Leads(DocumentationPage page, string target)
    {
        if (Uri.TryCreate(target, UriKind.Absolute, out Uri? uri) && uri.Scheme is "https" or "http")
        {
            return uri.Scheme == "https" && uri.Host.Contains('.');
        }

        string[] parts = target.Split('#', 2);
        string file = parts[0].Length == 0 ? page.Name : Resolve(page, parts[0]);
        string path = Path.Combine(Shared.Repository, file);
        return (File.Exists(path) || Directory.Exists(path))
            && (parts.Length == 1 || Anchors(DocumentationPage.Read(file)).Contains(parts[1]));
    }

    private static string Resolve(DocumentationPage page, string target)
        => Path.GetRelativePath(
            Shared.Repository, Path.GetFullPath(Path.Combine(Path.GetDirectoryName(page.FilePath)!, target))).Replace('\\', '/');

    // GitHub counts headings of one text: the second gets -1.
    private static HashSet<string> Anchors(DocumentationPage page)
    {
        HashSet<string> anchors = [];
        foreach (string anchor in page.Prose().Select(line => line.Text).Where(line => Heading().IsMatch(line)).Select(Anchor))
        {
            string unique = anchor;
            for (int i = 1; !anchors.Add(unique); i++)
            {
                unique = $"{anchor}-{i}";
            }
        }

        return anchors;
    }

    private static string Anchor(string heading)
    {
        StringBuilder anchor = new();
        foreach (char letter in LinkText().Replace(heading.TrimStart('#').Trim(), "$1").ToLowerInvariant())
        {
            if (char.IsLetterOrDigit(letter) || letter is '-' or '_')
            {
                anchor.Append(letter);
            }
            else if (letter == ' ')
            {
                anchor.Append('-');
            }
        }

        return anchor.ToString();
    }

    [GeneratedRegex(@"\]\(([^()\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"\[([^\]]*)\]\([^)]*\)")]
    private static partial Regex LinkText();

    [GeneratedRegex("`[^`]*`")]
    private static partial Regex InlineCode();

    [GeneratedRegex(@"^#{1,6} ")]
    private static partial Regex Heading();
}
