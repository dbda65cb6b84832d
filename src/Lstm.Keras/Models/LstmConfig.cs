using System.Text.Json;
using Lstm.Cells;
using Lstm.Keras.Files;
using Lstm.Specs;

namespace Lstm.Keras.Models;

/// <summary>The options of an LSTM, a CuDNNLSTM, an RNN of an LSTMCell, or of both directions of a Bidirectional.</summary>
internal sealed class LstmConfig
{
    private LstmConfig(IReadOnlyList<JsonElement> directions, bool isCuDnn)
        => (Directions, IsCuDnn) = (directions, isCuDnn);

    /// <summary>One, or forward and backward.</summary>
    public IReadOnlyList<JsonElement> Directions { get; }

    /// <summary>The layer is a CuDNNLSTM: its bias has 8H values, and its kernels lie as cuDNN has them.</summary>
    public bool IsCuDnn { get; }

    public LstmSpec Spec { get; private set; } = new(1);

    public bool ReturnsSequences => Directions[0].Flag("return_sequences", false);

    public bool GoesBackwards => Directions[0].Flag("go_backwards", false);

    /// <summary>Flags that change how the layer is called, not what it computes: lines of the report.</summary>
    public List<string> Flags { get; } = [];

    /// <summary>Reads the options of a layer.</summary>
    /// <returns>Null for a layer that is no LSTM.</returns>
    /// <param name="layer">The layer.</param>
    /// <param name="isKeras3">Whether Keras 3 wrote it.</param>
    /// <param name="trouble">Why it cannot be expressed.</param>
    public static LstmConfig? Of(KerasLayer layer, bool isKeras3, out string? trouble)
    {
        trouble = null;
        if (layer.ClassName != "Bidirectional")
        {
            return One(layer.ClassName, layer.Config) is not { } config ? null
                : Make(layer, [config], layer.ClassName == "CuDNNLSTM", isKeras3, out trouble);
        }

        JsonElement inner = layer.Config.Member("layer") ?? throw new InvalidDataException($"{layer} has no 'layer'.");
        string kind = inner.Text("class_name") ?? string.Empty;
        if (One(kind, inner.Member("config") ?? default) is not { } forward)
        {
            trouble = $"it wraps {Shorten.Text(kind)}, which is no LSTM";
            return null;
        }

        JsonElement backward = forward;
        if (layer.Config.Member("backward_layer") is { } other)
        {
            string otherKind = other.Text("class_name") ?? string.Empty;
            if (otherKind != kind || One(otherKind, other.Member("config") ?? default) is not { } options
                || !options.Flag("go_backwards", false))
            {
                trouble = $"its backward_layer is a {Shorten.Text(otherKind)}, or does not go backwards";
                return null;
            }

            backward = options;
        }

        return Make(layer, [forward, backward], kind == "CuDNNLSTM", isKeras3, out trouble);
    }

    // The options of a layer; of an RNN those of its cell as well.
    private static JsonElement? One(string kind, JsonElement config)
    {
        if (kind is "LSTM" or "CuDNNLSTM")
        {
            return config;
        }

        if (kind != "RNN" || config.Member("cell") is not { } cell || cell.Text("class_name") != "LSTMCell"
            || cell.Member("config") is not { ValueKind: JsonValueKind.Object } options)
        {
            return null;
        }

        Dictionary<string, JsonElement> all = new(StringComparer.Ordinal);
        foreach (JsonProperty option in (JsonProperty[])[.. options.EnumerateObject(), .. config.EnumerateObject()])
        {
            all[option.Name] = option.Value;
        }

        return JsonSerializer.SerializeToElement(all);
    }

    private static LstmConfig? Make(
        KerasLayer layer, JsonElement[] directions, bool isCuDnn, bool isKeras3, out string? trouble)
    {
        LstmConfig config = new(directions, isCuDnn);
        trouble = config.Read(layer, isKeras3);
        return trouble is null ? config : null;
    }

