using System.Numerics;
using Lstm.Formats;
using Lstm.Onnx.Export;
using Lstm.Onnx.Files;
using Lstm.Specs;

namespace Lstm.Onnx.Own;

/// <summary>
/// Reads files that <see cref="OnnxModel"/> has written, those whose layers ONNX's operators lack too, by their description.
/// </summary>
/// <remarks>
/// The description is not trusted: the network that it gives with the file's constants is exported again, and counts only if
/// that graph is the file's. A file that another program has changed is read from its graph, like any other.
/// </remarks>
internal static class OwnFile
{
    /// <summary>The import; null if the graph is not the one that the description gives.</summary>
    /// <exception cref="InvalidDataException">The values are double, and may not be rounded.</exception>
    public static OnnxImport<T>? Read<T>(ModelProto model, OnnxImportOptions options)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (model.Graph is null || options is not { Node: null, Input: null, Output: null, Constants.Count: 0 }
            || FileDescription.Read(model) is not { } description)
        {
            return null;
        }

        if (!Fits(model.Graph, description))
        {
            return null;
        }

        try
        {
            if (typeof(T) == typeof(float) && description.Options.Double)
            {
                return Verified<double>(model, description) is null ? null
                    : !options.AllowPrecisionChange
                        ? throw new InvalidDataException(
                            "The file is double; a network of float needs OnnxImportOptions.AllowPrecisionChange.")
                    : Import(Complete<T>(model, description), description);
            }

            return Verified<T>(model, description) is { } import ? Import(import, description) : null;
        }
        catch (Exception e) when (e is ArgumentException or OverflowException or NotSupportedException or OwnFileException)
        {
            return null;
        }
    }

    // Each layer of a stack has constants of its own, and no size of a layer is larger than all constants together: a
    // description does not make more than the file has values for.
    private static bool Fits(GraphProto graph, FileDescription description)
    {
        long values = graph.Initializer.Sum(tensor => (long)tensor.RawData.Length);
        return description.InputSize >= 1 && description.InputSize <= values
            && description.Layers.OfType<LstmSpec>().Sum(spec => (long)spec.Layers) <= graph.Initializer.Count
            && description.Layers.All(layer => layer switch
            {
                LstmSpec { Normalization: BatchNormalization { Steps: var steps } } when steps > values => false,
                LstmSpec { Projection.Size: var size } when size > values => false,
                LstmSpec { HiddenSize: var size } => size <= values,
                DenseSpec { OutputSize: var size } => size <= values,
                EmbeddingSpec { OutputSize: var size } => size <= values,
                _ => true,
            });
    }

    // The network, if its export is the file's graph.
    private static ModelImport<T>? Verified<T>(ModelProto model, FileDescription description)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ModelImport<T> import = Complete<T>(model, description);
        ModelProto again = NetworkExport.Write(import.Network, description.Options);
        return again.Graph.Equals(model.Graph) && again.OpsetImport.Equals(model.OpsetImport) ? import : null;
    }

    private static ModelImport<T> Complete<T>(ModelProto model, FileDescription description)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        try
        {
            NetworkDraft<T> draft = new(description.InputSize, description.Layers);
            new OwnValues<T>(model.Graph, draft).Write();
            foreach (LayerSpec spec in draft.Specs)
            {
                draft.Layers.Add(
                    spec is LstmSpec lstm && ScanExport<T>.Needs(lstm) ? $"{spec} ← Scan, a step in its body" : spec.ToString());
            }

            foreach (StringStringEntryProto property in model.MetadataProps)
            {
                if (property.Key != FileDescription.Key)
                {
                    draft.Metadata[property.Key] = property.Value;
                }
            }

            return ModelImport.Complete(draft, "ONNX, exported by Lstm");
        }
        catch (InvalidDataException e)
        {
            throw new OwnFileException(e);
        }
    }

    private static OnnxImport<T> Import<T>(ModelImport<T> import, FileDescription description)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        OwnRun<T> run = new(import.Network, description.Options);
        string input = description.Options.InputName;
        List<string> left = [$"the input '{input}': the SequenceBatch"];
        left.AddRange(description.Options.Lengths ? ["the input 'lengths': the lengths of the SequenceBatch"] : []);
        left.AddRange(run.States.Select(state => $"the input '{state.Name}': initial states, the NetworkState"));
        return new OnnxImport<T>(
            import.Network, import.Report with { Left = left }, input, description.Options.Lengths ? "lengths" : null,
            [description.Options.OutputName, .. run.States.Select(state => state.Name + "_out")], run.Run);
    }
}
