using System.Text;
using Lstm.Parameters;
using Lstm.Texts;

namespace Lstm.Formats.StateDicts;

/// <summary>All that keeps a state_dict from being read into a network, and what to do about it.</summary>
internal sealed class StateDictProblems(TensorFile file)
{
    private const int MostShown = 50;
    private readonly List<string> _missing = [];
    private readonly List<string> _extra = [];
    private readonly List<string> _unfit = [];
    private readonly HashSet<StateDictModule> _modules = [];
    private bool _hasExtraModules;

    public void AddMissing(Parameter parameter, string name, StateDictModule module)
    {
        _missing.Add(name == parameter.Name
            ? TensorFit.Text(parameter)
            : $"'{Shortened.Text(name)}' [{string.Join(", ", parameter.Shape)}] for the parameter '{parameter.Name}'");
        _modules.Add(module);
    }

    /// <summary>Notes a tensor that nothing reads.</summary>
    /// <param name="tensor">The tensor.</param>
    /// <param name="module">The module that is read, if it belongs to one.</param>
    public void AddExtra(FileTensor tensor, StateDictModule? module)
    {
        _extra.Add(tensor.ToString());
        _hasExtraModules |= module is null;
        if (module is not null)
        {
            _modules.Add(module);
        }
    }

    /// <summary>Notes a tensor of another shape or type, as <see cref="TensorFit"/> says it.</summary>
    /// <param name="problem">What it says.</param>
    /// <param name="module">The module, if a spec of other sizes would read it.</param>
    public void AddUnfit(string problem, StateDictModule? module)
    {
        _unfit.Add(problem);
        if (module is not null)
        {
            _modules.Add(module);
        }
    }

    /// <exception cref="InvalidDataException">There are problems; the message lists them, and the remedies.</exception>
    public void ThrowIfAny(IReadOnlyDictionary<string, StateDictModule> read)
    {
        if (_missing.Count + _extra.Count + _unfit.Count == 0)
        {
            return;
        }

        StringBuilder text = new("The file does not fit the network");
        text.Append(file.Tensors.Count == 0 ? ": it has no tensors." : ".");
        Append(text, "Missing in the file", _missing);
        Append(text, "In the file, but no parameter of the network", _extra);
        Append(text, "Unfit", _unfit);
        foreach (StateDictModule module in _modules.Take(MostShown))
        {
            AppendRemedy(text, module, read);
        }

        if (_hasExtraModules)
        {
            text.Append(" StateDictOptions.AllowUnexpected leaves out the tensors of modules that no layer reads.");
        }

        throw new InvalidDataException(text.ToString());
    }

    private static void Append(StringBuilder text, string what, List<string> items)
    {
        if (items.Count > 0)
        {
            text.Append($" {what}: ").AppendJoin("; ", items.Take(MostShown))
                .Append(items.Count > MostShown ? $"; and {items.Count - MostShown} more." : ".");
        }
    }

    private void AppendRemedy(StringBuilder text, StateDictModule module, IReadOnlyDictionary<string, StateDictModule> read)
    {
        if (module.Describe(file) is { } spec)
        {
            bool hasTwo = spec.Contains("LstmBias.Two", StringComparison.Ordinal);
            text.Append($" The file's '{Shortened.Text(module.Name)}' is read by {spec}")
                .Append(hasTwo ? "; LstmBias.One gets the sum of both biases." : ".");
        }
        else if (FindElsewhere(module, read) is { } other)
        {
            text.Append(
                $" The file has '{Shortened.Text(other)}': set StateDictOptions.Prefix or Rename, or LayerSpec.Name, so that " +
                $"the names meet.");
        }
    }

    /// <summary>Another module of the file, read by nobody, with a tensor of the same kind as the module lacks.</summary>
    private string? FindElsewhere(StateDictModule module, IReadOnlyDictionary<string, StateDictModule> read)
    {
        if (file.Tensors.Any(tensor => StateDictModule.NameOf(tensor.Name) == module.Name))
        {
            return null;
        }

        return file.Tensors.Select(tensor => tensor.Name).FirstOrDefault(
            name => !read.ContainsKey(StateDictModule.NameOf(name)) && module.Locals.Contains(StateDictModule.LocalOf(name)));
    }
}
