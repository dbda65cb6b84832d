using System.Globalization;
using Lstm.Formats.StateDicts;
using Lstm.Texts;

namespace Lstm.Formats.Foreign.Modules;

/// <summary>A module of a state_dict: the tensors whose names are equal up to the last dot.</summary>
internal sealed class StateModule
{
    private const string Reverse = "_reverse";
    private static readonly string[] LstmTensors = ["weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr"];

    private readonly Dictionary<string, FileTensor> _tensors = [];
    private readonly List<FileTensor> _all = [];

    private StateModule(string name, int index) => (Name, Index) = (name, index);

    /// <summary>The name without a dot at its end; empty for tensors without a module.</summary>
    public string Name { get; }

    /// <summary>The place in the file, by the first tensor.</summary>
    public int Index { get; }

    public ModuleKind Kind { get; private set; }

    /// <summary>Why it is unknown, to follow its name; else what it is.</summary>
    public string Text { get; private set; } = string.Empty;

    /// <summary>Values in, for a matrix as nn.Linear; 0 if the tensors do not say.</summary>
    public long Inputs { get; private set; }

    /// <summary>Values out, for a matrix as nn.Linear; those that are in for a layer normalisation.</summary>
    public long Outputs { get; private set; }

    /// <summary>Of an LSTM: layers in the stack.</summary>
    public int Layers { get; private set; } = 1;

    /// <summary>Of an LSTM: units.</summary>
    public long Hidden { get; private set; }

    /// <summary>Of an LSTM: values of the projected hidden state; 0 without a projection.</summary>
    public long Projection { get; private set; }

    public bool IsBidirectional { get; private set; }

    /// <summary>Whether it is an nn.LSTMCell, whose tensors have no number of a layer.</summary>
    public bool IsCell { get; private set; }

    public LstmBias Bias { get; private set; } = LstmBias.None;

    /// <summary>The tensors, in the order of the file.</summary>
    public IReadOnlyList<FileTensor> Tensors => _all;

    /// <summary>The tensors, as messages name them.</summary>
    public string TensorText => Shortened.List([.. _all.Select(tensor => tensor.ToString())]);

    /// <summary>The module as messages name it.</summary>
    public override string ToString() => $"'{Shortened.Text(Name)}' ({Text})";

    /// <summary>The tensor of a name within the module.</summary>
    public FileTensor? Find(string local) => _tensors.GetValueOrDefault(local);

    /// <summary>The modules of a file, in its order.</summary>
    /// <param name="tensors">The tensors.</param>
    /// <param name="nameOf">The name of a tensor, without that of its container.</param>
    public static List<StateModule> Of(IEnumerable<FileTensor> tensors, Func<FileTensor, string> nameOf)
    {
        List<StateModule> modules = [];
        Dictionary<string, StateModule> byName = [];
        foreach (FileTensor tensor in tensors)
        {
            string full = nameOf(tensor), name = StateDictModule.NameOf(full).TrimEnd('.');
            if (!byName.TryGetValue(name, out StateModule? module))
            {
                modules.Add(module = new StateModule(name, modules.Count));
                byName.Add(name, module);
            }

            module._all.Add(tensor);
            module._tensors.TryAdd(StateDictModule.LocalOf(full), tensor);
        }

        foreach (StateModule module in modules)
        {
            module.Classify();
        }

        return modules;
    }

    private void Classify()
    {
        if (_all.Any(tensor => tensor.Shape.Contains(0)))
        {
            (Kind, Text) = (ModuleKind.Unknown, $"has tensors without values: {TensorText}");
        }
        else if (_tensors.Keys.Any(IsLstmTensor))
        {
            ClassifyLstm();
        }
        else
        {
            ClassifyPlain();
        }
    }

