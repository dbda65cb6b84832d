using System.Numerics;
using System.Text.Json;
using Lstm.Tests.Support;

namespace Lstm.Tests.Conformance;

/// <summary>A recurrent layer of Keras as a network of ours, called and answering as Keras does.</summary>
/// <remarks>
/// Masked steps are left out of our sequences, so that the state carries through; in Keras's output they repeat the previous output, the initial state
/// before the first one, or are zero with zero_output_for_mask. go_backwards reads from the padded end and answers in the order of its
/// reading; within Bidirectional the answer is turned back.
/// </remarks>
internal sealed class KerasLayer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly string kind;
    private readonly JsonElement config;

    /// <summary>What the layer itself, or each direction of a Bidirectional, is told.</summary>
    private readonly JsonElement inner;

    /// <summary>How many outputs side by side come from directions of their own.</summary>
    private readonly int parts;

    /// <param name="kind">LSTM, Bidirectional, or RNN around one or several cells.</param>
    /// <param name="config">Keras's.</param>
    /// <param name="weights">Those of each cell one after the other, forward before backward.</param>
    public KerasLayer(string kind, JsonElement config, IReadOnlyList<ReferenceTensor> weights)
    {
        this.kind = kind;
        this.config = config;
        bool both = kind == "Bidirectional";
        inner = both ? config.GetProperty("layer") : config;
        parts = both && Merge is LstmMerge.Concatenate ? 2 : 1;
        JsonElement[] cells = both ? [inner, config.GetProperty("backward_layer")]
            : config.TryGetProperty("cells", out JsonElement several) ? [.. several.EnumerateArray()] : [config];
        ReferenceTensor[][] ofCells = [.. weights.Chunk(weights.Count / cells.Length)];
        LayerSpec[] specs = both ? [BidirectionalSpec(cells, ofCells[0])] : [.. cells.Zip(ofCells, Spec)];
        Network = Lstm.Network.Create<T>(weights[0].Shape[0], Flag("return_sequences") ? specs : [.. specs, new PoolingSpec(Pooling.Last)]);
        for (int i = 0; i < cells.Length; i++)
        {
            KerasWeights.WriteLstm(Network, both || i == 0 ? "lstm" : $"lstm_{i}", both && i == 1 ? "l0_reverse" : "l0", ofCells[i]);
        }
    }

    public Network<T> Network { get; }

    private LstmMerge Merge => config.GetProperty("merge_mode").GetString() switch
    {
        "concat" or null => LstmMerge.Concatenate,
        "sum" => LstmMerge.Sum,
        "ave" => LstmMerge.Mean,
        "mul" => LstmMerge.Product,
        string mode => throw new InvalidDataException($"merge_mode {mode}"),
    };

    /// <summary>One call: what Keras returns, flat, in its order: outputs, then the states of each cell if it returns them.</summary>
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
        NetworkState<T> before = state.Clone();
        using Tape<T> tape = Network.CreateTape();
        SequenceBatch<T> output = Network.Forward(batch, state, tape);
        T[][] ofParts = [.. Enumerable.Range(0, parts).Select(part => Flag("return_sequences")
            ? Unmask(output, part, before.Hidden(before.Sizes.Count - parts + part), valid)
            : [.. output.ToList().SelectMany(row => row.Chunk(row.Length / parts).ElementAt(part))])];
        bool joined = parts == 2 && config.GetProperty("merge_mode").ValueKind != JsonValueKind.Null;
        List<T[]> results = joined ? [SideBySide(ofParts[0], ofParts[1], output.FeatureSize / 2)] : [.. ofParts];
        for (int entry = 0; Flag("return_state") && entry < state.Sizes.Count; entry++)
        {
            T[] h = state.Hidden(entry).ToArray(), c = state.Cell(entry).ToArray();
            results.AddRange(config.TryGetProperty("cells", out _) ? [[.. h, .. c]] : [h, c]);
        }

        return results;
    }

    // One direction's outputs at all steps, [N, T, features], in Keras's order. (The merged output of both is zero at masked steps: Keras
    // sets zero_output_for_mask there.)
    private T[] Unmask(SequenceBatch<T> output, int part, ReadOnlySpan<T> initial, bool[] valid)
    {
        int features = output.FeatureSize / parts, steps = valid.Length / output.Count;
        bool turnedBack = kind == "Bidirectional", backwards = turnedBack ? part == 1 : Flag("go_backwards");
        T[] values = new T[valid.Length * features];
        for (int b = 0; b < output.Count; b++)
        {
            ReadOnlySpan<T> last = initial.Slice(b * features, features);
            for (int read = 0; read < steps; read++)
            {
                int t = backwards ? steps - 1 - read : read, row = (b * steps) + t;
                if (valid[row])
                {
                    last = output[b, valid.AsSpan(b * steps, t).Count(true)].Slice(part * features, features);
                }

                if (valid[row] || !Flag("zero_output_for_mask"))
                {
                    last.CopyTo(values.AsSpan(((b * steps) + (turnedBack ? t : read)) * features));
                }
            }
        }

        return values;
    }

    private bool Flag(string name) => inner.GetProperty(name).GetBoolean();

    private static T[] SideBySide(T[] left, T[] right, int features)
        => [.. left.Chunk(features).Zip(right.Chunk(features), (l, r) => l.Concat(r)).SelectMany(row => row)];

    private LstmSpec Spec(JsonElement cell, ReferenceTensor[] weights)
    {
        LstmActivation? activation = Activation(cell, "activation", LstmActivationFunction.Tanh);
        return new(weights[1].Shape[0])
        {
            Direction = Flag("go_backwards") ? LstmDirection.Reverse : LstmDirection.Forward,
            Bias = weights.Length > 2 ? LstmBias.One : LstmBias.None,
            GateActivation = Activation(cell, "recurrent_activation", LstmActivationFunction.Sigmoid),
            CellActivation = activation,
            HiddenActivation = activation,
        };
    }

    private LstmSpec BidirectionalSpec(JsonElement[] cells, ReferenceTensor[] weights)
    {
        LstmActivation? reverse = Activation(cells[1], "activation", LstmActivationFunction.Tanh);
        return Spec(cells[0], weights) with
        {
            Direction = LstmDirection.Bidirectional,
            Merge = Merge,
            ReverseGateActivation = Activation(cells[1], "recurrent_activation", LstmActivationFunction.Sigmoid),
            ReverseCellActivation = reverse,
            ReverseHiddenActivation = reverse,
        };
    }

    // Null for the usual one, which has a kernel of its own.
    private static LstmActivation? Activation(JsonElement cell, string name, LstmActivationFunction usual)
    {
        LstmActivation activation = (cell.TryGetProperty(name, out JsonElement value) ? value.GetString() : usual.ToString().ToLowerInvariant()) switch
        {
            "tanh" => new(LstmActivationFunction.Tanh),
            "sigmoid" => new(LstmActivationFunction.Sigmoid),
            "relu" => new(LstmActivationFunction.Relu),
            "linear" => new(LstmActivationFunction.Affine, 1, 0),
            "hard_sigmoid" => new(LstmActivationFunction.HardSigmoid, 1.0 / 6, 0.5),
            string other => throw new InvalidDataException($"{name} {other}"),
            null => throw new InvalidDataException($"no {name}"),
        };
        return activation.Function == usual ? null : activation;
    }
}
