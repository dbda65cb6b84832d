using System.Numerics;
using Lstm.Parameters;
using Lstm.Texts;

namespace Lstm.Formats.Foreign.Modules;

/// <summary>Gives layers that the caller has described the modules of a state_dict.</summary>
internal static class LayersGiven
{
    /// <summary>Makes a draft of <see cref="ImportOptions.Layers"/>.</summary>
    /// <param name="file">The file.</param>
    /// <param name="options">How it is read.</param>
    /// <param name="modules">The modules that may be read.</param>
    /// <param name="hasOrder">Whether the order of the modules is that of the data.</param>
    /// <param name="partOf">The number of the part that a module belongs to.</param>
    /// <exception cref="InvalidDataException">A layer has no module, or several.</exception>
    public static ModuleDraft<T> Read<T>(
        TensorFile file, ImportOptions options, List<StateModule> modules, bool hasOrder, Func<StateModule, int> partOf)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        LayerSpec[] specs = [.. options.Layers.Where(ModuleLayers.HasParameters)];
        List<StateModule> left = [.. modules.OrderBy(partOf).ThenBy(module => module.Index)];
        StateModule?[] found = new StateModule?[specs.Length];

        // By name first, so that no layer without a name takes the module of another.
        for (int i = 0; i < specs.Length; i++)
        {
            if (specs[i].Name is { } name && left.Find(module => IsNamed(module, name)) is { } named)
            {
                found[i] = named;
                left.Remove(named);
            }
        }

        for (int i = 0; i < specs.Length; i++)
        {
            found[i] ??= Take(specs[i], left, hasOrder);
        }

        if (found.Length == 0)
        {
            throw new InvalidDataException("ImportOptions.Layers has no layer with parameters: nothing is to be read.");
        }

        StateModule first = found[0]!;
        long inputs = specs[0] is EmbeddingSpec ? first.Outputs : first.Inputs;
        ModuleDraft<T> draft = new(file, options, inputs, options.Layers);
        List<(string Layer, List<Parameter> Parameters)> layers = ModuleDraft<T>.LayersOf(draft.Draft);
        for (int i = 0; i < layers.Count; i++)
        {
            draft.Write(layers[i].Layer, layers[i].Parameters, found[i]!);
        }

        return draft;
    }

    private static StateModule Take(LayerSpec spec, List<StateModule> left, bool hasOrder)
    {
        StateModule[] fitting = [.. left.Where(module => ModuleLayers.Fits(module, spec))];
        if (fitting.Length == 0 || (fitting.Length > 1 && !hasOrder))
        {
            string what = fitting.Length == 0 ? "no module" : "several modules";
            IEnumerable<StateModule> possible = fitting.Length == 0 ? left : fitting;
            string modules = Shortened.List([.. possible.Select(module => module.ToString())]);
            throw new InvalidDataException(
                $"The layer {spec} of ImportOptions.Layers finds {what} by its kind and size among "
                + $"{(modules.Length == 0 ? "none that are left" : modules)}. "
                + "Give it the module's name in LayerSpec.Name, with underscores for dots, or the order in ImportOptions.Parts.");
        }

        left.Remove(fitting[0]);
        return fitting[0];
    }

    private static bool IsNamed(StateModule module, string name)
        => module.Name.Replace('.', '_') == name
            || (module.Name.EndsWith(name, StringComparison.Ordinal) && module.Name.Length > name.Length
                && module.Name[^(name.Length + 1)] == '.');
}
