using System.Numerics;
using System.Numerics.Tensors;
using Lstm.Diagnostics;
using Lstm.Formats;
using Lstm.Formats.Files;
using Lstm.Kernels.Products;
using Lstm.Layers;
using Lstm.Layers.Stack;
using Lstm.Parameters;
using Lstm.Runtime;
using Lstm.Simd;
using Lstm.Specs;
using Lstm.Texts;

namespace Lstm;

/// <summary>Layers and their parameters: the object that is trained, saved and used for inference.</summary>
/// <remarks>
/// Inference never writes to a network, so any number of threads may share one, each with a workspace, tape or stream of its own.
/// Training writes to it: serve a <see cref="Clone"/> meanwhile, since passes that run while the parameters change compute with
/// some of both. Two calls that write to it at the same time are refused.
/// </remarks>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public sealed class Network<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly LayerSpec[] _specs;
    private readonly LayerStack<T> _stack;

    internal Network(int inputSize, ReadOnlySpan<LayerSpec> specs, SimdWidth width)
    {
        if (typeof(T) != typeof(float) && typeof(T) != typeof(double))
        {
            throw new NotSupportedException($"A network computes in float or double, not in {typeof(T)}.");
        }

        InputSize = inputSize;
        Width = width;
        _specs = specs.ToArray();
        ParameterLayout layout = new(PanelLayout.LineOf<T>());
        _stack = new LayerStack<T>(inputSize, specs, layout);
        ParameterSet = new ParameterSet<T>(layout);
        InitialStates = new InitialStates<T>(_stack.Layers, _stack.StateSizes, ParameterSet);
        Checks = new PassChecks<T>(this);
        TapePasses = new TapePasses<T>(this, Checks);
        WorkspacePasses = new WorkspacePasses<T>(this, Checks);
    }

    /// <summary>The number of values in a step of the input; with an embedding in front, the number of ids.</summary>
    public int InputSize { get; }

    /// <summary>The number of values in a row of the output: one row per step or, after a pooling layer, per sequence.</summary>
    public int OutputSize => Layers[^1].OutputSize;

    /// <summary>The layer specs that the network was made from.</summary>
    public IReadOnlyList<LayerSpec> Specs => _specs;

    /// <summary>
    /// The options of <see cref="Specs"/> that have no effect beside the others: a sentence for each, with cause and remedy.
    /// <see cref="Network.Create{T}(int, long, ReadOnlySpan{LayerSpec})"/> refuses them; a loaded network may have them.
    /// </summary>
    public IReadOnlyList<string> OptionsWithoutEffect => SpecEffects.Missing(_specs, _stack.SpecNames);

    /// <summary>Whether the input is integer ids: the network starts with an <see cref="EmbeddingSpec"/>.</summary>
    public bool TakesIds => Layers[0] is EmbeddingLayer<T>;

    /// <summary>The parameters in order: name, shape, and whether each is trainable.</summary>
    public IReadOnlyList<Parameter> Parameters => Layout.All;

    /// <summary>Text that is saved with the network by key. Scalers keep their settings here.</summary>
    public IDictionary<string, string> Metadata { get; } = new SortedDictionary<string, string>(StringComparer.Ordinal);

    /// <summary>The number of writes to the parameters so far.</summary>
    public long Version => ParameterSet.Version;

    internal IReadOnlyList<Layer<T>> Layers => _stack.Layers;

    internal IReadOnlyList<StateSize> StateSizes => _stack.StateSizes;

    internal SimdWidth Width { get; }

    internal ParameterSet<T> ParameterSet { get; }

    internal InitialStates<T> InitialStates { get; }

    internal PassChecks<T> Checks { get; }

    internal TapePasses<T> TapePasses { get; }

    internal WorkspacePasses<T> WorkspacePasses { get; }

    internal ParameterLayout Layout => ParameterSet.Layout;

    internal bool HasStatistics => ParameterSet.HasStatistics;

    internal Span<T> Flat => ParameterSet.Flat;

    // SAFETY: as ParameterSet.Pointer.
    internal unsafe T* ParameterPointer => ParameterSet.Pointer;

    internal Lock ParameterLock => ParameterSet.Lock;

    /// <inheritdoc cref="Network.Create{T}(int, ReadOnlySpan{LayerSpec})"/>
    public static Network<T> Create(int inputSize, params ReadOnlySpan<LayerSpec> layers)
        => Network.Create<T>(inputSize, 0, layers);

    /// <inheritdoc cref="Network.Create{T}(int, long, ReadOnlySpan{LayerSpec})"/>
    public static Network<T> Create(int inputSize, long seed, params ReadOnlySpan<LayerSpec> layers)
        => Network.Create<T>(inputSize, seed, layers);

    /// <inheritdoc cref="Network.Create{T}(int, ReadOnlySpan{LayerSpec})"/>
    public static Network<T> Create(int inputSize, IEnumerable<LayerSpec> layers) => Network.Create<T>(inputSize, 0, layers);

    /// <inheritdoc cref="Network.Create{T}(int, long, ReadOnlySpan{LayerSpec})"/>
    public static Network<T> Create(int inputSize, long seed, IEnumerable<LayerSpec> layers)
        => Network.Create<T>(inputSize, seed, layers);

    /// <inheritdoc cref="Network.Load{T}(string, LoadOptions?)"/>
    public static Network<T> Load(string path, LoadOptions? options = null) => Network.Load<T>(path, options);

    /// <inheritdoc cref="Network.Load{T}(Stream, LoadOptions?)"/>
    public static Network<T> Load(Stream stream, LoadOptions? options = null) => Network.Load<T>(stream, options);

    /// <summary>Copies out one parameter, in PyTorch's layout.</summary>
    /// <param name="name">A name from <see cref="Parameters"/>, e.g. <c>lstm.weight_ih_l0</c>.</param>
    /// <exception cref="ArgumentException">There is no parameter of that name.</exception>
    public Tensor<T> ReadParameter(string name) => ParameterSet.Read(name);

    /// <inheritdoc cref="ReadParameter(string)"/>
    /// <param name="name">A name from <see cref="Parameters"/>.</param>
    /// <param name="destination">Room for exactly its values, row by row.</param>
    public void ReadParameter(string name, Span<T> destination) => ParameterSet.Read(name, destination);

    /// <summary>Overwrites one parameter, given in PyTorch's layout.</summary>
    /// <param name="name">A name from <see cref="Parameters"/>.</param>
    /// <param name="tensor">A tensor of the parameter's shape.</param>
    /// <exception cref="ArgumentException">There is no parameter of that name, or its shape is another one.</exception>
    /// <exception cref="InvalidOperationException">Another call is writing to the parameters.</exception>
    public void WriteParameter(string name, in ReadOnlyTensorSpan<T> tensor) => ParameterSet.Write(name, tensor);

    /// <inheritdoc cref="WriteParameter(string, in ReadOnlyTensorSpan{T})"/>
    /// <param name="name">A name from <see cref="Parameters"/>.</param>
    /// <param name="values">All its values, row by row.</param>
    public void WriteParameter(string name, ReadOnlySpan<T> values) => ParameterSet.Write(name, values);

    /// <summary>Freezes a parameter, or makes it trainable.</summary>
    /// <param name="name">A name from <see cref="Parameters"/>.</param>
    /// <param name="trainable">Whether optimizers change the parameter.</param>
    /// <exception cref="ArgumentException">No such parameter, or it is a <see cref="Parameter.IsStatistic"/>.</exception>
    public void SetTrainable(string name, bool trainable) => ParameterSet.SetTrainable(name, trainable);

    /// <summary>Makes an independent copy: the same specs, parameters, frozen parameters and metadata.</summary>
    public Network<T> Clone()
    {
        Network<T> copy = new(InputSize, _specs, Width);
        copy.ParameterSet.CopyFrom(ParameterSet);
        foreach ((string key, string value) in Metadata)
        {
            copy.Metadata[key] = value;
        }

        return copy;
    }

    /// <summary>Makes a tape for training passes.</summary>
    /// <param name="workers">
    /// The largest number of threads that share a pass, the caller's included. Default 1. 0 stands for one per processor. The
    /// size of the work decides how many of them take part, never more than there are processors; any number gives the same bits.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="workers"/> is negative.</exception>
    /// <exception cref="PlatformNotSupportedException">The platform has no threads (WebAssembly): use 1 worker.</exception>
    public Tape<T> CreateTape(int workers = 1) => new(this, workers);

    /// <summary>Makes a gradient, all zero.</summary>
    public Gradient<T> CreateGradient() => new(Layout);

    /// <summary>Makes the state that sequences start from: zero, or the learned one.</summary>
    /// <param name="count">The number of sequences, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer than 1, or more than a state can hold.</exception>
    public NetworkState<T> CreateState(int count) => InitialStates.Create(count);

    /// <summary>Makes a state of gradients, all zero: for <see cref="Tape{T}.FinalStateGradient"/>.</summary>
    /// <param name="count">The number of sequences, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer than 1.</exception>
    public NetworkState<T> CreateStateGradient(int count) => InitialStates.CreateGradient(count);

    /// <summary>Makes a workspace for inference.</summary>
    /// <inheritdoc cref="CreateTape"/>
    public Workspace<T> CreateWorkspace(int workers = 1) => new(this, workers);

    /// <summary>Opens a stream that runs the network step by step.</summary>
    /// <param name="sessions">The number of sessions, at least 1.</param>
    /// <param name="workers">As in <see cref="CreateTape"/>. More than 1 pay for many sessions or large layers.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are too few or too many sessions or workers.</exception>
    /// <exception cref="PlatformNotSupportedException">The platform has no threads (WebAssembly): use 1 worker.</exception>
    /// <exception cref="NotSupportedException">A layer reads in reverse or pools whole sequences.</exception>
    public NetworkStream<T> OpenStream(int sessions = 1, int workers = 1) => new(this, sessions, workers);

    /// <summary>Runs a batch forward from the zero or learned state, and leaves on the tape what Backward needs.</summary>
    /// <param name="batch">
    /// Sequences of <see cref="InputSize"/> features, or of ids 0 … <see cref="InputSize"/> − 1. It must not change until
    /// Backward has returned.
    /// </param>
    /// <param name="tape">A tape of this network.</param>
    /// <returns>The output: a view, valid until the tape's next forward pass.</returns>
    /// <exception cref="ArgumentException">The batch or tape does not fit the network, or the batch is the tape's.</exception>
    /// <exception cref="InvalidOperationException">The tape is in use, or the batch is being refilled.</exception>
    public SequenceBatch<T> Forward(NetworkInput<T> batch, Tape<T> tape) => TapePasses.Forward(batch, null, tape);

    /// <summary>Runs a batch forward from a state, which is overwritten with the state after each sequence's last step.</summary>
    /// <param name="batch">Sequences as for <see cref="Forward(NetworkInput{T}, Tape{T})"/>.</param>
    /// <param name="state">Read, and written back on success. No gradient flows into a learned initial state.</param>
    /// <param name="tape">A tape of this network.</param>
    /// <returns>The output: a view, valid until the tape's next forward pass.</returns>
    /// <exception cref="ArgumentException">
    /// The batch, the state or the tape does not fit this network, or the batch or the state is the tape's own.
    /// </exception>
    /// <exception cref="InvalidOperationException">The tape or the state is in use, or the batch is being refilled.</exception>
    public SequenceBatch<T> Forward(NetworkInput<T> batch, NetworkState<T> state, Tape<T> tape)
    {
        ArgumentNullException.ThrowIfNull(state);
        return TapePasses.Forward(batch, state, tape);
    }

    /// <summary>Runs a batch forward and evaluates a loss: <c>Forward</c> and <c>loss.Evaluate</c> in one, bit for bit.</summary>
    /// <remarks>
    /// <para>When the last layer is a <see cref="DenseSpec"/> without activation and the loss is one of this library's or a
    /// <see cref="Lstm.Training.LabelLoss{T}"/>, the whole output is never stored: a few hundred rows exist at a time. The tape's
    /// output and output gradient are not set then; otherwise they are. Backward follows as usual.</para>
    /// <para>Give <paramref name="gradient"/> when training: a loss of labels then adds the last layer's part to it while the
    /// logits are at hand, and Backward, which has to be given the same gradient, unchanged, adds the rest. Clear it before this
    /// call, not between the two. Without it Backward computes all logits again: four large products instead of three.</para>
    /// </remarks>
    /// <param name="batch">
    /// Sequences of <see cref="InputSize"/> features, or of ids 0 … <see cref="InputSize"/> − 1. Neither it nor the target must
    /// change until Backward has returned.
    /// </param>
    /// <param name="target">Values or labels, as the loss takes them, with the weights of their rows if they have some.</param>
    /// <param name="loss">The loss.</param>
    /// <param name="tape">A tape of this network.</param>
    /// <param name="state">The state to start from, overwritten with the final one; null for the zero or learned one.</param>
    /// <param name="gradient">The gradient that Backward will be given; null to leave all of it to Backward.</param>
    /// <returns>The loss's value.</returns>
    /// <exception cref="ArgumentException">
    /// Something does not fit this network or the output, or is the tape's own; the target is of the kind that the loss does not
    /// take; or the loss takes logits and the last <see cref="DenseSpec"/> has an activation.
    /// </exception>
    /// <exception cref="InvalidOperationException">The tape, state or gradient is in use, or a batch is refilled.</exception>
    public double ForwardLoss(
        NetworkInput<T> batch, NetworkTarget<T> target, Loss<T> loss, Tape<T> tape, NetworkState<T>? state = null,
        Gradient<T>? gradient = null)
        => TapePasses.ForwardLoss(batch, target, loss, tape, gradient, state, null).Value;

    /// <summary>
    /// Back-propagates the tape's output gradient through the pass that is on the tape (BPTT, Werbos 1990), adds into
    /// <paramref name="gradient"/>, and sets the tape's gradients of the input and of the initial state.
    /// </summary>
    /// <param name="tape">The tape of a forward pass that has not been back-propagated yet.</param>
    /// <param name="gradient">A gradient of this network.</param>
    /// <exception cref="ArgumentException">
    /// The tape, the gradient or the final state's gradient is another network's, or is of other sizes.
    /// </exception>
    /// <exception cref="InvalidOperationException">
    /// There is no such forward pass, the parameters or the batch have changed since, or the tape or the gradient is in use.
    /// </exception>
    public void Backward(Tape<T> tape, Gradient<T> gradient) => TapePasses.Backward(tape, gradient);

    /// <summary>
    /// Moves the running averages of batch norm towards the statistics that the tape's pass, in training mode, has measured:
    /// running ← running + m⊙(batch − running), m being <see cref="BatchNormalization.Momentum"/>. A network without batch norm
    /// stays as it is.
    /// </summary>
    /// <remarks>
    /// <para>Forward itself never writes to the parameters. Call this method once after each <see cref="Backward"/> whose step is
    /// kept, before or after the optimizer's; <see cref="Trainer{T}"/> does. It counts as a write to the parameters:
    /// <see cref="Version"/> rises.</para>
    /// <para>The variances of W_ih x, W_hh h and c are divided by N for normalising but by N − 1, N being the step's rows, for
    /// the running averages, as in PyTorch. A step of one row has none. Steps from <see cref="BatchNormalization.Steps"/> − 1 on
    /// are averaged first, since they share one set.</para>
    /// </remarks>
    /// <param name="tape">The tape of a pass that has been back-propagated.</param>
    /// <exception cref="ArgumentException">The tape belongs to another network.</exception>
    /// <exception cref="InvalidOperationException">
    /// The tape's pass has not been back-propagated, was not in training mode, or its statistics have been taken already; or the
    /// tape is in use.
    /// </exception>
    public void UpdateStatistics(Tape<T> tape) => TapePasses.UpdateStatistics(tape);

    /// <summary>Runs one sequence and returns the output of each step in one array, step after step.</summary>
    /// <param name="series">The steps of the sequence, <see cref="InputSize"/> values each; may be empty.</param>
    /// <returns><see cref="OutputSize"/> values per step (of one step in all after a pooling layer).</returns>
    /// <exception cref="ArgumentException">The values are no whole number of steps, or the network takes ids.</exception>
    public T[] Predict(ReadOnlySpan<T> series)
        => Predict(SequenceBatch.FromSequences<T>([series.ToArray()], TakesIds ? 1 : InputSize)).GetSequence(0);

    /// <summary>Runs a batch without a tape.</summary>
    /// <param name="batch">Sequences of <see cref="InputSize"/> features, or of ids 0 … <see cref="InputSize"/> − 1.</param>
    /// <param name="state">The state to start from, overwritten with the final one; null for the zero or learned one.</param>
    /// <param name="workspace">A workspace, whose <see cref="Workspace{T}.Output"/> is returned; null to allocate it.</param>
    /// <exception cref="ArgumentException">Something does not fit this network, or the batch is the workspace's own.</exception>
    /// <exception cref="InvalidOperationException">The state or workspace is in use, or the batch is refilled.</exception>
    /// <exception cref="NonFiniteValueException">A value is not finite; see <see cref="Workspace{T}.ChecksFinite"/>.</exception>
    public SequenceBatch<T> Predict(NetworkInput<T> batch, NetworkState<T>? state = null, Workspace<T>? workspace = null)
        => WorkspacePasses.Predict(batch, state, workspace);

    /// <summary>
    /// Saves the network as a safetensors file: specs, parameters by name in PyTorch's layout, frozen parameters, metadata, and a
    /// hash. The same network gives the same bytes.
    /// </summary>
    /// <remarks>The file is written beside its place and renamed once it is on disk: half a file is never there.</remarks>
    /// <param name="path">The path of the file; an existing file is replaced.</param>
    /// <exception cref="ArgumentException">A layer's name or the metadata is not valid Unicode.</exception>
    /// <exception cref="IOException">
    /// The file cannot be written, or a folder, a device, a FIFO or a socket is there; what was there remains.
    /// </exception>
    public void Save(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        AtomicFile.Write(path, Save);
    }

    /// <summary>Writes what <see cref="Save(string)"/> writes to a stream, at its position.</summary>
    /// <param name="stream">The stream, which stays open.</param>
    /// <exception cref="ArgumentException">A name or the metadata is not valid Unicode; nothing has been written.</exception>
    public void Save(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ModelFile.Write(InputSize, _specs, ParameterSet, Metadata, stream);
    }

    /// <summary>
    /// Overwrites all parameters with the tensors of a safetensors file, such as a PyTorch module's state_dict. Everything is
    /// checked before anything changes; frozen parameters stay frozen, and the metadata stays.
    /// </summary>
    /// <remarks>
    /// The network says what is expected: layers named like the module's, <see cref="LstmBias.Two"/> for PyTorch's two bias
    /// vectors. A layer with <see cref="LstmBias.One"/> gets the sum of the two, added in double and rounded once. A file with a
    /// <c>sha256</c> in its metadata, as models and checkpoints of this library have, is refused unless its contents have that
    /// hash.
    /// </remarks>
    /// <param name="path">The file.</param>
    /// <param name="options">How tensors are found; null for tensors of the parameters' names.</param>
    /// <exception cref="InvalidDataException">
    /// The file is broken or another program's, or tensors are missing, unexpected, or of another shape or precision than their
    /// parameters: the message lists all of them.
    /// </exception>
    public void LoadStateDict(string path, StateDictOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using FileStream stream = File.OpenRead(path);
        LoadStateDict(stream, options);
    }

    /// <inheritdoc cref="LoadStateDict(string, StateDictOptions?)"/>
    /// <param name="stream">The file, from the stream's position to its end. The stream stays open.</param>
    /// <param name="options">How tensors are found; null for tensors of the parameters' names.</param>
    public void LoadStateDict(Stream stream, StateDictOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        using Use.Taking writing = ParameterSet.TakeForWriting();
        ModelFile.ReadStateDict(ParameterSet, stream, options ?? new());
    }

    /// <summary>
    /// The input size, the layers with their output sizes, and the number of values of all parameters:
    /// <c>Network&lt;float&gt;: 1 -> lstm 32 -> dense 1, 4,385 parameters</c>.
    /// </summary>
    public override string ToString()
        => $"{TypeName.Of(this)}: {(TakesIds ? Counted.Of(InputSize, "id") : InputSize)}"
            + string.Concat(Layers.Select(layer => $" -> {layer.Label} {layer.OutputSize}"))
            + $", {Counted.Of(Parameters.Sum(parameter => (long)parameter.Count), "parameter")}";
}
