using System.Globalization;
using System.Numerics;
using Lstm.Formats;
using Spectre.Console;

namespace Lstm.Tool;

/// <summary><c>lstm inspect</c>: tensors, layers, and the report of the import.</summary>
internal sealed class InspectCommand(IAnsiConsole output)
{
    /// <exception cref="InvalidDataException">The file has neither tensors nor a network.</exception>
    public void Run(ModelRequest request, bool statistics)
    {
        FileInfo file = new(request.Path);
        bool hasTensors = FileKinds.Of(request.Path) == FileKind.Core && Tensors(request.Path, statistics);
        output.WriteLine(InvariantOf($"{file.Name}: {file.Length:N0} bytes"));
        try
        {
            if (request.Double)
            {
                Network(ModelReader.Open<double>(request));
            }
            else
            {
                Network(ModelReader.Open<float>(request));
            }
        }
        catch (InvalidDataException e) when (hasTensors)
        {
            // A file of tensors alone is worth looking at.
            output.WriteLine($"The file makes no network: {e.Message}");
        }
    }

    private bool Tensors(string path, bool statistics)
    {
        TensorFile file;
        try
        {
            file = TensorFile.Open(path);
        }
        catch (InvalidDataException)
        {
            // Not a file of tensors: the network's reader says what is wrong with it, if anything is.
            return false;
        }

        using (file)
        {
            string[] more = statistics ? ["least", "mean", "largest"] : [];
            Table table = Columns(["tensor", "type", "shape", "values", .. more]);
            foreach (FileTensor tensor in file.Tensors)
            {
                string[] row =
                [
                    tensor.Name, tensor.ElementType, $"[{string.Join(", ", tensor.Shape)}]", InvariantOf($"{tensor.Count:N0}"),
                    .. statistics ? Statistics(file, tensor) : [],
                ];
                table.AddRow([.. row.Select(Markup.Escape)]);
            }

            output.WriteLine(file.Format);
            output.Write(table);
            foreach ((string key, string value) in file.Metadata)
            {
                output.WriteLine($"{key}: {(value.Length > 200 ? value[..200] + "…" : value)}");
            }
        }

        return true;
    }

    private static string[] Statistics(TensorFile file, FileTensor tensor)
    {
        double[] values;
        try
        {
            values = file.Read<double>(tensor);
        }
        catch (InvalidDataException)
        {
            return ["–", "–", "–"];
        }

        return values.Length == 0
            ? ["–", "–", "–"]
            : [InvariantOf($"{values.Min():G6}"), InvariantOf($"{values.Average():G6}"), InvariantOf($"{values.Max():G6}")];
    }

    private void Network<T>(ModelImport<T> model)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        output.WriteLine(model.Network.ToString());
        Table layers = Columns(["layer", "parameter", "shape", "values"]);
        foreach (var parameter in model.Network.Parameters)
        {
            string[] parts = parameter.Name.Split('.', 2);
            layers.AddRow(
                Markup.Escape(parts[0]), Markup.Escape(parts[^1]), Markup.Escape($"[{string.Join(", ", parameter.Shape)}]"),
                InvariantOf($"{parameter.Count:N0}"));
        }

        output.Write(layers);
        foreach ((string key, string value) in model.Network.Metadata)
        {
            output.WriteLine($"{key}: {(value.Length > 200 ? value[..200] + "…" : value)}");
        }

        new ReportText(output).Write(model.Report);
    }

    private static Table Columns(string[] names)
    {
        Table table = new Table().RoundedBorder();
        foreach (string name in names)
        {
            table.AddColumn(new TableColumn(name)
            {
                Alignment = name is "values" or "least" or "mean" or "largest" ? Justify.Right : Justify.Left,
            });
        }

        return table;
    }

    private static string InvariantOf(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
