using System.Numerics;
using System.Text.Json;
using Lstm.Texts;

namespace Lstm.Formats.Foreign.Json;

/// <summary>The tensors of one module of a PyTorch state_dict that was written as JSON.</summary>
/// <param name="name">The module's name; empty if the file has one module's parameters alone.</param>
internal sealed class TorchModule<T>(string name)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Dictionary<string, (JsonElement Value, string Path, string Name)> _tensors = [];

    /// <summary>The modules of a state_dict, in the order of their first parameters.</summary>
    public static List<TorchModule<T>> Of(JsonElement stateDict, string path)
    {
        List<TorchModule<T>> modules = [];
        Dictionary<string, TorchModule<T>> byName = [];
        foreach (JsonProperty property in stateDict.EnumerateObject())
        {
            string full = property.Name;
            int dot = full.LastIndexOf('.');
            string module = dot < 0 ? string.Empty : full[..dot];
            if (!byName.TryGetValue(module, out TorchModule<T>? found))
            {
                found = new TorchModule<T>(module);
                byName.Add(module, found);
                modules.Add(found);
            }

            found._tensors[full[(dot + 1)..]] = (property.Value, JsonPath.Of(path, full), Shortened.Text(full));
        }

        return modules;
    }

    public string Name => name;

    private string Quoted => name.Length == 0 ? "the module" : $"'{Shortened.Text(name)}'";

    /// <summary>Reads the module as a layer; null with the problems noted if its tensors do not fit each other.</summary>
    public JsonLayer<T>? Read(JsonReading<T> reading)
    {
        if (_tensors.ContainsKey("weight_ih_l0") || _tensors.ContainsKey("weight_hh_l0"))
        {
            return ReadLstm(reading, isCell: false);
        }

        if (_tensors.ContainsKey("weight_ih") || _tensors.ContainsKey("weight_hh"))
        {
            return ReadLstm(reading, isCell: true);
        }

        bool isLinear = _tensors.TryGetValue("weight", out var weight) && weight.Value.ValueKind == JsonValueKind.Array
            && !(weight.Value.GetArrayLength() > 0 && weight.Value[0].ValueKind == JsonValueKind.Number)
            && !IsDeep(weight.Value) && _tensors.Keys.All(leaf => leaf is "weight" or "bias");
        return isLinear ? ReadLinear(reading) : new JsonUnreadLayer<T>(name, 0, 0, "LSTM, LSTMCell and Linear are read")
        {
            Text = "a module with " + Shortened.List(
                [.. _tensors.Values.Take(16).Select(tensor => $"{tensor.Path} {JsonPath.ShapeOf(tensor.Value)}")]),
        };
    }

    private static bool IsDeep(JsonElement matrix)
        => matrix.GetArrayLength() > 0 && matrix[0].ValueKind == JsonValueKind.Array && matrix[0].GetArrayLength() > 0
            && matrix[0][0].ValueKind == JsonValueKind.Array;

    private JsonDenseLayer<T>? ReadLinear(JsonReading<T> reading)
    {
        JsonTensor<T>? weight = Tensor(reading, "weight", 2), bias = Optional(reading, "bias", 1);
        if (weight is null || (_tensors.ContainsKey("bias") && !reading.Fits(bias, weight.Shape[0])))
        {
            return null;
        }

        return new JsonDenseLayer<T>(name, weight, isTransposed: false)
        {
            HasName = name.Length > 0,
            Bias = bias,
            Text = "Linear",
        };
    }

    private JsonLstmLayer<T>? ReadLstm(JsonReading<T> reading, bool isCell)
    {
        List<JsonKernels<T>[]> stack = [];
        HashSet<string> used = [];
        int units = 0, inputs = 0, outputs = 0;
        int directions = _tensors.ContainsKey("weight_ih_l0_reverse") ? 2 : 1;
        for (int layer = 0; layer == 0 || _tensors.ContainsKey(InvariantText.Of($"weight_ih_l{layer}")); layer++)
        {
            JsonKernels<T>[] kernels = new JsonKernels<T>[directions];
            for (int direction = 0; direction < directions; direction++)
            {
                string end = isCell ? string.Empty : InvariantText.Of($"_l{layer}{(direction == 1 ? "_reverse" : string.Empty)}");
                if (ReadDirection(reading, end, used) is not { } read
                    || !CheckDirection(reading, read, ref units, ref inputs, ref outputs, layer * directions))
                {
                    return null;
                }

                kernels[direction] = read;
            }

            stack.Add(kernels);
            outputs *= layer == 0 ? directions : 1;
        }

        foreach (string leaf in _tensors.Keys.Where(leaf => !used.Contains(leaf)))
        {
            reading.Refuse($"{_tensors[leaf].Path} belongs to no layer of the LSTM");
        }

        bool mixes = stack.Exists(layer => Array.Exists(layer, one => one.Biases != stack[0][0].Biases
            || (one.Projection is null) != (stack[0][0].Projection is null)));
        if (mixes)
        {
            reading.Refuse($"{Quoted} has biases or projections in some of its layers only");
            return null;
        }

        return new JsonLstmLayer<T>(name, inputs, units, stack)
        {
            HasName = name.Length > 0,
            Text = (isCell ? "LSTMCell" : $"{(directions == 2 ? "bidirectional " : string.Empty)}LSTM of ")
                + (isCell ? string.Empty : Counted.Of(stack.Count, "layer")),
        };
    }

    private JsonKernels<T>? ReadDirection(JsonReading<T> reading, string end, HashSet<string> used)
    {
        JsonTensor<T>? input = Tensor(reading, "weight_ih" + end, 2), recurrent = Tensor(reading, "weight_hh" + end, 2),
            first = Optional(reading, "bias_ih" + end, 1), second = Optional(reading, "bias_hh" + end, 1),
            projection = Optional(reading, "weight_hr" + end, 2);
        used.UnionWith(["weight_ih" + end, "weight_hh" + end, "bias_ih" + end, "bias_hh" + end, "weight_hr" + end]);
        if (second is not null && first is null)
        {
            reading.Refuse($"{second.Path} is there without bias_ih{end}");
        }

        return input is null || recurrent is null ? null : new JsonKernels<T>(LstmKernelLayout.PyTorch)
        {
            Input = input,
            Recurrent = recurrent,
            Bias = first,
            RecurrentBias = second,
            Projection = projection,
        };
    }

    // The first direction tells the sizes; number counts the directions of the layers before.
    private bool CheckDirection(
        JsonReading<T> reading, JsonKernels<T> read, ref int units, ref int inputs, ref int outputs, int number)
    {
        JsonTensor<T> input = read.Input!, recurrent = read.Recurrent!;
        int hidden = recurrent.Shape[1];
        if (units == 0)
        {
            if (read.Projection is null && recurrent.Shape[0] == 3 * hidden)
            {
                reading.Refuse($"{recurrent}: {Quoted} is a GRU; LSTMs are read");
                return false;
            }

            units = read.Projection?.Shape[1] ?? hidden;
            inputs = input.Shape[1];
            outputs = hidden;
        }

        int taken = number == 0 ? inputs : outputs;
        long gates = 4L * units;
        if (gates > int.MaxValue)
        {
            reading.Refuse($"{recurrent}, which is too large");
            return false;
        }

        int rows = (int)gates, size = read.Projection?.Shape[0] ?? units;
        return reading.Fits(input, rows, taken) & reading.Fits(recurrent, rows, size)
            & (read.Bias is null || reading.Fits(read.Bias, rows))
            & (read.RecurrentBias is null || reading.Fits(read.RecurrentBias, rows))
            & (read.Projection is null || reading.Fits(read.Projection, size, units));
    }

    private JsonTensor<T>? Tensor(JsonReading<T> reading, string leaf, int rank)
    {
        if (_tensors.TryGetValue(leaf, out var tensor))
        {
            return reading.Tensor(tensor.Value, tensor.Path, tensor.Name, rank);
        }

        reading.Refuse($"{Quoted} has no {leaf}");
        return null;
    }

    private JsonTensor<T>? Optional(JsonReading<T> reading, string leaf, int rank)
        => _tensors.ContainsKey(leaf) ? Tensor(reading, leaf, rank) : null;
}
