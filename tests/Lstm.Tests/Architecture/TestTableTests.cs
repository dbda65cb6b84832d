using System.Text.RegularExpressions;
using Lstm.Tests.Support;

namespace Lstm.Tests.Architecture;

/// <summary>The table of promises in tests/README.md names test classes that exist, in the folders that it gives.</summary>
public partial class TestTableTests
{
    private static readonly string Tests = Path.Combine(Shared.Repository, "tests");

    [Fact]
    public void Every_class_of_the_table_of_promises_lies_in_a_folder_of_its_row()
    {
        string[] rows = [.. File.ReadLines(Path.Combine(Tests, "README.md"))
            .SkipWhile(line => !line.StartsWith("| promise |", StringComparison.Ordinal)).Skip(2)
            .TakeWhile(line => line.StartsWith('|'))];
        Assert.InRange(rows.Length, 15, 40);
        Assert.All(rows, row =>
        {
            string[] cells = row.Split('|', StringSplitOptions.TrimEntries);
            string[] folders = [.. Quoted().Matches(cells[2]).Select(match => match.Groups[1].Value)];
            string[] classes = [.. Quoted().Matches(cells[3]).Select(match => match.Groups[1].Value)
                .Select(name => name.Split('.')[0]).Where(name => name.EndsWith("Tests", StringComparison.Ordinal))];
            Assert.All(folders, folder => Assert.True(Directory.Exists(Folder(folder)), $"There is no folder '{folder}'."));
            Assert.NotEmpty(folders);
            Assert.NotEmpty(classes);
            Assert.All(classes, name => Assert.True(
                folders.Any(folder => File.Exists(Path.Combine(Folder(folder), name + ".cs"))),
                $"'{name}' is in none of {string.Join(", ", folders)}."));
        });
    }

    // A test project of its own, or a folder of the core's.
    private static string Folder(string name)
        => Path.Combine(Tests, name.EndsWith(".Tests", StringComparison.Ordinal) ? name : Path.Combine("Lstm.Tests", name));

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Quoted();
}
