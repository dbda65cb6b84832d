using System.Numerics;
using Lstm.Formats.Safetensors;
using Lstm.Formats.StateDicts;
using Lstm.Parameters;

namespace Lstm.Formats.Foreign.Modules;

/// <summary>Makes a draft of layers and gives it the tensors of their modules.</summary>
internal sealed class ModuleDraft<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const string FirstBias = "bias_ih", SecondBias = "bias_hh", CellEnd = "_l0";

    private readonly TensorFile _file;
    private readonly ImportOptions _options;
    private readonly HashSet<FileTensor> _used = [];

    /// <summary>Begins a draft without values.</summary>
    /// <param name="file">The file.</param>
    /// <param name="options">How it is read.</param>
    /// <param name="inputSize">Values in, or ids.</param>
    /// <param name="specs">The layers.</param>
    public ModuleDraft(TensorFile file, ImportOptions options, long inputSize, IReadOnlyList<LayerSpec> specs)
    {
        (_file, _options) = (file, options);
        Draft = new NetworkDraft<T>((int)Math.Min(inputSize, int.MaxValue), specs);
    }

    public NetworkDraft<T> Draft { get; }

    /// <summary>The layers that have parameters, each with these, in the order of the data.</summary>
    public static List<(string Layer, List<Parameter> Parameters)> LayersOf(NetworkDraft<T> draft)
    {
        List<(string Layer, List<Parameter> Parameters)> layers = [];
        foreach (Parameter parameter in draft.Parameters)
        {
            string layer = parameter.Name[..parameter.Name.IndexOf('.')];
            if (layers.Count == 0 || layers[^1].Layer != layer)
            {
                layers.Add((layer, []));
            }

            layers[^1].Parameters.Add(parameter);
        }

        return layers;
    }

    /// <summary>Gives a layer the tensors of a module. What is missing, superfluous or of a wrong shape is collected.</summary>
    public void Write(string layer, IReadOnlyList<Parameter> parameters, StateModule module)
    {
        Draft.Layers.Add($"{layer}: {module}");
        bool hasSecondBias = parameters.Any(parameter => LocalOf(parameter).StartsWith(SecondBias, StringComparison.Ordinal));
        foreach (Parameter parameter in parameters)
        {
            string local = LocalOf(parameter), own = module.IsCell && local.EndsWith(CellEnd, StringComparison.Ordinal)
                ? local[..^CellEnd.Length] : local;
            if (module.Find(own) is not { } tensor)
            {
                continue;
            }

            FileTensor? second = own.StartsWith(FirstBias, StringComparison.Ordinal) && !hasSecondBias
                ? module.Find(SecondBias + own[FirstBias.Length..]) : null;
            WriteOne(parameter, tensor, second);
        }

        foreach (FileTensor tensor in module.Tensors)
        {
            if (!_used.Contains(tensor))
            {
                Draft.Refuse($"{tensor} has no parameter of the layer '{layer}' ({module.Text}) to go to");
            }
        }
    }

    /// <summary>The values of a tensor, or null and a problem.</summary>
    public T[]? Read(FileTensor tensor)
    {
        string type = SafetensorsTensor.TypeOf<T>();
        if (!TensorValues.IsFloatingPoint(tensor.ElementType))
        {
            Draft.Refuse($"{tensor} is no floating-point tensor");
            return null;
        }

        if (tensor.ElementType == "F64" && type == "F32" && !_options.AllowPrecisionChange)
        {
            Draft.Refuse($"{tensor} is float64, the network float: ImportOptions.AllowPrecisionChange rounds it");
            return null;
        }

        return _file.Read<T>(tensor);
    }

    /// <summary>What was done to values of a type, as an addition to a note.</summary>
    public static string ConversionOf(FileTensor tensor)
        => tensor.ElementType == SafetensorsTensor.TypeOf<T>() ? string.Empty
            : tensor.ElementType == "F64" ? ", rounded to float" : $", converted exactly from {tensor.ElementType}";

    /// <summary>The sizes of a tensor that has been read.</summary>
    public static int[] ShapeOf(FileTensor tensor) => [.. tensor.Shape.Select(size => (int)size)];

    private static string LocalOf(Parameter parameter) => StateDictModule.LocalOf(parameter.Name);

    private void WriteOne(Parameter parameter, FileTensor tensor, FileTensor? second)
    {
        bool fits = true;
        foreach (FileTensor read in second is null ? (FileTensor[])[tensor] : [tensor, second])
        {
            _used.Add(read);
            if (!TensorFit.HasShape(read, parameter))
            {
                Draft.Refuse($"{read} has another shape than the parameter {TensorFit.Text(parameter)}");
                fits = false;
            }
        }

        if (!fits || Read(tensor) is not { } values || (second is not null && !Add(second, values, parameter)))
        {
            Draft.Skip(parameter.Name);
            return;
        }

        string gates = StateDictModule.LocalOf(tensor.Name).Contains("_ih", StringComparison.Ordinal)
            || StateDictModule.LocalOf(tensor.Name).Contains("_hh", StringComparison.Ordinal) ? ", gates i f g o" : string.Empty;
        Draft.Write(parameter.Name, values, tensor.Name, [.. parameter.Shape], $"as stored{gates}{ConversionOf(tensor)}");
    }

    private bool Add(FileTensor second, T[] values, Parameter parameter)
    {
        if (Read(second) is not { } added)
        {
            return false;
        }

        for (int i = 0; i < values.Length; i++)
        {
            values[i] = BiasSum.Of<T>(double.CreateTruncating(values[i]), double.CreateTruncating(added[i]));
        }

        Draft.Map(second.Name, ShapeOf(second), parameter.Name, "added to the first bias in double, rounded once");
        return true;
    }
}
