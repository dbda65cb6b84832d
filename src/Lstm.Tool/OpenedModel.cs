using System.Numerics;
using Lstm.Formats;
using Lstm.Keras;
using Lstm.Onnx;

namespace Lstm.Tool;

/// <summary>A model that was read, by whichever package reads its format.</summary>
/// <param name="Network">The network.</param>
/// <param name="Report">What the import did; null for a file of this library.</param>
internal sealed record OpenedModel<T>(Network<T> Network, ImportReport? Report)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <exception cref="InvalidDataException">The file is broken, or makes no network.</exception>
    public static OpenedModel<T> Open(ModelRequest request)
    {
        // Rounding is what the user asked for by not asking for --double.
        IReadOnlyList<LayerSpec> layers = request.Layers is null
            ? [] : LayerSpecJson.ListFromJson(File.ReadAllText(request.Layers));
        switch (FileKinds.Of(request.Path))
        {
            case FileKind.Onnx:
                return Of(OnnxModel.Import<T>(request.Path, new OnnxImportOptions
                {
                    AllowPrecisionChange = true,
                    Node = OnePart(request.Parts),
                }));
            case FileKind.Keras:
                return Of(KerasModel.Import<T>(request.Path, new KerasImportOptions
                {
                    AllowPrecisionChange = true,
                    Parts = request.Parts,
                    Layers = layers,
                    Architecture = request.Architecture is null ? null : File.ReadAllText(request.Architecture),
                }));
            default:
                return IsOwn(request.Path)
                    ? new(Lstm.Network.Load<T>(request.Path, new LoadOptions { AllowPrecisionChange = true }), null)
                    : Of(ModelImport.Load<T>(request.Path, new ImportOptions
                    {
                        AllowPrecisionChange = true,
                        Parts = request.Parts,
                        Layers = layers,
                    }));
        }
    }

    private static OpenedModel<T> Of(ModelImport<T> import) => new(import.Network, import.Report);

    private static string? OnePart(IReadOnlyList<string> parts) => parts.Count switch
    {
        0 => null,
        1 => parts[0],
        _ => throw new ArgumentException($"--part is given {parts.Count} times; of an ONNX file one node is read alone."),
    };

    private static bool IsOwn(string path)
    {
        try
        {
            using TensorFile file = TensorFile.Open(path);
            return file.Metadata.TryGetValue("format", out string? format)
                && format.StartsWith("lstm", StringComparison.Ordinal);
        }
        catch (InvalidDataException)
        {
            // ModelImport says what the file is.
            return false;
        }
    }
}
