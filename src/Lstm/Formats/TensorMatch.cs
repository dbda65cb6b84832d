namespace Lstm.Formats;

/// <summary>Finds the tensor of a file that belongs to each parameter of a network, and refuses files that do not fit.</summary>
internal static class TensorMatch
{
    /// <summary>The file's tensors, in the order of <paramref name="parameters"/>.</summary>
    /// <exception cref="InvalidDataException">A tensor is missing, unexpected, or of another shape or precision.</exception>
    public static SafetensorsTensor[] Find<T>(IReadOnlyList<Parameter> parameters, SafetensorsReader file, StateDictOptions options)
        where T : unmanaged
    {
        string[] names = [.. parameters.Select(parameter => options.Prefix + (options.Rename?.Invoke(parameter.Name) ?? parameter.Name))];
        if (Array.FindIndex(names, name => file.Find(name) is null) is int missing && missing >= 0)
        {
            throw new InvalidDataException(
                $"The file has no tensor '{names[missing]}' for parameter {Text(parameters[missing])}; it has {Text(file.Tensors)}.");
        }

        HashSet<string> expected = [.. names];
        if (!options.AllowUnexpected && file.Tensors.FirstOrDefault(tensor => IsUnexpected(tensor.Name)) is { } unexpected)
        {
            string hint = unexpected.Name.Contains(".bias_hh_l", StringComparison.Ordinal) ? ", as LstmSpec.Bias = Two has" : string.Empty;
            throw new InvalidDataException($"The file has a tensor {unexpected}; the network has no such parameter{hint}.");
        }

        return [.. names.Select((name, i) => Check<T>(file.Find(name)!, parameters[i], options.AllowPrecisionChange))];

        bool IsUnexpected(string name) => name.StartsWith(options.Prefix, StringComparison.Ordinal) && !expected.Contains(name);
    }

    private static SafetensorsTensor Check<T>(SafetensorsTensor tensor, Parameter parameter, bool allowPrecisionChange)
        where T : unmanaged
    {
        if (!tensor.Shape.SequenceEqual(parameter.Shape.Select(size => (long)size)))
        {
            throw new InvalidDataException($"The file's tensor {tensor} has another shape than parameter {Text(parameter)}.");
        }

        string type = SafetensorsTensor.TypeOf<T>();
        if (tensor.Type is not ("F64" or "F32" or "F16" or "BF16"))
        {
            throw new InvalidDataException($"The file's tensor {tensor} is no floating-point tensor; the network is {type}.");
        }

        return tensor.Type == type || allowPrecisionChange
            ? tensor
            : throw new InvalidDataException($"The file's tensor {tensor} is not {type} as the network is; AllowPrecisionChange converts it.");
    }

    private static string Text(Parameter parameter) => $"'{parameter.Name}' [{string.Join(", ", parameter.Shape)}]";

    private static string Text(IReadOnlyList<SafetensorsTensor> tensors)
    {
        const int Shown = 20;
        return tensors.Count == 0 ? "none"
            : string.Join(", ", tensors.Take(Shown).Select(tensor => tensor.Name)) + (tensors.Count > Shown ? ", …" : string.Empty);
    }
}