    private string? Read(KerasLayer layer, bool isKeras3)
    {
        int units = Directions[0].Size("units") ?? throw new InvalidDataException($"{layer} has no 'units'.");
        bool isBoth = Directions.Count == 2;
        if (Directions[^1].Size("units") != units || UsesBias(Directions[0]) != UsesBias(Directions[^1])
            || ReturnsSequences != Directions[^1].Flag("return_sequences", false))
        {
            return "its directions differ in 'units', 'use_bias' or 'return_sequences'";
        }

        if (isBoth && GoesBackwards)
        {
            return "its forward layer goes backwards";
        }

        LstmActivation?[] gates = new LstmActivation?[2], cells = new LstmActivation?[2];
        for (int d = 0; d < Directions.Count; d++)
        {
            string usual = isKeras3 ? "sigmoid" : "hard_sigmoid";
            gates[d] = IsCuDnn ? new(LstmActivationFunction.Sigmoid)
                : KerasActivation.Of(Directions[d], "recurrent_activation", usual, isKeras3)?.InCell();
            cells[d] = IsCuDnn ? new(LstmActivationFunction.Tanh)
                : KerasActivation.Of(Directions[d], "activation", "tanh", isKeras3)?.InCell();
            if (gates[d] is null || cells[d] is null)
            {
                string[] options = ["recurrent_activation", "activation"];
                return "an activation has no counterpart: " + string.Join(", ", options.Select(
                    option => $"{option} = {Shorten.Text(Directions[d].Member(option)?.GetRawText() ?? "null")}"));
            }
        }

        if (Merge(layer, isBoth) is not { } merge)
        {
            return $"its merge_mode is {Shorten.Text(layer.Config.Member("merge_mode")?.GetRawText() ?? "null")}";
        }

        Spec = new LstmSpec(units)
        {
            Direction = isBoth ? LstmDirection.Bidirectional : LstmDirection.Forward,
            Merge = merge,
            Bias = UsesBias(Directions[0]) ? LstmBias.One : LstmBias.None,
            Cell = Equations(gates, cells, isBoth),
        };
        ReadFlags(layer);
        return null;
    }

    private static LstmMerge? Merge(KerasLayer layer, bool isBoth)
    {
        if (!isBoth)
        {
            return LstmMerge.Concatenate;
        }

        return layer.Config.TryGetProperty("merge_mode", out JsonElement mode) && mode.ValueKind == JsonValueKind.Null ? null
            : layer.Config.Text("merge_mode") switch
            {
                "concat" or null => LstmMerge.Concatenate,
                "sum" => LstmMerge.Sum,
                "ave" => LstmMerge.Mean,
                "mul" => LstmMerge.Product,
                _ => null,
            };
    }

    // Null stands for the usual functions, which have kernels of their own; in the reverse direction for those of the forward
    // one.
    private static LstmEquations Equations(LstmActivation?[] gates, LstmActivation?[] cells, bool isBoth)
    {
        LstmActivation sigmoid = new(LstmActivationFunction.Sigmoid), tanh = new(LstmActivationFunction.Tanh);
        LstmEquations equations = new()
        {
            GateActivation = gates[0] == sigmoid ? null : gates[0],
            CellActivation = cells[0] == tanh ? null : cells[0],
            HiddenActivation = cells[0] == tanh ? null : cells[0],
        };
        return !isBoth ? equations : equations with
        {
            ReverseGateActivation = gates[1] == gates[0] ? null : gates[1],
            ReverseCellActivation = cells[1] == cells[0] ? null : cells[1],
            ReverseHiddenActivation = cells[1] == cells[0] ? null : cells[1],
        };
    }

    private void ReadFlags(KerasLayer layer)
    {
        JsonElement options = Directions[0];
        Say("stateful", "keep a NetworkState from call to call, and reset it where the model is reset");
        Say("unroll", "it changes how Keras computes, not what");
        Say("zero_output_for_mask", "masked steps have no output here");
        Say("return_state", "the states are in a NetworkState");
        Say("time_major", "a SequenceBatch has its own order");
        foreach (string rate in (string[])["dropout", "recurrent_dropout"])
        {
            if (options.Number(rate, 0) is not 0 and double value)
            {
                Flags.Add(FormattableString.Invariant($"{layer}: {rate} = {value} acts in training alone and is left out"));
            }
        }

        void Say(string flag, string why)
        {
            if (options.Flag(flag, false))
            {
                Flags.Add($"{layer}: {flag} = true; {why}");
            }
        }
    }

    private bool UsesBias(JsonElement options) => IsCuDnn || options.Flag("use_bias", true);
}
