using System.Globalization;
using System.Numerics;
using Lstm.Formats;
using Lstm.Keras.Files;

namespace Lstm.Keras.Models;

/// <summary>The steps from a file to a network.</summary>
internal static class ImportRun
{
    /// <exception cref="InvalidDataException">
    /// The model cannot be expressed, or its tensors do not fit: all of it is listed.
    /// </exception>
    public static KerasImport<T> Read<T>(ModelFile file, KerasImportOptions options)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (file.Architecture is not { } architecture)
        {
            IEnumerable<string> layers = file.Weights.WithTensors.Take(16).Select(group => Describe(group.Layer, group.Tensors));
            return options.Layers.Count > 0 ? SpecImport.Read<T>(file, options)
                : throw new InvalidDataException(
                    $"The file is '{file.Format}': it has weights and no architecture. Give " +
                    "KerasImportOptions.Architecture the " +
                    $"text of model.to_json(), or KerasImportOptions.Layers. Its layers are {string.Join("; ", layers)}.");
        }

        if (options.Layers.Count > 0)
        {
            throw new InvalidDataException(
                "KerasImportOptions.Layers is given beside KerasImportOptions.Architecture; give one of them.");
        }

        file.Weights.Bind(architecture.Layers);
        string? version = architecture.Version ?? file.Version;
        Selection selection = Selection.Of(architecture, options.Parts);
        NetworkPlan plan = NetworkPlan.Of(selection, file.Weights, version?.StartsWith('3') ?? false);
        AddRest(plan, file.Weights, architecture, selection, options);
        CheckPrecision<T>(plan.Layers.SelectMany(layer => layer.Tensors), plan.Problems, options);
        if (plan.Problems.Count > 0)
        {
            throw new InvalidDataException(
                $"The model cannot be read as it is: {string.Join("; ", plan.Problems)}. KerasImportOptions.Parts reads " +
                $"layers by name.");
        }

        ModelImport<T> import = ModelImport.Complete(PlanWriter<T>.Write(plan), Format(file.Format, version));
        return new KerasImport<T>(import.Network, import.Report, version, plan.MaskedId, plan.MaskedValue);
    }

    /// <summary>A format with the version that wrote the file.</summary>
    public static string Format(string format, string? version)
        => version is null ? format : $"{format}, version {Shorten.Text(version)}";

    /// <summary>Adds to a list all tensors of float64 that a network of float would have to round.</summary>
    public static void CheckPrecision<T>(IEnumerable<WeightTensor> tensors, List<string> problems, KerasImportOptions options)
    {
        if (typeof(T) == typeof(float) && !options.AllowPrecisionChange)
        {
            problems.AddRange(tensors.Where(tensor => tensor.Type == HdfType.Double)
                .Select(
                    tensor => $"{tensor} is float64; KerasImportOptions.AllowPrecisionChange rounds it, or import as double"));
        }
    }

    // Of a whole model, weights that belong to no layer are a fault; of a part, the other layers are left to the caller.
    private static void AddRest(
        NetworkPlan plan, WeightStore weights, Architecture model, Selection selection, KerasImportOptions options)
    {
        HashSet<string> read = new(selection.Layers.Select(layer => layer.Name), StringComparer.Ordinal);
        foreach (KerasLayer layer in model.Layers.Where(layer => !read.Contains(layer.Name)))
        {
            IReadOnlyList<WeightTensor> tensors = weights.Of(layer);
            string inputs = string.Join(", ", layer.Inputs.Take(12).Select(input => $"'{Shorten.Text(input.Layer)}'"));
            plan.Left.Add($"{layer}{(inputs.Length > 0 ? $", reads {inputs}" : string.Empty)}" +
                (tensors.Count > 0 ? $", weights {string.Join(", ", tensors.Take(12))}" : string.Empty));
        }

        foreach ((string layer, List<WeightTensor> tensors) in weights.Unclaimed())
        {
            if (options.Parts.Count == 0)
            {
                plan.Problems.Add($"the architecture has no layer for {Describe(layer, tensors)}");
            }
            else
            {
                plan.Left.Add(Describe(layer, tensors));
            }
        }

        plan.Ignored.AddRange(weights.Ignored);
        if (plan.MaskedId is { } id)
        {
            plan.Ignored.Add($"the mask: steps of id {id} are not to be put into sequences; KerasImport.ToIds leaves them out");
        }

        if (plan.MaskedValue is { } value)
        {
            string number = value.ToString(CultureInfo.InvariantCulture);
            plan.Ignored.Add(
                $"the mask: steps whose values are all {number} are not to be put into sequences; " +
                $"KerasImport.ToSequences leaves them out");
        }
    }

    private static string Describe(string layer, IReadOnlyList<WeightTensor> tensors)
        => $"'{Shorten.Text(layer)}' with {string.Join(", ", tensors.Take(12))}";
}
