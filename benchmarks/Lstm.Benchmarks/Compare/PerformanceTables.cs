using System.Text;

namespace Lstm.Benchmarks.Compare;

/// <summary>
/// Rows as Markdown: a part for each combination of numbers, width and threads, in it a table for each kind of work.
/// </summary>
internal static class PerformanceTables
{
    private static readonly Dictionary<string, string> Titles = new()
    {
        ["infer_step"] = "One step of a stream (`infer_step`)",
        ["infer_seq"] = "Inference of whole sequences (`infer_seq`)",
        ["train_fwdbwd"] = "Forward and backward (`train_fwdbwd`)",
        ["train_step"] = "Forward, backward, clip, Adam (`train_step`)",
    };

    /// <summary>Rows come sorted.</summary>
    public static string Markdown(IReadOnlyList<Row> rows)
    {
        StringBuilder text = new();
        foreach (IGrouping<(string Peer, string Simd, int Threads), Row> part
            in rows.GroupBy(row => (row.Peer, row.Simd, row.Threads)))
        {
            string numbers = part.Key.Peer == "lstm" ? "float" : "double";
            string threads = part.Key.Threads == 1 ? "one thread" : $"{part.Key.Threads} threads";
            double low = part.Min(row => row.PeakGflops), high = part.Max(row => row.PeakGflops);
            text.Append($"\n### {numbers}, {part.Key.Simd}, {threads}\n\n");
            text.Append($"{string.Join("; ", part.Select(row => row.Machine).Distinct())}; P {low:0} to {high:0} GFLOP/s.\n");
            foreach (IGrouping<string, Row> kind in part.GroupBy(row => row.What))
            {
                Table(text, Titles[kind.Key], [.. kind]);
            }
        }

        return text.Append('\n').ToString();
    }

    private static void Table(StringBuilder text, string title, Row[] rows)
    {
        List<(string Name, Func<Row, string> Cell)> columns =
        [
            (title, row => $"`{row.Config}`{(row.IsVoid ? " (void)" : "")}"),
            ("µs", row => Time(row.MedianUs)),
            ("P", row => $"{row.PeakGflops:0}"),
            ("of P", row => $"{row.FractionOfPeak:0.00}"),
        ];
        AddWhere(row => row.FractionOfBandwidth is not null, "of W", row => $"{row.FractionOfBandwidth:0.00}");
        AddWhere(row => row.OfForwardBackward is not null, "× fwd+bwd", row => $"{row.OfForwardBackward:0.00}");
        AddWhere(row => row.SpeedUp is not null, "speed-up", row => $"{row.SpeedUp:0.00} of {row.SpeedUpCeiling:0.00}");
        AddWhere(row => row.RoundTripNs is not null, "round trip", row => $"{row.RoundTripNs:0} ns");
        AddWhere(
            row => row.Target is not null, "target",
            row => row.Target is Target target ? $"{target} {(row.Met == true ? "met" : "missed")}" : "–");
        foreach (string peer in rows.SelectMany(row => row.Peers).Select(peer => peer.Peer).Distinct())
        {
            columns.Add((peer, row => row.Peers.FirstOrDefault(other => other.Peer == peer) is PeerRow other
                ? $"{Time(other.MedianUs)} ({other.Ratio:0.00}×)"
                : "–"));
        }

        text.Append(
            $"\n| {string.Join(" | ", columns.Select(column => column.Name))} "
            + $"|\n|---|{string.Concat(columns.Skip(1).Select(_ => "--:|"))}\n");
        foreach (Row row in rows)
        {
            text.Append($"| {string.Join(" | ", columns.Select(column => column.Cell(row)))} |\n");
        }

        void AddWhere(Func<Row, bool> condition, string name, Func<Row, string> cell)
        {
            if (rows.Any(condition))
            {
                columns.Add((name, cell));
            }
        }
    }

    private static string Time(double microseconds)
        => microseconds >= 100 ? $"{microseconds:#,0}" : microseconds >= 10 ? $"{microseconds:0.0}" : $"{microseconds:0.00}";
}
