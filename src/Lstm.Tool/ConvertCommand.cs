using System.Numerics;
using Lstm.Formats;
using Lstm.Onnx;
using Spectre.Console;

namespace Lstm.Tool;

/// <summary><c>lstm convert</c>: a model in one format becomes a file in another.</summary>
internal sealed class ConvertCommand(IAnsiConsole output)
{
    public void Run(ModelRequest request, string target, bool lengths, bool states)
    {
        string extension = Path.GetExtension(target).ToLowerInvariant();
        if (extension is not (".safetensors" or ".onnx" or ".npz"))
        {
            throw new ArgumentException(
                $"'{target}' has the extension '{extension}'. Files are written as .safetensors, .onnx or .npz; a network of "
                + "Keras or PyTorch takes its values from a .safetensors or .npz file.");
        }

        if ((lengths || states) && extension != ".onnx")
        {
            throw new ArgumentException($"--lengths and --states belong to .onnx; the output is '{target}'.");
        }

        if (Path.GetFullPath(target) == Path.GetFullPath(request.Path))
        {
            throw new ArgumentException($"'{target}' is the model itself. Give the output another name.");
        }

        OnnxExportOptions options = new() { Lengths = lengths, States = states, Double = request.Double };
        if (request.Double)
        {
            Write(ModelReader.Open<double>(request), target, extension, options);
        }
        else
        {
            Write(ModelReader.Open<float>(request), target, extension, options);
        }
    }

    private void Write<T>(ModelImport<T> model, string target, string extension, OnnxExportOptions options)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        switch (extension)
        {
            case ".onnx":
                OnnxModel.Export(model.Network, target, options);
                break;
            case ".npz":
                model.Network.SaveNpz(target);
                break;
            default:
                model.Network.Save(target);
                break;
        }

        output.WriteLine(model.Network.ToString());
        new ReportText(output).Remarks(model.Report);
        output.WriteLine($"written to {target}");
    }
}
