using System.Numerics;
using Lstm.Parameters;
using Lstm.Runtime;
using Lstm.Sequences;

namespace Lstm.Diagnostics;

/// <summary>Finds the first infinite or NaN value of a pass: its layer, gate, sequence, step and unit.</summary>
public static class NonFinite
{
    private static readonly string[] Gates = ["input gate", "forget gate", "candidate", "output gate"];

    private static readonly string[] GateGradients = [.. Gates.Select(gate => $"gradient of the {gate}")];

    /// <summary>
    /// Finds the first infinite or NaN value on a tape, in the order in which a pass computes: parameters, input, then the layers
    /// one by one, each with its steps in reading order and i f g o c h at each step. After Backward, the output's gradient and
    /// the gates' gradients follow, last layer and last step first.
    /// </summary>
    /// <remarks>
    /// Call it when a loss or a norm is not finite; passes do no extra work for it. Between Forward and Backward it searches the
    /// forward pass; after Backward it searches both passes except the gates, which Backward has overwritten. On a tape that
    /// recomputes its steps (<see cref="Tape{T}.RecomputeEvery"/>) it searches the outputs that are kept, and the output's
    /// gradient.
    /// </remarks>
    /// <param name="tape">A tape that holds a forward pass.</param>
    /// <returns>The first value that is not finite, or null when all values are finite.</returns>
    /// <exception cref="InvalidOperationException">
    /// The tape holds no forward pass, the input batch was refilled since, or the tape is in use.
    /// </exception>
    public static NonFiniteValue? Find<T>(Tape<T> tape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => Find(tape, default);

    /// <summary>
    /// Finds the first infinite or NaN value on a tape, in the target or in its weights. Weights and target follow the forward
    /// pass in the order of <see cref="Find{T}(Tape{T})"/>.
    /// </summary>
    /// <inheritdoc cref="Find{T}(Tape{T})"/>
    /// <param name="tape">A tape that holds a forward pass.</param>
    /// <param name="target">The target. Rows of weight 0 are not searched; labels are always finite.</param>
    public static NonFiniteValue? Find<T>(Tape<T> tape, NetworkTarget<T> target)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(tape);
        using Use.Reading reading = tape.Read();
        TapeView<T>.Check(tape.Network, tape, tape.IsBackPropagated, steps: false);
        using InputReading<T> input = tape.ReadInput();
        using TargetReading<T> compared = new(target);
        return InParameters(tape.Network)
            ?? (input.Content is null ? null : InRows(input.Content, "input", "input"))
            ?? InForward(tape)
            ?? (compared.Weights is null ? null : InRows(compared.Weights, "weights", "weight"))
            ?? (compared.Values is null ? null : InRows(compared.Values, "target", "target", compared.Weights))
            ?? (tape.IsBackPropagated ? InBackward(tape) : null);
    }

    /// <summary>
    /// Runs a batch in inference mode and finds the first infinite or NaN value: parameters, input, initial state, then the
    /// layers in the order of <see cref="Find{T}(Tape{T})"/>. Network, batch and state do not change.
    /// </summary>
    /// <param name="network">The network to run.</param>
    /// <param name="batch">Sequences of features or of ids.</param>
    /// <param name="state">The state to start from. Null, the default, for the initial state.</param>
    /// <returns>The first value in the caller's order of sequences, or null when all values are finite.</returns>
    /// <exception cref="ArgumentException">The batch or the state does not fit the network.</exception>
    public static NonFiniteValue? Find<T>(Network<T> network, NetworkInput<T> batch, NetworkState<T>? state = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(network);
        batch.Require(nameof(batch));
        return InPass(network, batch, state?.Clone());
    }

