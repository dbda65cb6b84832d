using System.Numerics;
using Lstm.Runtime;
using Lstm.Sequences;
using Lstm.Texts;

namespace Lstm.Diagnostics;

/// <summary>The norm of the gradient at each step of each LSTM layer, which shows whether gradients vanish or explode.</summary>
/// <remarks>
/// Create a trace once for a network, and call <see cref="Read"/> after Backward. The norm of a step is ‖∂loss/∂z‖, with z the
/// layer's 4H pre-activations at that step of that sequence; the step's part of the weights' gradients is computed from it. To
/// see how far back a loss reaches, compute the loss at the last step only: with a loss at each step, each step also has a
/// gradient from its own loss.
/// </remarks>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public sealed class GradientTrace<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Network<T> _network;
    private readonly Use _use = new();

    // Room for one gate of one step.
    private readonly T[] _gate;

    /// <summary>Creates an empty trace for a network.</summary>
    /// <param name="network">A network with at least one LSTM layer.</param>
    /// <exception cref="ArgumentException">The network has no LSTM layer.</exception>
    public GradientTrace(Network<T> network)
    {
        // The same layers, names and check.
        Layers = [.. new GateTrace<T>(network).Layers.Select(layer => new LayerGradientNorms(layer.Name, _use))];
        _gate = new T[network.StateSizes.Max(size => size.Cell)];
        _network = network;
    }

    /// <summary>The norms of the directions of all LSTM layers, in the order of a <see cref="NetworkState{T}"/>.</summary>
    public IReadOnlyList<LayerGradientNorms> Layers { get; }

    /// <summary>The norms of the direction with a name.</summary>
    /// <param name="name">The direction's name, such as <c>lstm.l0</c> or <c>lstm.l1_reverse</c>.</param>
    /// <exception cref="ArgumentException">No direction has this name.</exception>
    public LayerGradientNorms this[string name] => Layers.FirstOrDefault(layer => layer.Name == name)
        ?? throw new ArgumentException(
            $"There is no layer '{Shortened.Text(name)}'; there are {Shortened.List([.. Layers.Select(layer => layer.Name)])}.",
            nameof(name));

    /// <summary>The LSTM layers and directions, and the sizes of the pass that was read last.</summary>
    public override string ToString()
        => $"{TypeName.Of(this)}: {Shortened.List([.. Layers.Select(layer => layer.Name)])}; "
            + $"{Layers[0].Steps.Shape}";

    /// <summary>Computes the norms of a tape's backward pass.</summary>
    /// <param name="tape">A tape of this network, after Backward and before the next Forward.</param>
    /// <exception cref="ArgumentException">The tape belongs to another network.</exception>
    /// <exception cref="InvalidOperationException">
    /// The tape holds no backward pass, the input batch was refilled, the tape recomputes its steps
    /// (<see cref="Tape{T}.RecomputeEvery"/>), or the tape or this trace is in use.
    /// </exception>
    public void Read(Tape<T> tape)
    {
        ArgumentNullException.ThrowIfNull(tape);
        using Use.Taking taken = Use.Take(_use, "The trace", "Give each thread a trace of its own.");
        using Use.Reading reading = tape.Read();
        TapeCheck.Check(_network, tape, backPropagated: true);
        using InputReading<T> input = tape.ReadInput();
        for (int entry = 0; entry < Layers.Count; entry++)
        {
            Layers[entry].Read(TapeView<T>.Of(_network.Layers, tape.LayerTapes, entry), _gate);
        }

        GC.KeepAlive(tape);
    }
}
