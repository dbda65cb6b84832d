using System.Numerics;
using Lstm.Formats.StateDicts;
using Lstm.Parameters;
using Lstm.Texts;

namespace Lstm.Formats.Foreign.Modules;

/// <summary>Reads a PyTorch state_dict, or a list of Keras's weights, that comes without a description of its layers.</summary>
internal static class StateDictModel
{
    private const string Remedy =
        "Give the modules to read in ImportOptions.Parts, in the order of the data, or the layers in ImportOptions.Layers.";

    /// <summary>Makes a draft of a file's tensors.</summary>
    /// <exception cref="InvalidDataException">
    /// The modules are not known, make no chain or several, or have tensors that do not fit: the message lists all of them.
    /// </exception>
    public static NetworkDraft<T> Read<T>(TensorFile file, ImportOptions options, out string format)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (file.Tensors.Count == 0)
        {
            throw new InvalidDataException("The file has no tensors.");
        }

        if (WeightList.IsOne(file))
        {
            format = $"Keras weights in {file.Format}";
            return WeightList.Read<T>(file, options);
        }

        format = $"PyTorch state_dict in {file.Format}";
        (List<StateModule> modules, List<FileTensor> others) = ModulesOf(file, options);
        bool hasOrder = !IsSorted(file);
        (List<StateModule> wanted, Func<StateModule, int> partOf) = Wanted(modules, options.Parts);
        ModuleDraft<T> draft = options.Layers.Count > 0
            ? LayersGiven.Read<T>(file, options, wanted, hasOrder || options.Parts.Count > 0, partOf)
            : Chained<T>(file, options, wanted, hasOrder, partOf);
        Report(draft.Draft, file, modules, others);
        return draft.Draft;
    }

    private static ModuleDraft<T> Chained<T>(
        TensorFile file, ImportOptions options, List<StateModule> modules, bool hasOrder, Func<StateModule, int> partOf)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        StateModule[] unknown = [.. modules.Where(module => module.Kind == ModuleKind.Unknown)];
        if (unknown.Length > 0)
        {
            throw new InvalidDataException(
                $"The file has modules that no layer computes: {List(unknown)}. The others are "
                + $"{List(modules.Except(unknown))}. {Remedy}");
        }

        IReadOnlyList<ChainStep> steps = ModuleChain.Find(modules, hasOrder, partOf) ?? throw new InvalidDataException(
            $"The modules make no chain, or more than one, by their names and shapes: {List(modules)}. {Remedy}");
        string[] names = ModuleNames.Of(steps);
        LayerSpec[] specs = [.. steps.Select((step, i) => ModuleLayers.SpecOf(step, names[i]))];
        ModuleDraft<T> draft = new(file, options, steps[0].Inputs, specs);
        List<(string Layer, List<Parameter> Parameters)> layers = ModuleDraft<T>.LayersOf(draft.Draft);
        for (int i = 0; i < steps.Count; i++)
        {
            draft.Write(layers[i].Layer, layers[i].Parameters, steps[i].Module);
        }

        if (steps.Count > 1)
        {
            string read = string.Join(", ", names.Select(name => $"'{name}'"));
            draft.Draft.Left.Add(
                $"a state_dict does not say what is computed between and after {read}: "
                + "the network has no activation, pooling or residual there. If the program has some, give ImportOptions.Layers "
                + "with ActivationSpec, DenseSpec.Activation, PoolingSpec or LstmSpec.Shortcut");
        }

        if (steps.Any(step => step.Module.Kind == ModuleKind.LayerNorm))
        {
            draft.Draft.Left.Add("a state_dict does not have the epsilon of nn.LayerNorm: it is PyTorch's default, 1e-5");
        }

        return draft;
    }

    // The modules of the container that the parts name, else of the one that holds the module's tensors.
    private static (List<StateModule> Modules, List<FileTensor> Others) ModulesOf(TensorFile file, ImportOptions options)
    {
        List<StateModule> all = StateModule.Of(file.Tensors, tensor => tensor.Name);
        if (options.Parts.Count > 0 && options.Parts.All(part => all.Exists(module => IsIn(module.Name, part))))
        {
            return (all, []);
        }

        string container = StateDictContainer.Find(file);
        if (container.Length == 0)
        {
            return (all, []);
        }

        string prefix = container + ".";
        List<FileTensor> inside = [], others = [];
        foreach (FileTensor tensor in file.Tensors)
        {
            (tensor.Container == container ? inside : others).Add(tensor);
        }

        return (StateModule.Of(inside, tensor => tensor.Name[prefix.Length..]), others);
    }

    private static (List<StateModule> Wanted, Func<StateModule, int> PartOf) Wanted(
        List<StateModule> modules, IReadOnlyList<string> parts)
    {
        if (parts.Count == 0)
        {
            return (modules, _ => 0);
        }

        Dictionary<StateModule, int> partOf = [];
        for (int i = 0; i < parts.Count; i++)
        {
            string part = parts[i];
            StateModule[] found = [.. modules.Where(module => IsIn(module.Name, part))];
            if (found.Length == 0)
            {
                throw new InvalidDataException(
                    $"The file has no module '{Shortened.Text(part)}', which ImportOptions.Parts names; it has {List(modules)}.");
            }

            foreach (StateModule module in found)
            {
                partOf.TryAdd(module, i);
            }
        }

        return ([.. modules.Where(partOf.ContainsKey)], module => partOf[module]);
    }

    private static bool IsIn(string module, string part)
        => module == part || (module.StartsWith(part, StringComparison.Ordinal) && module[part.Length] == '.');

    // A file whose names are sorted does not tell in which order the modules were made.
    private static bool IsSorted(TensorFile file)
    {
        for (int i = 1; i < file.Tensors.Count; i++)
        {
            if (string.CompareOrdinal(file.Tensors[i - 1].Name, file.Tensors[i].Name) > 0)
            {
                return false;
            }
        }

        return true;
    }

    private static void Report<T>(NetworkDraft<T> draft, TensorFile file, List<StateModule> modules, List<FileTensor> others)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        HashSet<string> read = [.. draft.Sources];
        foreach (StateModule module in modules)
        {
            if (!module.Tensors.Any(tensor => read.Contains(tensor.Name)))
            {
                draft.Left.Add($"module {module} is not read: {module.TensorText}");
            }
        }

        if (others.Count > 0)
        {
            draft.Ignored.Add(
                $"{Counted.Of(others.Count, "tensor")} outside of the state_dict: "
                + Shortened.List([.. others.Select(tensor => tensor.ToString())]));
        }

        foreach ((string key, string value) in file.Metadata)
        {
            // What lies in containers, such as the settings of an optimizer, is of no use to a network.
            if (key != "format" && !key.Contains('.'))
            {
                draft.Metadata[key] = value;
            }
        }
    }

    private static string List(IEnumerable<StateModule> modules)
    {
        string[] texts = [.. modules.Select(module => module.ToString())];
        return texts.Length == 0 ? "none" : Shortened.List(texts);
    }
}
