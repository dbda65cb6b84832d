using System.Numerics;
using Lstm.Layers;
using Lstm.Runtime;
using Lstm.Sequences;
using Lstm.Texts;

namespace Lstm.Diagnostics;

/// <summary>What the LSTM layers did in a forward pass: gates, cell and hidden states of every step.</summary>
/// <remarks>
/// Made once for a network, then read from a tape between Forward and Backward (Backward overwrites the gates). What has been
/// read is a copy: it stays as it is until the next <see cref="Read"/>, which reuses its buffers. Passes without a trace cost
/// nothing: it reads what they leave anyway.
/// </remarks>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public sealed class GateTrace<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Network<T> _network;
    private readonly Use _use = new();

    /// <summary>Makes an empty trace.</summary>
    /// <param name="network">A network with at least one LSTM layer.</param>
    /// <exception cref="ArgumentException">It has none.</exception>
    public GateTrace(Network<T> network)
    {
        ArgumentNullException.ThrowIfNull(network);
        if (network.StateSizes.Count == 0)
        {
            throw new ArgumentException("The network has no LSTM layer, and gates are what only an LSTM layer has; add an LstmSpec.", nameof(network));
        }

        _network = network;
        Layers = [.. network.Layers.Select(layer => layer.Find<LstmLayer<T>>()).OfType<LstmLayer<T>>().SelectMany(layer =>
            layer.Directions.ToArray().Select(direction => new LayerGates<T>(direction.Name, layer, _use)))];
    }

    /// <summary>One for each direction of each LSTM layer, in the order of a <see cref="NetworkState{T}"/>.</summary>
    public IReadOnlyList<LayerGates<T>> Layers { get; }

    /// <summary>The direction of this name.</summary>
    /// <param name="name">E.g. <c>lstm.l0</c>, <c>lstm.l1_reverse</c>.</param>
    /// <exception cref="ArgumentException">There is none.</exception>
    public LayerGates<T> this[string name] => Layers.FirstOrDefault(layer => layer.Name == name)
        ?? throw new ArgumentException($"There is no layer '{Shortened.Text(name)}'; there are {Shortened.List([.. Layers.Select(layer => layer.Name)])}.", nameof(name));

    /// <summary>The LSTM layers and directions, and the sizes of the pass that was read last.</summary>
    public override string ToString()
        => $"{TypeName.Of(this)}: {Shortened.List([.. Layers.Select(layer => layer.Name)])}; "
            + $"{Layers[0].Cell.Shape}";

    /// <summary>Copies the gates and states of a tape's forward pass.</summary>
    /// <param name="tape">A tape of this network, between Forward and Backward.</param>
    /// <exception cref="ArgumentException">The tape belongs to another network.</exception>
    /// <exception cref="InvalidOperationException">It holds no forward pass, or Backward has overwritten the gates, the input batch was refilled, the pass is one of <see cref="Tape{T}.RecomputeEvery"/>, or the tape or this trace is in use.</exception>
    public void Read(Tape<T> tape)
    {
        ArgumentNullException.ThrowIfNull(tape);
        using Use.Taking taken = Use.Take(_use, "The trace", "Give each thread a trace of its own.");
        using Use.Reading reading = tape.Read();
        TapeView<T>.Check(_network, tape, backPropagated: false);
        using InputReading<T> input = tape.ReadInput();
        for (int entry = 0; entry < Layers.Count; entry++)
        {
            Layers[entry].Read(TapeView<T>.Of(tape, entry));
        }

        GC.KeepAlive(tape);
    }

    /// <summary>Shares of saturated gates, memory spans and dead units of what has been read.</summary>
    /// <param name="margin">A gate i, f or o is shut below this and open above 1 − this; g is saturated beyond ±(1 − this). In 0 &lt; margin &lt; 0.5.</param>
    /// <param name="stillness">A unit whose values all lie within a range of this does not move; at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of its range.</exception>
    /// <exception cref="InvalidOperationException">The trace is being read from a tape.</exception>
    public GateSummary Summarize(double margin = 0.05, double stillness = 1e-3)
    {
        if (!(margin > 0 && margin < 0.5))
        {
            throw new ArgumentOutOfRangeException(nameof(margin), margin, "The margin has to be between 0 and 0.5, both excluded.");
        }

        if (!(stillness >= 0))
        {
            throw new ArgumentOutOfRangeException(nameof(stillness), stillness, "The stillness has to be at least 0.");
        }

        using Use.Reading reading = Use.Read(_use, "The trace", "Give each thread a trace of its own.");
        return new GateSummary([.. Layers.Select(layer => LayerSummary.Of(layer, margin, stillness))]);
    }
}
