using System.Numerics;
using Lstm.Kernels.Recurrence;
using Lstm.Parameters;
using Lstm.Sequences;
using Lstm.Specs;

namespace Lstm.Layers;

/// <summary>Rows of values: what flows from layer to layer, and backwards as its gradient.</summary>
// SAFETY: a view holds addresses only: whoever makes one promises RowCount × Features values, or null where ids take their place
// or there are no rows.
internal readonly unsafe struct Rows<T>(T* pointer, int features, SequenceShape shape)
    where T : unmanaged
{
    /// <summary>[R, Features], without padding.</summary>
    public T* Pointer => pointer;

    /// <summary>Values per row.</summary>
    public int Features => features;

    /// <summary>Which row is which step of which sequence.</summary>
    public SequenceShape Shape => shape;

    public int Count => shape.RowCount;
}

/// <summary>One layer of a network: it knows its sizes and where its parameters lie, and nothing of any batch.</summary>
internal abstract class Layer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly string? _label;

    /// <summary>The first part of its parameters' names; the layers of one stack share it.</summary>
    public required string Name { get; init; }

    /// <summary>The name in texts, unique among the network's layers: within a stack it says the place there.</summary>
    public string Label
    {
        get => _label ?? Name;
        init => _label = value;
    }

    /// <summary>Unique among the network's layers, in the order they are made: part of the key of its random numbers.</summary>
    public required int Index { get; init; }

    public required int InputSize { get; init; }

    public abstract int OutputSize { get; }

    /// <summary>
    /// The layers that it is made of; none for most. Their tapes are in <see cref="LayerTape{T}.Inner"/> of its own.
    /// </summary>
    public virtual ReadOnlySpan<Layer<T>> Inner => [];

    /// <summary>Index of its first state in a <see cref="NetworkState{T}"/>, if it has any.</summary>
    public virtual int FirstState => 0;

    /// <summary>How many recurrent directions it has, each with a hidden and a cell state.</summary>
    public virtual int StateCount => 0;

    /// <summary>Sizes of each of those states.</summary>
    public virtual StateSize StateSize => default;

    /// <summary>
    /// How many of its first outputs come from reading forward; null where that cannot be told, or does not matter.
    /// </summary>
    public virtual int? FeaturesReadForward => null;

    /// <summary>Whether it normalises over the batch, so that it has statistics.</summary>
    public virtual bool NormalizesBatch => false;

    /// <summary>Whether a step's output depends on later steps, so that neither streaming nor truncation is possible.</summary>
    public bool NeedsWholeSequence => WholeSequenceReason is not null;

    /// <summary>Why it cannot work on parts of sequences, after "the layer …": null if it can.</summary>
    public virtual string? WholeSequenceReason => null;

    /// <summary>The layer of a type that this layer is or has inside; null if there is none.</summary>
    public TLayer? Find<TLayer>()
        where TLayer : Layer<T>
    {
        TLayer? found = this as TLayer;
        foreach (Layer<T> inner in Inner)
        {
            found ??= inner.Find<TLayer>();
        }

        return found;
    }

    public abstract LayerTape<T> CreateTape();

    /// <summary>Writes the starting values of its parameters into a flat buffer of zeros.</summary>
    public virtual void Initialize(ParameterStart<T> start)
    {
    }

    public abstract void Forward(in Pass<T> pass, Rows<T> input, LayerTape<T> tape);

    /// <summary>
    /// Copies the states after each sequence's last step into a state in the caller's order, or in the rows given.
    /// </summary>
    public virtual unsafe void TakeFinalState(LayerTape<T> tape, NetworkState<T> state, int* stateRows)
    {
    }

    /// <summary>Sets its part of some sequences' state to the learned initial state, if it has one.</summary>
    public virtual unsafe void SetLearnedState(T* parameters, NetworkState<T> state, int first, int count)
    {
    }

    /// <summary>Adds the gradient of a pass's initial states to that of the learned one, if it has one.</summary>
    public virtual unsafe void AddInitialGradient(NetworkState<T> initial, T* gradient)
    {
    }

    /// <summary>Moves its running averages, in flat parameters, towards what the last pass measured.</summary>
    public virtual void MoveStatistics(LayerTape<T> tape, Span<T> flat)
    {
    }

    /// <summary>
    /// Binds one step of one sequence, for streaming, to the pass's parameters and a state, which it reads and writes. The same
    /// bits as <see cref="Forward"/> over one row.
    /// </summary>
    public abstract StepKernel<T> BindStep(Pass<T> pass, NetworkState<T> state);

    /// <summary>
    /// Adds into the parameters' gradient and overwrites <paramref name="inputGradient"/>, which is null when nobody asks
    /// for it.
    /// </summary>
    // SAFETY: the input is that of the forward pass (Tape.ReadInput refuses another). An output gradient has OutputSize values
    // for each row of the output: CheckBackward compares the last layer's shape, LayerGradients.Of reserves the others. An input
    // gradient has those of the input (Tape.ReserveInputGradient); the flat one has the network's layout (CheckGradient).
    public abstract unsafe void Backward(
        in Pass<T> pass, Rows<T> input, LayerTape<T> tape, T* outputGradient, T* inputGradient, T* gradient);
}
