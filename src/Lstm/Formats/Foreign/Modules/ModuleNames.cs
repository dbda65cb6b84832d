namespace Lstm.Formats.Foreign.Modules;

/// <summary>Names for layers that come from modules.</summary>
internal static class ModuleNames
{
    // As Network.Create allows.
    private const int MaxLength = 256;

    /// <summary>
    /// The modules' names without the beginning that they share, with underscores for dots; names that no layer can have are
    /// replaced by the kind's.
    /// </summary>
    public static string[] Of(IReadOnlyList<ChainStep> steps)
    {
        int shared = SharedLength(steps);
        string[] names = new string[steps.Count];
        HashSet<string> taken = [];
        for (int i = 0; i < names.Length; i++)
        {
            string name = steps[i].Module.Name[shared..].Replace('.', '_');
            bool isPossible = name.Length is > 0 and <= MaxLength && !name.Any(char.IsControl) && taken.Add(name);
            names[i] = isPossible ? name : Free(KindOf(steps[i]), taken);
        }

        return names;
    }

    // The number of characters of the containers that all modules are in.
    private static int SharedLength(IReadOnlyList<ChainStep> steps)
    {
        string first = steps[0].Module.Name;
        int shared = first.LastIndexOf('.') + 1;
        foreach (ChainStep step in steps)
        {
            while (shared > 0 && !step.Module.Name.AsSpan().StartsWith(first.AsSpan(0, shared)))
            {
                shared = shared == 1 ? 0 : first.LastIndexOf('.', shared - 2) + 1;
            }
        }

        return shared;
    }

    private static string KindOf(ChainStep step) => step.Module.Kind switch
    {
        ModuleKind.Lstm => "lstm",
        ModuleKind.LayerNorm => "norm",
        _ => step.IsEmbedding ? "embedding" : "dense",
    };

    private static string Free(string kind, HashSet<string> taken)
    {
        string name = kind;
        for (int i = 1; !taken.Add(name); i++)
        {
            name = Texts.InvariantText.Of($"{kind}_{i}");
        }

        return name;
    }
}
