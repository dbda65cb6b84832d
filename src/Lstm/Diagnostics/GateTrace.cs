using System.Numerics;
using Lstm.Layers;
using Lstm.Runtime;
using Lstm.Sequences;
using Lstm.Texts;

namespace Lstm.Diagnostics;

/// <summary>The gates, cell states and hidden states of all LSTM layers at each step of a forward pass.</summary>
/// <remarks>
/// Create a trace once for a network, and call <see cref="Read"/> between Forward and Backward, which overwrites the gates. The
/// values are copies; they stay until the next <see cref="Read"/>, which reuses the buffers. Passes do no extra work for traces.
/// </remarks>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public sealed class GateTrace<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Network<T> _network;
    private readonly Use _use = new();

    /// <summary>Creates an empty trace for a network.</summary>
    /// <param name="network">A network with at least one LSTM layer.</param>
    /// <exception cref="ArgumentException">The network has no LSTM layer.</exception>
    public GateTrace(Network<T> network)
    {
        ArgumentNullException.ThrowIfNull(network);
        if (network.StateSizes.Count == 0)
        {
            throw new ArgumentException(
                "The network has no LSTM layer, so it has no gates to trace; add an LstmSpec.", nameof(network));
        }

        _network = network;
        Layers = [.. network.Layers.Select(layer => layer.Find<LstmLayer<T>>()).OfType<LstmLayer<T>>().SelectMany(layer =>
            layer.Directions.ToArray().Select(direction => new LayerGates<T>(direction.Name, layer, _use)))];
    }

    /// <summary>The traces of the directions of all LSTM layers, in the order of a <see cref="NetworkState{T}"/>.</summary>
    public IReadOnlyList<LayerGates<T>> Layers { get; }

    /// <summary>The trace of the direction with a name.</summary>
    /// <param name="name">The direction's name, such as <c>lstm.l0</c> or <c>lstm.l1_reverse</c>.</param>
    /// <exception cref="ArgumentException">No direction has this name.</exception>
    public LayerGates<T> this[string name] => Layers.FirstOrDefault(layer => layer.Name == name)
        ?? throw new ArgumentException(
            $"There is no layer '{Shortened.Text(name)}'; there are {Shortened.List([.. Layers.Select(layer => layer.Name)])}.",
            nameof(name));

    /// <summary>The LSTM layers and directions, and the sizes of the pass that was read last.</summary>
    public override string ToString()
        => $"{TypeName.Of(this)}: {Shortened.List([.. Layers.Select(layer => layer.Name)])}; "
            + $"{Layers[0].Cell.Shape}";

    /// <summary>Copies the gates and states of a tape's forward pass.</summary>
    /// <param name="tape">A tape of this network, between Forward and Backward.</param>
    /// <exception cref="ArgumentException">The tape belongs to another network.</exception>
    /// <exception cref="InvalidOperationException">
    /// The tape holds no forward pass, Backward has overwritten the gates, the input batch was refilled, the tape recomputes its
    /// steps (<see cref="Tape{T}.RecomputeEvery"/>), or the tape or this trace is in use.
    /// </exception>
    public void Read(Tape<T> tape)
    {
        ArgumentNullException.ThrowIfNull(tape);
        using Use.Taking taken = Use.Take(_use, "The trace", "Give each thread a trace of its own.");
        using Use.Reading reading = tape.Read();
        TapeCheck.Check(_network, tape, backPropagated: false);
        using InputReading<T> input = tape.ReadInput();
        for (int entry = 0; entry < Layers.Count; entry++)
        {
            Layers[entry].Read(TapeView<T>.Of(_network.Layers, tape.LayerTapes, entry));
        }

        GC.KeepAlive(tape);
    }

    /// <summary>Computes the shares of saturated gates, memory spans and dead units of the pass that was read last.</summary>
    /// <param name="margin">
    /// The margin m, 0 &lt; m &lt; 0.5: a gate i, f or o is closed below m and open above 1 − m; g is saturated beyond ±(1 − m).
    /// Default 0.05.
    /// </param>
    /// <param name="stillness">The largest range of values of a unit that counts as unchanged, at least 0. Default 0.001.</param>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of range.</exception>
    /// <exception cref="InvalidOperationException">The trace is being read from a tape.</exception>
    public GateSummary Summarize(double margin = 0.05, double stillness = 1e-3)
    {
        if (!(margin > 0 && margin < 0.5))
        {
            throw new ArgumentOutOfRangeException(
                nameof(margin), margin, "The margin has to be between 0 and 0.5, both excluded.");
        }

        if (!(stillness >= 0))
        {
            throw new ArgumentOutOfRangeException(nameof(stillness), stillness, "The stillness has to be at least 0.");
        }

        using Use.Reading reading = Use.Read(_use, "The trace", "Give each thread a trace of its own.");
        return new GateSummary([.. Layers.Select(layer => LayerSummary.Of(layer, margin, stillness))]);
    }
}