    /// <summary>Runs a batch on a new tape and searches the whole pass.</summary>
    /// <param name="network">The network.</param>
    /// <param name="batch">The input.</param>
    /// <param name="state">A copy of the state to start from, which is overwritten; or null.</param>
    internal static NonFiniteValue? InPass<T>(Network<T> network, NetworkInput<T> batch, NetworkState<T>? state)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        NonFiniteValue? initial = state is null ? null : InInitialState(network, state);
        using Tape<T> tape = network.CreateTape();
        tape.Training = false;
        _ = state is null ? network.Forward(batch, tape) : network.Forward(batch, state, tape);
        NonFiniteValue? found = Find(tape);
        return found is { Quantity: "parameter" or "input" } ? found : initial ?? found;
    }

    private static NonFiniteValue? InInitialState<T>(Network<T> network, NetworkState<T> state)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        foreach (Layers.Layer<T> layer in network.Layers)
        {
            for (int d = 0; layer.Find<Layers.LstmLayer<T>>() is { } lstm && d < lstm.StateCount; d++)
            {
                for (int b = 0; b < state.Count; b++)
                {
                    string name = lstm.Directions[d].Name;
                    if ((InValues<T>(state.HiddenRow(lstm.FirstState + d, b), name, "initial hidden", b, null)
                        ?? InValues<T>(state.CellRow(lstm.FirstState + d, b), name, "initial cell", b, null)) is { } found)
                    {
                        return found;
                    }
                }
            }
        }

        return null;
    }

    private static NonFiniteValue? InParameters<T>(Network<T> network)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        foreach (Parameter parameter in network.Parameters)
        {
            for (int i = 0; i < parameter.Count; i++)
            {
                T value = network.Flat[parameter.Offset + parameter.IndexOf(i)];
                if (!T.IsFinite(value))
                {
                    return new NonFiniteValue(parameter.Name, "parameter", null, null, i, double.CreateChecked(value));
                }
            }
        }

        return null;
    }

    private static NonFiniteValue? InForward<T>(Tape<T> tape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        // The last layer has no output when the loss took it.
        int layers = tape.Run.Layers.Count - (tape.HasOutput ? 0 : 1);
        for (int i = 0; i < layers; i++)
        {
            Layers.Layer<T> layer = tape.Run.Layers[i];
            for (int d = 0; !tape.IsRecomputed && layer.Find<Layers.LstmLayer<T>>() is { } lstm && d < lstm.StateCount; d++)
            {
                if (InDirection(TapeView<T>.Of(tape, lstm.FirstState + d), tape.IsBackPropagated) is { } found)
                {
                    return found;
                }
            }

            SequenceContent<T> output = new(layer.OutputSize);
            output.View(tape.Run.Tapes[i].OutputShape, tape.Run.Tapes[i].Output, tape.Run.Tapes[i].OutputStart);
            if (InRows(output, layer.Label, "output") is { } value)
            {
                return value;
            }
        }

        return null;
    }

    private static NonFiniteValue? InBackward<T>(Tape<T> tape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using SequenceReading<T> upstream = SequenceBatch<T>.Read(tape.OutputGradient, "The output gradient");
        if (tape.HasOutput && InRows(upstream.Content!, tape.Network.Layers[^1].Label, "gradient of the output") is { } value)
        {
            return value;
        }

        for (int entry = tape.IsRecomputed ? -1 : tape.Network.StateSizes.Count - 1; entry >= 0; entry--)
        {
            TapeView<T> view = TapeView<T>.Of(tape, entry);
            if (InSteps(view, fromLast: !view.IsReverse, GateGradients, states: false) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    private static NonFiniteValue? InDirection<T>(TapeView<T> view, bool backPropagated)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => InSteps(view, fromLast: view.IsReverse, backPropagated ? [] : Gates, states: true);

    private static NonFiniteValue? InSteps<T>(TapeView<T> view, bool fromLast, string[] gates, bool states)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[] values = new T[view.CellSize];
        Span<T> gateValues = values.AsSpan(0, view.Units);
        for (int s = 0; s < view.Shape.StepCount; s++)
        {
            int t = fromLast ? view.Shape.StepCount - 1 - s : s;
            for (int b = 0; b < view.Shape.Count; b++)
            {
                if (t >= view.Shape.Lengths[b])
                {
                    continue;
                }

                for (int gate = 0; gate < gates.Length; gate++)
                {
                    // A custom cell may leave anything in the place of a gate that it does not use.
                    if (view.IsUnused(gate))
                    {
                        continue;
                    }

                    view.CopyGate(gate, b, t, gateValues);
                    if (InValues<T>(gateValues, view.Name, gates[gate], b, t + view.Shape.FirstStep) is { } found)
                    {
                        return found;
                    }
                }

                if (states)
                {
                    view.CopyCell(b, t, values);
                    int step = t + view.Shape.FirstStep;
                    if ((InValues<T>(values, view.Name, "cell", b, step)
                        ?? InValues(view.Hidden(b, t), view.Name, "hidden", b, step)) is { } found)
                    {
                        return found;
                    }
                }
            }
        }

        return null;
    }

    private static NonFiniteValue? InRows<T>(
        SequenceContent<T> rows, string place, string quantity, SequenceContent<T>? weights = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int t = 0; t < rows.Shape.StepCount; t++)
        {
            for (int b = 0; b < rows.Shape.Count; b++)
            {
                bool counts = t < rows.Shape.Lengths[b]
                    && (weights is null || b >= weights.Shape.Count || t >= weights.Shape.Lengths[b]
                        || weights.Row(b, t)[0] != T.Zero);
                if (counts && InValues<T>(rows.Row(b, t), place, quantity, b, t + rows.Shape.FirstStep) is { } found)
                {
                    return found;
                }
            }
        }

        return null;
    }

    private static NonFiniteValue? InValues<T>(ReadOnlySpan<T> values, string place, string quantity, int sequence, int? step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int i = 0; i < values.Length; i++)
        {
            if (!T.IsFinite(values[i]))
            {
                return new NonFiniteValue(place, quantity, sequence, step, i, double.CreateChecked(values[i]));
            }
        }

        return null;
    }
}
