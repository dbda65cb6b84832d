using System.Numerics;
using Lstm.Kernels.Recurrence;
using Lstm.Parameters;
using Lstm.Sequences;
using Lstm.Specs;

namespace Lstm.Layers;

/// <summary>Rows of values: what flows from layer to layer, and backwards as its gradient.</summary>
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

    /// <summary>The LSTM layer that it is or has inside, or null; its record is the <see cref="LayerRecord{T}.Recurrent"/> of this one's.</summary>
    public virtual LstmLayer<T>? Recurrent => null;

    /// <summary>How many recurrent directions it has, each with a hidden and a cell state.</summary>
    public virtual int StateCount => 0;

    /// <summary>Sizes of each of those states.</summary>
    public virtual StateSize StateSize => default;

    /// <summary>Whether a step's output depends on later steps, so that neither streaming nor truncation is possible.</summary>
    public bool NeedsWholeSequence => WholeSequenceReason is not null;

    /// <summary>Why it cannot work on parts of sequences, after "the layer …": null if it can.</summary>
    public virtual string? WholeSequenceReason => null;

    public abstract LayerRecord<T> CreateRecord();

    /// <summary>Writes the starting values of its parameters into a flat buffer of zeros.</summary>
    public virtual void Initialize(ParameterStart<T> start)
    {
    }

    public abstract void Forward(Pass<T> pass, Rows<T> input, LayerRecord<T> record);

    /// <summary>Copies the states after each sequence's last step into a state in the caller's order, or in the rows given.</summary>
    public virtual unsafe void TakeFinalState(LayerRecord<T> record, NetworkState<T> state, int* stateRows)
        => Recurrent?.TakeFinalState(record.Recurrent, state, stateRows);

    /// <summary>
    /// Binds one step of one sequence, for streaming, to the pass's parameters and a state, which it reads and writes. The same
    /// bits as <see cref="Forward"/> over one row.
    /// </summary>
    public abstract StepKernel<T> BindStep(Pass<T> pass, NetworkState<T> state);

    /// <summary>
    /// Adds into the parameters' gradient and overwrites <paramref name="inputGradient"/>, which is null when nobody asks
    /// for it.
    /// </summary>
    public abstract unsafe void Backward(Pass<T> pass, Rows<T> input, LayerRecord<T> record, T* outputGradient, T* inputGradient, T* gradient);
}