    private void ClassifyPlain()
    {
        FileTensor? weight = Find("weight"), bias = Find("bias");
        bool isPlain = weight is not null && _all.Count == (bias is null ? 1 : 2);
        switch (weight?.Shape)
        {
            case [var rows, var columns] when isPlain:
                (Inputs, Outputs) = (columns, rows);
                Kind = bias is null ? ModuleKind.Matrix : ModuleKind.Linear;
                Text = InvariantText.Of(bias is null
                    ? $"Embedding of {rows} ids to {columns}, or Linear {columns} to {rows} without bias"
                    : (FormattableString)$"Linear {columns} to {rows}");
                break;
            case [var size] when isPlain && bias is not null:
                (Inputs, Outputs) = (size, size);
                (Kind, Text) = (ModuleKind.LayerNorm, InvariantText.Of($"LayerNorm {size}"));
                break;
            default:
                Text = (_tensors.ContainsKey("running_mean") ? "a BatchNorm, which no layer computes: "
                    : _tensors.ContainsKey("weight_g") || _tensors.ContainsKey("weight_v") || _tensors.ContainsKey("original0")
                        ? "has weight normalisation, which has to be removed before saving: "
                    : weight is { Shape.Count: > 2 } ? "a convolution or the like, which no layer computes: "
                    : weight is { Shape.Count: 1 } && isPlain ? "a PReLU, or a LayerNorm without bias: "
                    : "of an unknown kind: ") + TensorText;
                break;
        }
    }

    private void ClassifyLstm()
    {
        Kind = ModuleKind.Lstm;
        IsCell = LstmTensors.Any(_tensors.ContainsKey);
        foreach (string local in _tensors.Keys)
        {
            if (!IsCell && PlaceOf(local) is { } place && IsLstmTensor(local))
            {
                Layers = Math.Max(Layers, place.Layer + 1);
                IsBidirectional |= place.IsReverse;
                Bias = local.StartsWith("bias_hh", StringComparison.Ordinal) ? LstmBias.Two
                    : local.StartsWith("bias_ih", StringComparison.Ordinal) && Bias == LstmBias.None ? LstmBias.One
                    : Bias;
            }
        }

        string end = IsCell ? string.Empty : "_l0";
        if (IsCell)
        {
            Bias = _tensors.ContainsKey("bias_hh") ? LstmBias.Two
                : _tensors.ContainsKey("bias_ih") ? LstmBias.One : LstmBias.None;
        }

        if (Find("weight_ih" + end) is not { Shape: [var gates, var inputs] } || Layers > _all.Count)
        {
            Kind = ModuleKind.Unknown;
            Text = InvariantText.Of(
                $"an LSTM of {Layers} layers without a matrix 'weight_ih{end}', or with fewer tensors than layers: ")
                + TensorText;
            return;
        }

        long rows = Find("weight_hh" + end) is { Shape: [var r, _] } ? r : gates;
        long columns = Find("weight_hh" + end) is { Shape: [_, var c] } ? c : rows / 4;
        long[] projected = Find("weight_hr" + end) is { Shape: [var p, var h] } ? [p, h] : [];
        Hidden = projected is [_, var units] ? units : rows % 4 == 0 ? rows / 4 : columns;
        Projection = projected is [var size, _] ? size : 0;
        Inputs = inputs;
        Outputs = (Projection > 0 ? Projection : Hidden) * (IsBidirectional ? 2 : 1);
        if (projected.Length == 0 && (gates == 3 * columns || gates == columns) && rows == gates)
        {
            Kind = ModuleKind.Unknown;
            Text = (gates == columns ? "an RNN without gates, which no layer computes: " : "a GRU, which no layer computes: ")
                + TensorText;
            return;
        }

        Text = InvariantText.Of($"{(IsCell ? "LSTMCell" : "LSTM")} {Inputs} to {Outputs}")
            + (Layers > 1 ? InvariantText.Of($", {Layers} layers") : string.Empty)
            + (IsBidirectional ? ", bidirectional" : string.Empty);
    }

    private static bool IsLstmTensor(string local)
    {
        foreach (string tensor in LstmTensors)
        {
            if (local.StartsWith(tensor, StringComparison.Ordinal)
                && (local.Length == tensor.Length || local[tensor.Length..].StartsWith("_l", StringComparison.Ordinal)))
            {
                return true;
            }
        }

        return false;
    }

    private static (int Layer, bool IsReverse)? PlaceOf(string local)
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
