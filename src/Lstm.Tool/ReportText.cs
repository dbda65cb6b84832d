using Lstm.Formats;
using Spectre.Console;

namespace Lstm.Tool;

/// <summary>Shows what an import did.</summary>
internal sealed class ReportText(IAnsiConsole output)
{
    public void Write(ImportReport report)
    {
        output.WriteLine(report.Format);
        List("layer", report.Layers);
        Table table = new Table().RoundedBorder().AddColumns("source", "shape", "parameter", "what was done");
        foreach (ImportMapping mapping in report.Mappings)
        {
            table.AddRow(
                Markup.Escape(mapping.Source), Markup.Escape($"[{string.Join(", ", mapping.SourceShape)}]"),
                Markup.Escape(mapping.Parameter), Markup.Escape(mapping.Note));
        }

        if (report.Mappings.Count > 0)
        {
            output.Write(table);
        }

        Remarks(report);
    }

    /// <summary>Writes only what concerns the user of the result: what was ignored, and what is left to do.</summary>
    public void Remarks(ImportReport report)
    {
        List("ignored", report.Ignored);
        List("left to you", report.Left);
    }

    private void List(string what, IReadOnlyList<string> items)
    {
        foreach (string item in items)
        {
            output.WriteLine($"{what}: {item}");
        }
    }
}
