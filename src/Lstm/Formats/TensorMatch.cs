namespace Lstm.Formats;

/// <summary>Finds the tensor of a file that belongs to each parameter of a network, and refuses files that do not fit.</summary>
internal static class TensorMatch
{
    /// <summary>The file's tensors, in the order of <paramref name="parameters"/>.</summary>
    /// <exception cref="InvalidDataException">A tensor is missing, unexpected, or of another shape or precision.</exception>
    public static SafetensorsTensor[] Find<T>(IReadOnlyList<Parameter> parameters, SafetensorsReader file, StateDictOptions options)
        where T : unmanaged
    {
        SafetensorsTensor[] found = new SafetensorsTensor[parameters.Count];
        HashSet<string> expected = [];
        for (int i = 0; i < found.Length; i++)
        {
            string name = options.Prefix + (options.Rename?.Invoke(parameters[i].Name) ?? parameters[i].Name);
            expected.Add(name);
            found[i] = file.Find(name) ?? throw new InvalidDataException(
                $"The file has no tensor '{name}' for parameter {Text(parameters[i])}; it has {Text(file.Tensors)}.");
        }

        foreach (SafetensorsTensor tensor in file.Tensors)
        {
            if (!options.AllowUnexpected && tensor.Name.StartsWith(options.Prefix, StringComparison.Ordinal) && !expected.Contains(tensor.Name))
            {
                string hint = tensor.Name.Contains(".bias_hh_l", StringComparison.Ordinal) ? ", as LstmSpec.Bias = Two has" : string.Empty;
                throw new InvalidDataException($"The file has a tensor {tensor}; the network has no such parameter{hint}.");
            }
        }

        for (int i = 0; i < found.Length; i++)
        {
            Check<T>(found[i], parameters[i], options.AllowPrecisionChange);
        }

        return found;
    }

    private static void Check<T>(SafetensorsTensor tensor, Parameter parameter, bool allowPrecisionChange)
        where T : unmanaged
    {
        bool fits = tensor.Shape.Length == parameter.Shape.Count;
        for (int d = 0; fits && d < tensor.Shape.Length; d++)
        {
            fits = tensor.Shape[d] == parameter.Shape[d];
        }

        if (!fits)
        {
            throw new InvalidDataException($"The file's tensor {tensor} has another shape than parameter {Text(parameter)}.");
        }

        string type = SafetensorsTensor.TypeOf<T>();
        if (tensor.Type is not ("F64" or "F32" or "F16" or "BF16"))
        {
            throw new InvalidDataException($"The file's tensor {tensor} is no floating-point tensor; the network is {type}.");
        }

        if (tensor.Type != type && !allowPrecisionChange)
        {
            throw new InvalidDataException($"The file's tensor {tensor} is not {type} as the network is; AllowPrecisionChange converts it.");
        }
    }

    private static string Text(Parameter parameter) => $"'{parameter.Name}' [{string.Join(", ", parameter.Shape)}]";

    private static string Text(IReadOnlyList<SafetensorsTensor> tensors)
    {
        const int Shown = 20;
        return tensors.Count == 0 ? "none"
            : string.Join(", ", tensors.Take(Shown).Select(tensor => tensor.Name)) + (tensors.Count > Shown ? ", …" : string.Empty);
    }
}
