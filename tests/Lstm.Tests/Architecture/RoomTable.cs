using Lstm.Tests.Support;

namespace Lstm.Tests.Architecture;

/// <summary>The table of rooms in docs/architecture.md: name, what it holds, which rooms it may use.</summary>
internal static class RoomTable
{
    /// <summary>The rooms from the lowest to the highest, each with the rooms that it may use.</summary>
    public static IReadOnlyList<(string Room, string[] MayUse)> Read()
    {
        string[] lines = File.ReadAllLines(Path.Combine(Shared.Repository, "docs", "architecture.md"));
        return [.. lines.SkipWhile(line => !line.StartsWith("| room |")).Skip(2).TakeWhile(line => line.StartsWith('|'))
            .Select(Row)];
    }

    private static (string Room, string[] MayUse) Row(string line)
    {
        string[] cells = [.. line.Trim('|').Split('|').Select(cell => cell.Trim())];
        IEnumerable<string> used = cells[2].Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return (Name(cells[0]), [.. used.Where(cell => cell != "–").Select(Name)]);
    }

    private static string Name(string cell) => cell.Trim('`') is "src/Lstm" ? "." : cell.Trim('`');
}
