using System.Numerics;
using Lstm.Runtime;
using Lstm.Sequences;
using Lstm.Texts;

namespace Lstm.Diagnostics;

/// <summary>How large the gradient is at each step of each LSTM layer: whether it vanishes or explodes on its way back.</summary>
/// <remarks>
/// Made once for a network, then read from a tape after Backward. A step's number is ‖∂loss/∂z‖, the norm of the gradient of
/// the layer's 4H pre-activations z at that step of that sequence: all that the step adds to the gradients of the weights
/// comes from it. To see how far back the loss reaches, give a loss at the last step only: with a loss at every step, each
/// step has a gradient of its own.
/// </remarks>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public sealed class GradientTrace<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Network<T> _network;
    private readonly Use _use = new();

    // Room for one gate of one step.
    private readonly T[] _gate;

    /// <summary>Makes an empty trace.</summary>
    /// <param name="network">A network with at least one LSTM layer.</param>
    /// <exception cref="ArgumentException">It has none.</exception>
    public GradientTrace(Network<T> network)
    {
        // The same layers, names and check.
        Layers = [.. new GateTrace<T>(network).Layers.Select(layer => new LayerGradientNorms(layer.Name, _use))];
        _gate = new T[network.StateSizes.Max(size => size.Cell)];
        _network = network;
    }

    /// <summary>One for each direction of each LSTM layer, in the order of a <see cref="NetworkState{T}"/>.</summary>
    public IReadOnlyList<LayerGradientNorms> Layers { get; }

    /// <summary>The direction of this name.</summary>
    /// <param name="name">E.g. <c>lstm.l0</c>, <c>lstm.l1_reverse</c>.</param>
    /// <exception cref="ArgumentException">There is none.</exception>
    public LayerGradientNorms this[string name] => Layers.FirstOrDefault(layer => layer.Name == name)
        ?? throw new ArgumentException($"There is no layer '{Shortened.Text(name)}'; there are {Shortened.List([.. Layers.Select(layer => layer.Name)])}.", nameof(name));

    /// <summary>The LSTM layers and directions, and the sizes of the pass that was read last.</summary>
    public override string ToString()
        => $"{TypeName.Of(this)}: {Shortened.List([.. Layers.Select(layer => layer.Name)])}; "
            + $"{Layers[0].Steps.Shape}";

    /// <summary>Takes the norms of a tape's backward pass.</summary>
    /// <param name="tape">A tape of this network, after Backward and before the next Forward.</param>
    /// <exception cref="ArgumentException">The tape belongs to another network.</exception>
    /// <exception cref="InvalidOperationException">It holds no back-propagated pass, the input batch was refilled, the pass is one of <see cref="Tape{T}.RecomputeEvery"/>, or the tape or this trace is in use.</exception>
    public void Read(Tape<T> tape)
    {
        ArgumentNullException.ThrowIfNull(tape);
        using Use.Taking taken = Use.Take(_use, "The trace", "Give each thread a trace of its own.");
        using Use.Reading reading = tape.Read();
        TapeView<T>.Check(_network, tape, backPropagated: true);
        using InputReading<T> input = tape.ReadInput();
        for (int entry = 0; entry < Layers.Count; entry++)
        {
            Layers[entry].Read(TapeView<T>.Of(tape, entry), _gate);
        }

        GC.KeepAlive(tape);
    }
}
