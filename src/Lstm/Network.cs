using System.Numerics;
using System.Numerics.Tensors;
using Lstm.Kernels.Products;
using Lstm.Layers;
using Lstm.Layers.Stack;
using Lstm.Parameters;
using Lstm.Runtime;
using Lstm.Simd;
using Lstm.Specs;
using Lstm.Texts;

namespace Lstm;

/// <summary>Layers and their parameters: what is trained, saved and served.</summary>
/// <remarks>
/// Inference never writes to a network, so any number of threads may share one, each with a workspace, tape or stream of its own. Training
/// writes to it: serve a <see cref="Clone"/> meanwhile, since passes that run while the parameters change compute with some of both. Two
/// calls that write to it at once are refused.
/// </remarks>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public sealed unsafe partial class Network<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly LayerSpec[] _specs;
    private readonly LayerStack<T> _stack;
    private readonly ParameterLayout _layout;
    private readonly AlignedBuffer<T> _parameters;
    private readonly Use _writing = new();

    internal Network(int inputSize, ReadOnlySpan<LayerSpec> specs, SimdWidth width)
    {
        if (typeof(T) != typeof(float) && typeof(T) != typeof(double))
        {
            throw new NotSupportedException($"A network computes in float or double, not in {typeof(T)}.");
        }

        InputSize = inputSize;
        Width = width;
        _specs = specs.ToArray();
        _layout = new ParameterLayout(PanelLayout.LineOf<T>());
        _stack = new LayerStack<T>(inputSize, specs, _layout);
        _parameters = new AlignedBuffer<T>(_layout.Length);
        HasStatistics = _layout.All.Any(parameter => parameter.IsStatistic);
    }

    /// <summary>Values per step in; for a network that starts with an embedding, the number of ids.</summary>
    public int InputSize { get; }

    /// <summary>Values per step, or per pooled row, out.</summary>
    public int OutputSize => Layers[^1].OutputSize;

    /// <summary>The descriptions it was made from.</summary>
    public IReadOnlyList<LayerSpec> Specs => _specs;

    /// <summary>
    /// The options of <see cref="Specs"/> that have no effect beside the others, a sentence for each with cause and remedy.
    /// <see cref="Network.Create{T}(int, long, ReadOnlySpan{LayerSpec})"/> refuses them; a loaded network may have them.
    /// </summary>
    public IReadOnlyList<string> OptionsWithoutEffect => SpecEffects.Missing(_specs, _stack.SpecNames);

    /// <summary>Whether it is fed with integer ids.</summary>
    public bool TakesIds => Layers[0] is EmbeddingLayer<T>;

    /// <summary>Its parameters in order: name, shape, whether trainable.</summary>
    public IReadOnlyList<Parameter> Parameters => _layout.All;

    /// <summary>Text that travels with the file; scalers keep themselves here.</summary>
    public IDictionary<string, string> Metadata { get; } = new SortedDictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Counts the writes to the parameters.</summary>
    public long Version { get; private set; }

    internal IReadOnlyList<Layer<T>> Layers => _stack.Layers;

    internal IReadOnlyList<StateSize> StateSizes => _stack.StateSizes;

    internal ParameterLayout Layout => _layout;

    /// <summary>The width its passes run at; any gives the same bits.</summary>
    internal SimdWidth Width { get; }

    /// <summary>The flat parameters, padding included. Whoever writes calls <see cref="Touch"/>.</summary>
    internal Span<T> Flat => _parameters.Span[.._layout.Length];

    /// <summary>
    /// Held by whoever writes to the parameters and by whoever copies all of them: a copy has the values of one version. Passes do not
    /// take it.
    /// </summary>
    internal Lock ParameterLock { get; } = new();

    /// <summary>The first of them.</summary>
    internal T* ParameterPointer => _parameters.Pointer;

    /// <summary>Copies out one parameter, in PyTorch's layout.</summary>
    /// <param name="name">A name from <see cref="Parameters"/>, e.g. <c>lstm.weight_ih_l0</c>.</param>
    /// <exception cref="ArgumentException">There is no such parameter.</exception>
    public Tensor<T> ReadParameter(string name) => _layout.Read<T>(name, Flat);

    /// <summary>Overwrites one parameter, given in PyTorch's layout.</summary>
    /// <param name="name">A name from <see cref="Parameters"/>.</param>
    /// <param name="tensor">A tensor of the parameter's shape.</param>
    /// <exception cref="ArgumentException">There is no such parameter, or the shape is not its.</exception>
    /// <exception cref="InvalidOperationException">Another call is writing to the parameters.</exception>
    public void WriteParameter(string name, in ReadOnlyTensorSpan<T> tensor)
    {
        using Use.Taking writing = TakeForWriting();
        lock (ParameterLock)
        {
            _layout.Write(name, tensor, Flat);
            Touch();
        }
    }

    /// <summary>Freezes a parameter or lets it be trained again.</summary>
    /// <param name="name">A name from <see cref="Parameters"/>.</param>
    /// <param name="trainable">Whether optimizers change it.</param>
    /// <exception cref="ArgumentException">There is no such parameter, or it is a <see cref="Parameter.IsStatistic"/>, which cannot be trained.</exception>
    public void SetTrainable(string name, bool trainable)
    {
        Parameter parameter = _layout.Find(name);
        if (trainable && parameter.IsStatistic)
        {
            throw new ArgumentException($"'{Shortened.Text(name)}' is a running average: passes measure it, it cannot be trained.", nameof(trainable));
        }

        parameter.Trainable = trainable;
    }

    /// <summary>A network of its own with the same specs, parameters, frozen ones and metadata.</summary>
    public Network<T> Clone()
    {
        Network<T> copy = new(InputSize, _specs, Width);
        lock (ParameterLock)
        {
            Flat.CopyTo(copy.Flat);
        }

        copy.Touch();
        for (int i = 0; i < Parameters.Count; i++)
        {
            copy.Parameters[i].Trainable = Parameters[i].Trainable;
        }

        foreach ((string key, string value) in Metadata)
        {
            copy.Metadata[key] = value;
        }

        return copy;
    }

    /// <summary>Makes a tape for training passes.</summary>
    /// <param name="workers">
    /// Most threads that share a pass, the caller's included. Default 1. 0 stands for one per processor. The size of the work decides how many of
    /// them take part, never more than there are processors; any number gives the same bits.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="workers"/> is negative.</exception>
    /// <exception cref="PlatformNotSupportedException">The platform has no threads (WebAssembly) and <paramref name="workers"/> is 2 or more.</exception>
    public Tape<T> CreateTape(int workers = 1) => new(this, workers);

    /// <summary>Makes a gradient, all zero.</summary>
    public Gradient<T> CreateGradient() => new(_layout);

    /// <summary>Makes the state that sequences start from: zero, or the learned one.</summary>
    /// <param name="count">Number of sequences, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer than 1, or more than a state can hold.</exception>
    public NetworkState<T> CreateState(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        NetworkState<T>.RequireFits(StateSizes, count, nameof(count));
        NetworkState<T> state = new(StateSizes, count) { Network = this };
        SetLearnedState(state, 0, count);
        return state;
    }

    /// <summary>Makes a state of gradients, all zero: for <see cref="Tape{T}.FinalStateGradient"/>.</summary>
    /// <param name="count">Number of sequences, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer than 1.</exception>
    public NetworkState<T> CreateStateGradient(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return new NetworkState<T>(StateSizes, count);
    }

    /// <summary>Makes a workspace for inference.</summary>
    /// <param name="workers">
    /// Most threads that share a call, the caller's included. Default 1. 0 stands for one per processor. The size of the work decides how many of
    /// them take part, never more than there are processors; any number gives the same bits.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="workers"/> is negative.</exception>
    /// <exception cref="PlatformNotSupportedException">The platform has no threads (WebAssembly) and <paramref name="workers"/> is 2 or more.</exception>
    public Workspace<T> CreateWorkspace(int workers = 1) => new(this, workers);

    /// <summary>Opens a stream that runs the network step by step.</summary>
    /// <param name="sessions">Number of sessions, at least 1.</param>
    /// <param name="workers">
    /// Most threads that share a step, the caller's included. Default 1. 0 stands for one per processor. The size of the work decides how many of
    /// them take part, never more than there are processors; any number gives the same bits. More than one pay for many sessions or large layers.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="sessions"/> is less than 1 or more than a state can hold, or <paramref name="workers"/> is negative.</exception>
    /// <exception cref="PlatformNotSupportedException">The platform has no threads (WebAssembly) and <paramref name="workers"/> is 2 or more.</exception>
    /// <exception cref="NotSupportedException">A layer reads in reverse or pools whole sequences.</exception>
    public NetworkStream<T> OpenStream(int sessions = 1, int workers = 1) => new(this, sessions, workers);

    /// <summary>Its layers with their sizes, and the number of parameters' values.</summary>
    public override string ToString()
        => $"Network<{typeof(T).Name}>: {string.Join(", ", Layers.Select(layer => $"{layer.Label} {layer.InputSize}→{layer.OutputSize}"))}; "
            + $"{Parameters.Sum(parameter => (long)parameter.Count)} parameters";

    internal void Initialize(long seed)
    {
        T[] flat = new T[_layout.Length];
        ParameterStart<T> start = new(seed, flat);
        foreach (Layer<T> layer in Layers)
        {
            layer.Initialize(start);
        }

        flat.CopyTo(Flat);
        Touch();
    }

    /// <summary>Sets a state to the one that sequences start from.</summary>
    internal void ResetState(NetworkState<T> state)
    {
        state.ClearAll();
        SetLearnedState(state, 0, state.Count);
    }

    /// <summary>Sets some sequences of a state to the learned initial state; of layers that have none they stay as they are.</summary>
    internal void SetLearnedState(NetworkState<T> state, int first, int count)
    {
        for (int i = 0; i < Layers.Count; i++)
        {
            Layers[i].SetLearnedState(_parameters.Pointer, state, first, count);
        }

        GC.KeepAlive(this);
    }

    /// <summary>A copy of the flat parameters, of one version.</summary>
    internal T[] CopyParameters()
    {
        lock (ParameterLock)
        {
            return Flat.ToArray();
        }
    }

    /// <summary>Overwrites the flat parameters.</summary>
    internal void SetParameters(ReadOnlySpan<T> flat)
    {
        lock (ParameterLock)
        {
            flat.CopyTo(Flat);
            Touch();
        }
    }

    /// <summary>Takes the parameters for whoever writes to them. Passes do not ask: they read what is there.</summary>
    /// <exception cref="InvalidOperationException">Another call is writing.</exception>
    internal Use.Taking TakeForWriting() => Use.Take(_writing, "The network", "One call at a time may write to its parameters: train a network on one thread, and give others a Clone.");

    /// <summary>Notes that the parameters have changed.</summary>
    internal void Touch() => Version++;
}
