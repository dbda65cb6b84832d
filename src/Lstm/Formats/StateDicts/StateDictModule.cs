using System.Globalization;

namespace Lstm.Formats.StateDicts;

/// <summary>
/// A module of a state_dict that parameters are read from: what its tensors' names begin with, up to the last dot.
/// </summary>
internal sealed class StateDictModule
{
    private const string Reverse = "_reverse";

    private StateDictModule(string name) => Name = name;

    /// <summary>The beginning of the tensors' names in the file, with the dot; empty for names without one.</summary>
    public string Name { get; }

    /// <summary>The names of the tensors that parameters are read from, without the module's.</summary>
    public HashSet<string> Locals { get; } = [];

    /// <summary>The module of a tensor that a parameter is read from; made if it is new.</summary>
    public static StateDictModule Enter(Dictionary<string, StateDictModule> modules, string tensor)
    {
        string name = NameOf(tensor);
        if (!modules.TryGetValue(name, out StateDictModule? module))
        {
            modules.Add(name, module = new StateDictModule(name));
        }

        module.Locals.Add(LocalOf(tensor));
        return module;
    }

    /// <summary>A tensor's module: its name up to the last dot.</summary>
    public static string NameOf(string tensor) => tensor[..(tensor.LastIndexOf('.') + 1)];

    /// <summary>A tensor's name within its module.</summary>
    public static string LocalOf(string tensor) => tensor[(tensor.LastIndexOf('.') + 1)..];

    /// <summary>
    /// Whether a name within a module is of the kind that layers have: <c>weight_ih_l0</c>, <c>weight_hr_l1_reverse</c>,
    /// <c>bias</c>.
    /// </summary>
    public static bool IsLayerTensor(string local) => local is "weight" or "bias" || StackPlace(local) is not null;

    /// <summary>
    /// The spec that reads the module: <c>LstmSpec(8) { Layers = 2, Bias = LstmBias.Two }</c>; null if it is no
    /// LSTM.
    /// </summary>
    public string? Describe(TensorFile file)
    {
        Dictionary<string, FileTensor> tensors = [];
        int layers = 0;
        bool isReverse = false;
        foreach (FileTensor tensor in file.Tensors)
        {
            if (NameOf(tensor.Name) == Name && StackPlace(LocalOf(tensor.Name)) is { } place)
            {
                tensors.TryAdd(LocalOf(tensor.Name), tensor);
                layers = Math.Max(layers, place.Layer + 1);
                isReverse |= place.IsReverse;
            }
        }

        if (tensors.GetValueOrDefault("weight_hh_l0") is not { Shape: [var rows, _] })
        {
            return null;
        }

        List<string> properties = [];
        AddIf(layers > 1, string.Create(CultureInfo.InvariantCulture, $"Layers = {layers}"));
        AddIf(isReverse, "Direction = LstmDirection.Bidirectional");
        bool hasFirst = tensors.ContainsKey("bias_ih_l0"), hasSecond = tensors.ContainsKey("bias_hh_l0");
        AddIf(!hasFirst && !hasSecond, "Bias = LstmBias.None");
        AddIf(hasFirst && !hasSecond, "Bias = LstmBias.One");
        AddIf(hasFirst && hasSecond, "Bias = LstmBias.Two");
        AddIf(tensors.ContainsKey("weight_ch_l0"), "Cell = new LstmEquations { Peephole = true }");
        if (tensors.GetValueOrDefault("weight_hr_l0") is { Shape: [var projection, _] })
        {
            AddIf(true, string.Create(CultureInfo.InvariantCulture, $"Projection = new LstmProjection({projection})"));
        }

        return string.Create(CultureInfo.InvariantCulture, $"LstmSpec({rows / 4}) {{ {string.Join(", ", properties)} }}");

        void AddIf(bool condition, string property)
        {
            if (condition)
            {
                properties.Add(property);
            }
        }
    }

    /// <summary>The layer and direction in a name that ends with <c>_l3</c> or <c>_l3_reverse</c>; null for others.</summary>
    private static (int Layer, bool IsReverse)? StackPlace(string local)
    {
        bool isReverse = local.EndsWith(Reverse, StringComparison.Ordinal);
        ReadOnlySpan<char> name = isReverse ? local.AsSpan(0, local.Length - Reverse.Length) : local;
        int place = name.LastIndexOf("_l");
        return place > 0 && int.TryParse(name[(place + 2)..], NumberStyles.None, CultureInfo.InvariantCulture, out int layer)
            && layer < int.MaxValue
            ? (layer, isReverse)
            : null;
    }
}
