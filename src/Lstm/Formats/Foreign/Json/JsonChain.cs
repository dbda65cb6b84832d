using System.Numerics;
using Lstm.Texts;

namespace Lstm.Formats.Foreign.Json;

/// <summary>Makes a draft of the layers of a file, or of the parts that the caller wants.</summary>
internal static class JsonChain
{
    /// <summary>Checks that the layers follow each other, and gives their parameters the values.</summary>
    /// <param name="reading">The file.</param>
    /// <param name="layers">All its layers that could be read, in the order of the data.</param>
    /// <param name="skip">The addition of the input to the output, if there is one.</param>
    /// <exception cref="InvalidDataException">Something does not fit; the message lists all of it.</exception>
    public static NetworkDraft<T> Complete<T>(
        JsonReading<T> reading, IReadOnlyList<JsonLayer<T>> layers, JsonSkip? skip = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        List<JsonLayer<T>> chosen = Choose(reading, layers);
        CheckSizes(reading, chosen);
        if (skip is not null && reading.Options.Parts.Count > 0)
        {
            reading.Left.Add(skip.Text);
            skip = null;
        }
        else if (chosen.TrueForAll(layer => layer.WhyNot is null) && skip?.Apply(chosen) is { } reason)
        {
            reading.Refuse($"{skip.Text}, which these layers cannot do: {reason}. "
                + "Read the layers with ImportOptions.Parts and add the input in the program");
        }

        reading.ThrowIfAny();
        string[] names = Names(chosen);
        NetworkDraft<T> draft = new(chosen[0].Inputs, [.. chosen.Select((layer, i) => Named(layer.ToSpec(), layer, names[i]))]);
        for (int i = 0; i < names.Length; i++)
        {
            chosen[i].Write(draft, names[i]);
            draft.Layers.Add($"{names[i]} <- {chosen[i].Source}: {chosen[i].Text}");
        }

        if (skip is not null)
        {
            draft.Layers.Add($"{skip.Text}, which LstmShortcut.Concatenate takes to '{names[^1]}'");
        }

        AddNotes(reading, draft);
        return draft;
    }

    /// <summary>Hands the reading's notes and metadata to the draft.</summary>
    public static void AddNotes<T>(JsonReading<T> reading, NetworkDraft<T> draft)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        reading.Ignored.ForEach(draft.Ignored.Add);
        reading.Left.ForEach(draft.Left.Add);
        foreach ((string key, string value) in reading.Metadata)
        {
            draft.Metadata[key] = value;
        }
    }

    private static List<JsonLayer<T>> Choose<T>(JsonReading<T> reading, IReadOnlyList<JsonLayer<T>> layers)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        List<JsonLayer<T>> chosen = [.. layers];
        if (reading.Options.Parts.Count > 0)
        {
            ILookup<string, JsonLayer<T>> bySource = layers.ToLookup(layer => layer.Source);
            HashSet<string> parts = [.. reading.Options.Parts];
            chosen = [.. reading.Options.Parts.SelectMany(part => bySource[part])];
            foreach (string part in parts.Where(part => !bySource.Contains(part)))
            {
                reading.Refuse($"ImportOptions.Parts has '{Shortened.Text(part)}'; the file has "
                    + Shortened.List([.. layers.Select(layer => layer.Source).Distinct()]));
            }

            foreach (JsonLayer<T> layer in layers.Where(layer => !parts.Contains(layer.Source)))
            {
                string sizes = $", {Counted.Of(layer.Inputs, "value")} -> {Counted.Of(layer.Outputs, "value")}";
                reading.Left.Add($"{layer.Source}: {layer.Text}{(layer.Inputs > 0 ? sizes : string.Empty)}");
            }
        }

        foreach (JsonLayer<T> layer in chosen.Where(layer => layer.WhyNot is not null))
        {
            reading.Refuse($"{layer.Source} is {layer.Text}: {layer.WhyNot}. ImportOptions.Parts reads the other layers");
        }

        if (chosen.Count == 0)
        {
            reading.Refuse("it has no layers");
        }

        return chosen;
    }

    private static void CheckSizes<T>(JsonReading<T> reading, List<JsonLayer<T>> layers)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int i = 1; i < layers.Count; i++)
        {
            bool isRead = layers[i].WhyNot is null && layers[i - 1].WhyNot is null;
            if (isRead && layers[i].Inputs != layers[i - 1].Outputs)
            {
                string taken = Counted.Of(layers[i].Inputs, "value"), given = Counted.Of(layers[i - 1].Outputs, "value");
                reading.Refuse($"{layers[i].Source} takes {taken}; {layers[i - 1].Source} before it gives {given}");
            }
        }
    }

    // Modules keep their names, as far as a layer can have them; other layers get those that a network gives them.
    private static string[] Names<T>(List<JsonLayer<T>> layers)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Dictionary<string, int> used = [];
        string[] names = new string[layers.Count];
        for (int i = 0; i < names.Length; i++)
        {
            string name = layers[i] is { HasName: true } named ? LayerName(named.Source) : layers[i].ToSpec().Kind;
            int count = used.GetValueOrDefault(name);
            used[name] = count + 1;
            names[i] = count == 0 ? name : InvariantText.Of($"{name}_{count}");
        }

        return names;
    }

    private static string LayerName(string source)
    {
        string name = string.Concat(source.Select(c => c == '.' || char.IsControl(c) ? '_' : c));
        return name[..Math.Min(name.Length, 200)];
    }

    private static LayerSpec Named<T>(LayerSpec spec, JsonLayer<T> layer, string name)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => layer.HasName ? spec with { Name = name } : spec;
}
