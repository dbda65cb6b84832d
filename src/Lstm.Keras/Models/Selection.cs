using Lstm.Keras.Files;

namespace Lstm.Keras.Models;

/// <summary>The layers of a model that are read, sorted so that each comes after those that it reads.</summary>
internal sealed class Selection
{
    private readonly Dictionary<KerasTensor, List<KerasLayer>> _readers = [];

    private Selection(List<KerasLayer> layers, KerasTensor? input, KerasTensor output)
    {
        (Layers, Input, Output) = (layers, input, output);
        foreach (KerasLayer layer in layers)
        {
            foreach (KerasTensor tensor in layer.Inputs.Distinct())
            {
                (_readers.TryGetValue(tensor, out List<KerasLayer>? list) ? list : _readers[tensor] = []).Add(layer);
            }
        }
    }

    public IReadOnlyList<KerasLayer> Layers { get; }

    /// <summary>The tensor that comes from outside; null if the first layer reads none.</summary>
    public KerasTensor? Input { get; }

    public KerasTensor Output { get; }

    /// <summary>How many layers read a tensor; the end of the network counts as one.</summary>
    public int Uses(KerasTensor tensor) => Readers(tensor).Count + (tensor == Output ? 1 : 0);

    /// <summary>The layers that read a tensor.</summary>
    public IReadOnlyList<KerasLayer> Readers(KerasTensor tensor) => _readers.GetValueOrDefault(tensor) ?? [];

    /// <summary>Takes the whole model, or the named layers of it.</summary>
    /// <exception cref="InvalidDataException">The model has a cycle, or not one way from one input to one output.</exception>
    public static Selection Of(Architecture model, IReadOnlyList<string> parts)
    {
        Dictionary<string, KerasLayer> all = new(StringComparer.Ordinal);
        foreach (KerasLayer layer in model.Layers)
        {
            if (!all.TryAdd(layer.Name, layer))
            {
                throw new InvalidDataException($"The architecture has two layers '{Shorten.Text(layer.Name)}'.");
            }
        }

        string[] unknown = [.. parts.Where(part => !all.ContainsKey(part))];
        if (unknown.Length > 0)
        {
            throw new InvalidDataException(
                $"The model has no layer {string.Join(", ", unknown.Select(part => $"'{Shorten.Text(part)}'"))} of " +
                $"KerasImportOptions.Parts; it has {string.Join(", ", all.Keys.Take(24).Select(Shorten.Text))}.");
        }

        HashSet<string> wanted = parts.Count > 0 ? [.. parts] : [.. Needed(model, all)];
        List<KerasLayer> sorted = Sort([.. model.Layers.Where(layer => wanted.Contains(layer.Name))], all);
        return new Selection(sorted, InputOf(sorted, wanted), OutputOf(model, sorted, parts.Count > 0));
    }

    // The layers that the output depends on.
    private static IEnumerable<string> Needed(Architecture model, Dictionary<string, KerasLayer> all)
    {
        HashSet<string> needed = new(StringComparer.Ordinal);
        Stack<string> open = new(model.Outputs.Select(output => output.Layer));
        while (open.TryPop(out string? name))
        {
            if (needed.Add(name))
            {
                KerasLayer layer = all.GetValueOrDefault(name)
                    ?? throw new InvalidDataException(
                    $"The architecture has no layer '{Shorten.Text(name)}', which another one reads.");
                foreach (KerasTensor input in layer.Inputs)
                {
                    open.Push(input.Layer);
                }
            }
        }

        return needed;
    }

    private static List<KerasLayer> Sort(List<KerasLayer> layers, Dictionary<string, KerasLayer> all)
    {
        HashSet<string> open = new(layers.Select(layer => layer.Name), StringComparer.Ordinal);
        Dictionary<string, List<KerasLayer>> readers = new(StringComparer.Ordinal);
        Dictionary<string, int> waits = new(StringComparer.Ordinal);
        foreach (KerasLayer layer in layers)
        {
            string[] before = [.. layer.Inputs.Select(input => input.Layer).Where(open.Contains).Distinct()];
            waits[layer.Name] = before.Length;
            foreach (string name in before)
            {
                (readers.TryGetValue(name, out List<KerasLayer>? list) ? list : readers[name] = []).Add(layer);
            }
        }

        Queue<KerasLayer> ready = new(layers.Where(layer => waits[layer.Name] == 0));
        List<KerasLayer> sorted = [];
        while (ready.TryDequeue(out KerasLayer? layer))
        {
            sorted.Add(layer);
            foreach (KerasLayer reader in readers.GetValueOrDefault(layer.Name) ?? [])
            {
                if (--waits[reader.Name] == 0)
                {
                    ready.Enqueue(reader);
                }
            }
        }

        return sorted.Count == layers.Count && all.Count > 0 ? sorted
            : throw new InvalidDataException(
                $"The architecture {(all.Count == 0 ? "has no layers" : "has a cycle: layers read each other's outputs")}.");
    }

    // What the layers read from outside of themselves: one tensor, or an InputLayer.
    private static KerasTensor? InputOf(List<KerasLayer> layers, HashSet<string> wanted)
    {
        KerasTensor[] outside =
            [.. layers.SelectMany(layer => layer.Inputs).Where(input => !wanted.Contains(input.Layer)).Distinct()];
        KerasLayer[] starts = [.. layers.Where(layer => layer.Inputs.Count == 0)];
        if (outside.Length + starts.Length == 1)
        {
            return outside.Length == 1 ? outside[0] : null;
        }

        IEnumerable<string> all = outside.Select(input => $"the output of '{Shorten.Text(input.Layer)}'")
            .Concat(starts.Select(layer => layer.ToString()));
        throw new InvalidDataException(
                $"The layers have {outside.Length + starts.Length} inputs: {string.Join(", ", all.Take(12))}. " +
                $"A network has one; name layers behind one tensor with KerasImportOptions.Parts.");
    }

    private static KerasTensor OutputOf(Architecture model, List<KerasLayer> layers, bool isPart)
    {
        HashSet<KerasTensor> read = [.. layers.SelectMany(layer => layer.Inputs)];
        KerasTensor[] ends = !isPart && model.Outputs.Count > 0 ? [.. model.Outputs]
            : [.. layers.Select(layer => new KerasTensor(layer.Name, 0)).Where(tensor => !read.Contains(tensor))];
        return ends.Length == 1 ? ends[0]
            : throw new InvalidDataException(
                $"The layers have {ends.Length} outputs: " +
                $"{string.Join(", ", ends.Take(12).Select(end => $"'{Shorten.Text(end.Layer)}'"))}. " +
                $"A network has one; name the layers up to one of them with KerasImportOptions.Parts.");
    }
}
