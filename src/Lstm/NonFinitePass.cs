using System.Numerics;
using Lstm.Diagnostics;
using Lstm.Sequences;

namespace Lstm;

/// <summary>The search of a whole pass for its first infinite or NaN value, in the order in which the pass computes.</summary>
internal static class NonFinitePass
{
    /// <summary>Searches the pass that a tape holds, its target and the weights; the caller reads the tape.</summary>
    /// <exception cref="InvalidOperationException">The input batch was refilled since.</exception>
    public static NonFiniteValue? OnTape<T>(Tape<T> tape, NetworkTarget<T> target)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using InputReading<T> input = tape.ReadInput();
        using TargetReading<T> compared = new(target);
        return NonFiniteSearch<T>.InParameters(tape.Network.ParameterSet)
            ?? (input.Content is null ? null : NonFiniteSearch<T>.InRows(input.Content, "input", "input"))
            ?? InForward(tape)
            ?? (compared.Weights is null ? null : NonFiniteSearch<T>.InRows(compared.Weights, "weights", "weight"))
            ?? (compared.Values is null ? null
                : NonFiniteSearch<T>.InRows(compared.Values, "target", "target", compared.Weights))
            ?? (tape.IsBackPropagated ? InBackward(tape) : null);
    }

    /// <summary>Runs a batch on a new tape in inference mode and searches the whole pass.</summary>
    /// <param name="network">The network.</param>
    /// <param name="batch">The input.</param>
    /// <param name="state">A copy of the state to start from, which is overwritten; or null.</param>
    public static NonFiniteValue? Of<T>(Network<T> network, NetworkInput<T> batch, NetworkState<T>? state)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        NonFiniteValue? initial = state is null ? null : NonFiniteSearch<T>.InInitialState(network.Layers, state);
        using Tape<T> tape = network.CreateTape();
        tape.Training = false;
        _ = state is null ? network.Forward(batch, tape) : network.Forward(batch, state, tape);
        NonFiniteValue? found = OnTape(tape, default);
        return found is { Quantity: "parameter" or "input" } ? found : initial ?? found;
    }

    private static NonFiniteValue? InForward<T>(Tape<T> tape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        // The last layer has no output when the loss took it.
        int outputs = tape.Run.Layers.Count - (tape.HasOutput ? 0 : 1);
        return NonFiniteSearch<T>.InForward(
            tape.Run, outputs, tape.IsRecomputed ? null : tape.LayerTapes, gates: !tape.IsBackPropagated);
    }

    private static NonFiniteValue? InBackward<T>(Tape<T> tape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Network<T> network = tape.Network;
        using SequenceReading<T> upstream = SequenceBatch<T>.Read(tape.OutputGradient, "The output gradient");
        return (!tape.HasOutput ? null
                : NonFiniteSearch<T>.InRows(upstream.Content!, network.Layers[^1].Label, "gradient of the output"))
            ?? (tape.IsRecomputed ? null
                : NonFiniteSearch<T>.InGateGradients(network.Layers, tape.LayerTapes, network.StateSizes.Count));
    }
}
