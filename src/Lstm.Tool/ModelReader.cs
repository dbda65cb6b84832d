using System.Numerics;
using Lstm.Formats;
using Lstm.Keras;
using Lstm.Onnx;

namespace Lstm.Tool;

/// <summary>Reads a model by whichever package reads its format.</summary>
internal static class ModelReader
{
    /// <summary>Reads the model that a command line asks for. Without <c>--double</c> values of float64 are rounded.</summary>
    /// <exception cref="ArgumentException">An option does not belong to the file's format.</exception>
    /// <exception cref="InvalidDataException">The file is broken, or makes no network.</exception>
    public static ModelImport<T> Open<T>(ModelRequest request)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        FileKind kind = FileKinds.Of(request.Path);
        ThrowIfUnused(request, kind);
        IReadOnlyList<LayerSpec> layers = request.Layers is null
            ? [] : LayerSpecJson.ListFromJson(File.ReadAllText(request.Layers));
        return kind switch
        {
            FileKind.Onnx => OnnxModel.Import<T>(request.Path, new OnnxImportOptions
            {
                AllowPrecisionChange = true,
                Node = request.Parts.Count == 0 ? null : request.Parts[0],
            }),
            FileKind.Keras => KerasModel.Import<T>(request.Path, new KerasImportOptions
            {
                AllowPrecisionChange = true,
                Parts = request.Parts,
                Layers = layers,
                Architecture = request.Architecture is null ? null : File.ReadAllText(request.Architecture),
            }),
            _ => ModelImport.Load<T>(request.Path, new ImportOptions
            {
                AllowPrecisionChange = true,
                Parts = request.Parts,
                Layers = layers,
            }),
        };
    }

    private static void ThrowIfUnused(ModelRequest request, FileKind kind)
    {
        if (kind != FileKind.Keras && request.Architecture is not null)
        {
            throw new ArgumentException(
                $"--architecture belongs to Keras's files of weights; '{request.Path}' is none. Leave it out.");
        }

        if (kind == FileKind.Onnx && request.Layers is not null)
        {
            throw new ArgumentException($"'{request.Path}' is an ONNX file, whose graph has the layers. Leave --layers out.");
        }

        if (kind == FileKind.Onnx && request.Parts.Count > 1)
        {
            throw new ArgumentException(
                $"--part is given {request.Parts.Count} times; of an ONNX file one node is read alone. Give one.");
        }
    }
}
