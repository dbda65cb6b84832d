using System.Numerics;
using System.Text.Json;
using Lstm.Cells;
using Lstm.Specs;
using Lstm.Tests.Support;

namespace Lstm.Tests.Conformance;

/// <summary>A recurrent layer of Keras as a network of ours, called and answering as Keras does.</summary>
/// <remarks>
/// Masked steps are left out of our sequences, so that the state carries through. What Keras answers at them, and with
/// return_sequences=False after them, is made from the states: <see cref="KerasAnswer{T}"/>.
/// </remarks>
internal sealed class KerasLayer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // Those that matter to training alone, or to where the values come from.
    private static readonly string[] WithoutEffect =
    [
        "name", "class_name", "trainable", "dtype", "seed", "unit_forget_bias", "dropout", "recurrent_dropout",
        "kernel_initializer", "recurrent_initializer", "bias_initializer", "kernel_regularizer", "recurrent_regularizer",
            "bias_regularizer",
        "activity_regularizer", "kernel_constraint", "recurrent_constraint", "bias_constraint",
    ];

    private static readonly string[] OfCell = ["units", "activation", "recurrent_activation", "use_bias", .. WithoutEffect];
    private static readonly string[] OfWalk =
        ["return_sequences", "return_state", "go_backwards", "stateful", "unroll", "zero_output_for_mask", .. WithoutEffect];

    private readonly JsonElement config;

    /// <summary>What the layer itself, or each direction of a Bidirectional, is told.</summary>
    private readonly JsonElement walk;

    private readonly bool both;

    /// <param name="kind">LSTM, Bidirectional, or RNN around one or several cells.</param>
    /// <param name="config">Keras's.</param>
    /// <param name="weights">Those of each cell one after the other, forward before backward.</param>
    /// <exception cref="InvalidDataException">The layer has an option, a cell or weights that have no mapping.</exception>
    /// <exception cref="NotSupportedException">It has an activation without a counterpart here.</exception>
    public KerasLayer(string kind, JsonElement config, IReadOnlyList<ReferenceTensor> weights)
    {
        this.config = config;
        both = kind == "Bidirectional";
        JsonElement[] cells = Cells(kind, config);
        walk = both ? cells[0] : config;
        ReferenceTensor[][] ofCells = Deal(cells, weights);
        LayerSpec[] specs = both ? [BidirectionalSpec(cells, ofCells)] : [.. cells.Zip(ofCells, Spec)];
        Network = Lstm.Network.Create<T>(
            weights[0].Shape[0], Flag("return_sequences") ? specs : [.. specs, new PoolingSpec(Pooling.Last)]);
        for (int i = 0; i < cells.Length; i++)
        {
            KerasWeights.WriteLstm(
                Network, both || i == 0 ? "lstm" : $"lstm_{i}", both && i == 1 ? "l0_reverse" : "l0", ofCells[i]);
        }
    }

    public Network<T> Network { get; }

    /// <summary>Whether a call goes on from the state of the one before.</summary>
    public bool IsStateful => Flag("stateful");

    private string? MergeMode => config.TryGetProperty("merge_mode", out JsonElement mode) ? mode.GetString() : "concat";

    private LstmMerge Merge => MergeMode switch
    {
        "concat" or null => LstmMerge.Concatenate,
        "sum" => LstmMerge.Sum,
        "ave" => LstmMerge.Mean,
        "mul" => LstmMerge.Product,
        string mode => throw new InvalidDataException($"merge_mode {mode}"),
    };

    /// <summary>
    /// One call: what Keras returns, flat, in its order: outputs, then the states of each cell if it returns them.
    /// </summary>
    /// <param name="x">[N, T, I].</param>
    /// <param name="valid">[N, T], false at masked steps.</param>
    /// <param name="state">Read, and written back.</param>
    public List<T[]> Call(ReferenceTensor x, bool[] valid, NetworkState<T> state)
    {
        (int count, int steps, int inputs) = (x.Shape[0], x.Shape[1], x.Shape[2]);
        T[] values = x.To<T>();
        SequenceBatch<T> batch = SequenceBatch.FromSequences<T>(
            [.. Enumerable.Range(0, count).Select(b => Enumerable.Range(b * steps, steps)
                .Where(row => valid[row]).SelectMany(row => values[(row * inputs)..((row + 1) * inputs)]).ToArray())],
            inputs);
        KerasAnswer<T> answer = new()
        {
            Valid = valid,
            Sequences = Flag("return_sequences"),
            Backwards = Flag("go_backwards"),
            Unrolled = Flag("unroll"),
            Zero = both ? Flag("return_sequences") : Flag("zero_output_for_mask"),
            Both = both,
            Merge = Merge,
            Before = state.Clone(),
        };
        using Tape<T> tape = Network.CreateTape();
        T[][] ofParts = answer.Of(Network.Forward(batch, state, tape));
        List<T[]> results = ofParts.Length == 2 && MergeMode is not null
            ? [KerasAnswer<T>.SideBySide(ofParts[0], ofParts[1], state.Sizes[0].Hidden)] : [.. ofParts];
        for (int entry = 0; Flag("return_state") && entry < state.Sizes.Count; entry++)
        {
            T[] h = state.Hidden(entry).ToArray(), c = state.Cell(entry).ToArray();
            results.AddRange(config.TryGetProperty("cells", out _) ? [[.. h, .. c]] : [h, c]);
        }

        return results;
    }

    private static JsonElement[] Cells(string kind, JsonElement config)
    {
        switch (kind)
        {
            case "LSTM":
                KerasConfig.Check(config, kind, [.. OfWalk, .. OfCell]);
                return [config];
            case "RNN" when config.TryGetProperty("cells", out JsonElement several):
                KerasConfig.Check(config, kind, [.. OfWalk, "cells"]);
                JsonElement[] cells = [.. several.EnumerateArray()];
                Array.ForEach(cells, cell => KerasConfig.Check(cell, "A cell", OfCell));
                return cells.All(cell => cell.GetProperty("class_name").GetString() == "LSTMCell") ? cells
                    : throw new InvalidDataException("A cell of the RNN is no LSTMCell.");
            case "RNN":
                KerasConfig.Check(config, kind, [.. OfWalk, .. OfCell]);
                return [config];
            case "Bidirectional":
                KerasConfig.Check(config, kind, [.. WithoutEffect, "merge_mode", "layer", "backward_layer"]);
                return Directions(config.GetProperty("layer"), config.GetProperty("backward_layer"));
            default:
                throw new InvalidDataException($"The layer {kind} has no mapping.");
        }
    }

    private static JsonElement[] Directions(JsonElement forward, JsonElement backward)
    {
        foreach (JsonElement layer in (JsonElement[])[forward, backward])
        {
            KerasConfig.Check(layer, "A direction", [.. OfWalk, .. OfCell]);
            if (layer.GetProperty("class_name").GetString() != "LSTM")
            {
                throw new InvalidDataException("A direction is no LSTM.");
            }
        }

        if (KerasConfig.Flag(forward, "go_backwards") || !KerasConfig.Flag(backward, "go_backwards"))
        {
            throw new InvalidDataException("A Bidirectional whose own layer goes backwards has no mapping.");
        }

        string[] common = ["return_sequences", "return_state", "stateful", "unroll"];
        return common.All(option => KerasConfig.Flag(forward, option) == KerasConfig.Flag(backward, option)) ? [forward, backward]
            : throw new InvalidDataException("The directions of a Bidirectional differ in what they return.");
    }

    // Each cell has a kernel, a recurrent kernel and, unless it has none, a bias.
    private static ReferenceTensor[][] Deal(JsonElement[] cells, IReadOnlyList<ReferenceTensor> weights)
    {
        List<ReferenceTensor[]> dealt = [];
        int next = 0;
        foreach (JsonElement cell in cells)
        {
            // An RNN around one cell has only its weights to tell whether that has a bias.
            int count = cell.TryGetProperty("use_bias", out JsonElement bias) ? (bias.GetBoolean() ? 3 : 2)
                : weights.Count / cells.Length;
            ReferenceTensor[] own = [.. weights.Skip(next).Take(count)];
            next += count;
            if (own.Length != count
                || (cell.TryGetProperty("units", out JsonElement units) && own[1].Shape[0] != units.GetInt32()))
            {
                throw new InvalidDataException("The weights are not those of the cells.");
            }

            dealt.Add(own);
        }

        return next == weights.Count ? [.. dealt]
            : throw new InvalidDataException($"There are {weights.Count} weights, the cells have {next}.");
    }

    private bool Flag(string name) => KerasConfig.Flag(walk, name);

    private LstmSpec Spec(JsonElement cell, ReferenceTensor[] weights)
    {
        LstmActivation? activation = Special(cell, "activation", "tanh");
        return new(weights[1].Shape[0])
        {
            Direction = Flag("go_backwards") ? LstmDirection.Reverse : LstmDirection.Forward,
            Bias = weights.Length > 2 ? LstmBias.One : LstmBias.None,
            Cell = new LstmEquations
            {
                GateActivation = Special(cell, "recurrent_activation", "sigmoid"),
                CellActivation = activation,
                HiddenActivation = activation,
            },
        };
    }

    // The activations of the reverse direction are given whenever they are not the forward one's: null would mean those.
    private LstmSpec BidirectionalSpec(JsonElement[] cells, ReferenceTensor[][] weights)
    {
        if (weights[0].Length != weights[1].Length || weights[0][1].Shape[0] != weights[1][1].Shape[0])
        {
            throw new InvalidDataException("The directions of a Bidirectional differ in units or biases.");
        }

        LstmSpec forward = Spec(cells[0], weights[0]), backward = Spec(cells[1], weights[1]);
        LstmActivation? reverse = backward.Equations.CellActivation == forward.Equations.CellActivation ? null
            : KerasActivation.Of(cells[1], "activation", "tanh");
        return forward with
        {
            Direction = LstmDirection.Bidirectional,
            Merge = Merge,
            Cell = forward.Equations with
            {
                ReverseGateActivation = backward.Equations.GateActivation == forward.Equations.GateActivation
                    ? null
                    : KerasActivation.Of(cells[1], "recurrent_activation", "sigmoid"),
                ReverseCellActivation = reverse,
                ReverseHiddenActivation = reverse,
            },
        };
    }

    // Null for the usual one, which has a kernel of its own.
    private static LstmActivation? Special(JsonElement cell, string option, string usual)
    {
        LstmActivation activation = KerasActivation.Of(cell, option, usual);
        return activation == KerasActivation.Of(usual) ? null : activation;
    }
}
