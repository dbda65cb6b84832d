using System.Globalization;
using System.Numerics;
using Lstm.Parameters;
using Lstm.Texts;

namespace Lstm.Formats.Foreign.Modules;

/// <summary>
/// Reads the arrays that <c>numpy.savez("weights.npz", *model.get_weights())</c> writes of a Keras model: without names, in the
/// order of its layers.
/// </summary>
internal static class WeightList
{
    private const string Start = "arr_";

    /// <summary>Whether all tensors have the names that numpy.savez gives: <c>arr_0</c>, <c>arr_1</c>, …</summary>
    public static bool IsOne(TensorFile file) => file.Tensors.All(tensor => NumberOf(tensor) is not null);

    /// <summary>Makes a draft of <see cref="ImportOptions.Layers"/>.</summary>
    /// <exception cref="InvalidDataException">No layers are given, or the arrays do not fit.</exception>
    public static NetworkDraft<T> Read<T>(TensorFile file, ImportOptions options)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        FileTensor[] arrays = [.. file.Tensors.OrderBy(NumberOf)];
        if (options.Layers.Count == 0)
        {
            throw new InvalidDataException(
                $"The arrays have no names: {Shortened.List([.. arrays.Select(array => array.ToString())])}. Give the model's "
                + "layers in ImportOptions.Layers; a list of get_weights() of Keras is read in their order.");
        }

        if (options.Layers.FirstOrDefault(ModuleLayers.HasParameters) is null || arrays[0].Shape is not [var size, ..])
        {
            throw new InvalidDataException(
                $"ImportOptions.Layers has no layer with parameters, or the first array {arrays[0]} has no dimensions.");
        }

        ModuleDraft<T> draft = new(file, options, size, options.Layers);
        WeightListReader<T> reader = new(draft, arrays);
        List<(string Layer, List<Parameter> Parameters)> layers = ModuleDraft<T>.LayersOf(draft.Draft);
        LayerSpec[] described = [.. options.Layers.Where(ModuleLayers.HasParameters)];
        for (int i = 0; i < layers.Count; i++)
        {
            reader.Read(layers[i].Layer, described[i], layers[i].Parameters);
        }

        reader.End();
        return draft.Draft;
    }

    private static int? NumberOf(FileTensor tensor)
        => tensor.Name.StartsWith(Start, StringComparison.Ordinal)
            && int.TryParse(tensor.Name.AsSpan(Start.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? number
            : null;
}
