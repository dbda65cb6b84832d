


using Lstm.Parameters;

namespace Lstm.Formats.StateDicts;

/// <summary>
/// Finds the tensor of a state_dict that belongs to each parameter of a network, and refuses files that do not fit.
/// </summary>
/// <remarks>
/// A tensor whose name begins like that of a parameter, up to the last dot, belongs to a layer that is read. All of them have to
/// find their places: a second bias in the sum of both, everything else in a parameter.
/// </remarks>
internal sealed class StateDictMatch
{
    private const string FirstBias = "bias_ih";
    private const string SecondBias = "bias_hh";

    private readonly TensorFile _file;
    private readonly StateDictOptions _options;
    private readonly HashSet<string> _used = [];
    private readonly Dictionary<string, StateDictModule> _modules = [];
    private readonly StateDictProblems _problems;

    private StateDictMatch(TensorFile file, StateDictOptions options)
    {
        _file = file;
        _options = options;
        _problems = new StateDictProblems(file);
    }

    /// <summary>The file's tensors, in the order of <paramref name="parameters"/>.</summary>
    /// <exception cref="InvalidDataException">
    /// Tensors are missing, unexpected, or of another shape or precision; the message lists all.
    /// </exception>
    public static StateDictTensor[] Find<T>(IReadOnlyList<Parameter> parameters, TensorFile file, StateDictOptions options)
        where T : unmanaged
    {
        StateDictMatch match = new(file, options);
        string[] names = [.. parameters.Select(match.FileName)];
        match._used.UnionWith(names);
        HashSet<string> known = [.. parameters.Select(parameter => parameter.Name)];
        StateDictTensor?[] found = new StateDictTensor?[names.Length];
        for (int i = 0; i < found.Length; i++)
        {
            found[i] = match.FindOne<T>(parameters[i], names[i], known);
        }

        match.FindExtra();
        match._problems.ThrowIfAny(match._modules);
        return found!;
    }

    private string FileName(Parameter parameter) => FileName(parameter.Name);

    private string FileName(string name) => _options.Prefix + (_options.Rename?.Invoke(name) ?? name);

    private StateDictTensor? FindOne<T>(Parameter parameter, string name, HashSet<string> known)
        where T : unmanaged
    {
        StateDictModule module = StateDictModule.Enter(_modules, name);
        if (_file.Find(name) is not { } tensor)
        {
            _problems.AddMissing(parameter, name, module);
            return null;
        }

        FileTensor? second = FindSecondBias(parameter, name, known);
        foreach (FileTensor read in second is null ? (FileTensor[])[tensor] : [tensor, second])
        {
            if (TensorFit.WhyNot<T>(read, parameter, _options.AllowPrecisionChange) is { } problem)
            {
                _problems.AddUnfit(problem, TensorFit.HasShape(read, parameter) ? null : module);
            }
        }

        return new StateDictTensor(parameter, tensor, second);
    }

    /// <summary>
    /// The second bias of the file for a layer that has one only; null for other parameters, and if there is none.
    /// </summary>
    private FileTensor? FindSecondBias(Parameter parameter, string name, HashSet<string> known)
    {
        string local = StateDictModule.LocalOf(parameter.Name), second = parameter.Name[..^local.Length]
            + local.Replace(FirstBias, SecondBias, StringComparison.Ordinal);
        if (!local.StartsWith(FirstBias + "_l", StringComparison.Ordinal) || known.Contains(second))
        {
            return null;
        }

        // A renaming may know the parameters' names only: it is asked for another one when the file's own names do not tell.
        int place = name.LastIndexOf(FirstBias, StringComparison.Ordinal);
        string wanted = place >= 0 ? name[..place] + SecondBias + name[(place + FirstBias.Length)..] : FileName(second);
        return _file.Find(wanted) is { } tensor && _used.Add(wanted) ? tensor : null;
    }

    private void FindExtra()
    {
        foreach (FileTensor tensor in _file.Tensors)
        {
            if (!tensor.Name.StartsWith(_options.Prefix, StringComparison.Ordinal) || _used.Contains(tensor.Name))
            {
                continue;
            }

            // Without a dot after the prefix there is no module: only the names that a layer's tensors have say that they are
            // one's.
            StateDictModule? module = _modules.GetValueOrDefault(StateDictModule.NameOf(tensor.Name));
            bool isOfLayer = module is not null
                && (module.Name != _options.Prefix || StateDictModule.IsLayerTensor(tensor.Name[module.Name.Length..]));
            if (isOfLayer || !_options.AllowUnexpected)
            {
                _problems.AddExtra(tensor, isOfLayer ? module : null);
            }
        }
    }
}
