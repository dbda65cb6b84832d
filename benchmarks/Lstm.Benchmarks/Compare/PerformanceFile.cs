using System.Text.Json;

namespace Lstm.Benchmarks.Compare;

/// <summary>
/// docs/performance.json, the rows of all runs, and the tables that docs/performance.md shows of them. A row replaces the one
/// of the same name, numbers, width and threads; the others stay.
/// </summary>
internal sealed class PerformanceFile
{
    private const string Begin = "<!-- table:begin -->";
    private const string End = "<!-- table:end -->";
    private static readonly JsonSerializerOptions Json = new(Row.Json) { WriteIndented = false };

    private readonly string _data = Repository.PathOf("docs", "performance.json");
    private readonly string _page = Repository.PathOf("docs", "performance.md");
    private readonly List<Row> _rows;
    private readonly List<string> _order = [.. Configuration.Rows().Select(row => $"{row.What} {row.Configuration}")];

    private PerformanceFile()
        => _rows = File.Exists(_data) ? JsonSerializer.Deserialize<List<Row>>(File.ReadAllText(_data), Json)! : [];

    public static PerformanceFile Open() => new();

    /// <summary>
    /// Writes both files: an interrupted run keeps the rows it has. Returns false for a void row where a good one stands.
    /// </summary>
    public bool Put(Row row)
    {
        if (row.IsVoid && _rows.Any(other => Key(other) == Key(row) && !other.IsVoid))
        {
            return false;
        }

        _rows.RemoveAll(other => Key(other) == Key(row));
        _rows.Add(row);
        _rows.Sort((a, b) => Rank(a).CompareTo(Rank(b)));
        Write(_data, "[\n" + string.Join(",\n", _rows.Select(r => JsonSerializer.Serialize(r, Json))) + "\n]\n");

        string page = File.ReadAllText(_page);
        int begin = page.IndexOf(Begin, StringComparison.Ordinal), end = page.IndexOf(End, StringComparison.Ordinal);
        if (begin < 0 || end < begin)
        {
            throw new InvalidDataException($"{_page} has no {Begin} … {End}.");
        }

        Write(_page, $"{page[..(begin + Begin.Length)]}\n{PerformanceTables.Markdown(_rows)}{page[end..]}");
        return true;
    }

    // float first, one thread first, then in the order they run in.
    private (string, string, int, int) Rank(Row row)
        => (row.Peer, row.Simd, row.Threads, _order.IndexOf($"{row.What} {row.Config}"));

    private static (string, string, int, string, string) Key(Row row) => (row.Peer, row.Simd, row.Threads, row.What, row.Config);

    // Never half a file.
    private static void Write(string path, string text)
    {
        File.WriteAllText(path + ".tmp", text);
        File.Move(path + ".tmp", path, overwrite: true);
    }
}
