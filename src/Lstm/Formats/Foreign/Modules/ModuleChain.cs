using System.Globalization;
using System.Text;

namespace Lstm.Formats.Foreign.Modules;

/// <summary>Finds the order of the data through modules whose state_dict says only names and shapes.</summary>
/// <remarks>
/// The order of the file is that in which the modules were made, unless it is sorted by name, as safetensors files are. Modules
/// whose names differ in numbers alone are in the order of these. An order is accepted if it is the only one in which each
/// module's inputs are the outputs of the one before.
/// </remarks>
internal sealed class ModuleChain
{
    // Beyond these the search could take long: the caller has to name the order.
    private const int MaxModules = 64, MaxSteps = 20_000, MaxFound = 16;

    private readonly IReadOnlyList<StateModule> _modules;
    private readonly (string Stem, long[] Numbers)[] _names;
    private readonly Func<StateModule, int> _partOf;
    private readonly List<ChainStep[]> _found = [];
    private readonly List<ChainStep> _steps = [];
    private readonly bool[] _used;
    private int _left = MaxSteps;

    private ModuleChain(IReadOnlyList<StateModule> modules, Func<StateModule, int> partOf)
    {
        _modules = modules;
        _partOf = partOf;
        _names = [.. modules.Select(module => Split(module.Name))];
        _used = new bool[modules.Count];
    }

    /// <summary>The chain of all modules; null if there is none or more than one.</summary>
    /// <param name="modules">The modules, none of which is unknown.</param>
    /// <param name="hasOrder">Whether the order of the file is that of the program.</param>
    /// <param name="partOf">The number of the part that a module belongs to: parts follow each other.</param>
    public static IReadOnlyList<ChainStep>? Find(
        IReadOnlyList<StateModule> modules, bool hasOrder, Func<StateModule, int> partOf)
    {
        ModuleChain chain = new(modules, partOf);
        if (hasOrder)
        {
            chain.Walk();
            if (chain._found.Count > 0)
            {
                return chain.Only();
            }
        }

        if (modules.Count > MaxModules)
        {
            return null;
        }

        chain.Search();
        return chain._left > 0 && chain._found.Count < MaxFound ? chain.Only() : null;
    }

    private ChainStep[]? Only()
    {
        if (_found.Count == 1)
        {
            return _found[0];
        }

        // A name tells an embedding from a matrix product where the shapes do not.
        ChainStep[][] named =
        [
            .. _found.Where(steps => steps.All(step => step.Module.Kind != ModuleKind.Matrix
                || step.IsEmbedding == step.Module.Name.Contains("emb", StringComparison.OrdinalIgnoreCase))),
        ];
        return named.Length == 1 ? named[0] : null;
    }

    // In the order of the parts, and in the file's within a part.
    private void Walk()
    {
        List<ChainStep> steps = [];
        StateModule[] ordered = [.. _modules.OrderBy(_partOf).ThenBy(module => module.Index)];
        for (int first = 0; first < (ordered[0].Kind == ModuleKind.Matrix ? 2 : 1); first++)
        {
            steps.Clear();
            foreach (StateModule module in ordered)
            {
                ChainStep step = new(module, IsEmbedding: steps.Count == 0 && first == 1);
                if (steps.Count > 0 && steps[^1].Outputs != step.Inputs)
                {
                    break;
                }

                steps.Add(step);
            }

            if (steps.Count == ordered.Length)
            {
                _found.Add([.. steps]);
            }
        }
    }

    private void Search()
    {
        if (_steps.Count == _modules.Count)
        {
            _found.Add([.. _steps]);
            return;
        }

        for (int i = 0; i < _modules.Count && _left > 0 && _found.Count < MaxFound; i++)
        {
            if (_used[i] || !IsNext(i))
            {
                continue;
            }

            _left--;
            _used[i] = true;
            for (int choice = 0; choice < (_steps.Count == 0 && _modules[i].Kind == ModuleKind.Matrix ? 2 : 1); choice++)
            {
                ChainStep step = new(_modules[i], choice == 1);
                if (_steps.Count == 0 || _steps[^1].Outputs == step.Inputs)
                {
                    _steps.Add(step);
                    Search();
                    _steps.RemoveAt(_steps.Count - 1);
                }
            }

            _used[i] = false;
        }
    }

    // Whether no module that is left has to come before.
    private bool IsNext(int candidate)
    {
        int part = _partOf(_modules[candidate]);
        for (int i = 0; i < _modules.Count; i++)
        {
            if (!_used[i] && i != candidate && (_partOf(_modules[i]) < part
                || (_names[i].Stem == _names[candidate].Stem
                    && _names[i].Numbers.AsSpan().SequenceCompareTo(_names[candidate].Numbers) < 0)))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>A name with its numbers taken out: <c>layers.#.lstm</c> and 10.</summary>
    private static (string Stem, long[] Numbers) Split(string name)
    {
        StringBuilder stem = new();
        List<long> numbers = [];
        for (int i = 0; i < name.Length;)
        {
            int end = i;
            while (end < name.Length && char.IsAsciiDigit(name[end]))
            {
                end++;
            }

            if (long.TryParse(name.AsSpan(i, end - i), NumberStyles.None, CultureInfo.InvariantCulture, out long number))
            {
                numbers.Add(number);
                stem.Append('#');
            }
            else
            {
                end = Math.Max(end, i + 1);
                stem.Append(name, i, end - i);
            }

            i = end;
        }

        return (stem.ToString(), [.. numbers]);
    }
}
