using System.Numerics;
using Lstm.Layers;
using Lstm.Runtime;
using Lstm.Sequences;
using Lstm.Texts;
using Lstm.Training.Losses.Softmax;

namespace Lstm;

/// <summary>What one forward pass leaves for its backward pass: buffers that grow once and are reused.</summary>
/// <remarks>
/// A tape belongs to the network that made it and to one thread at a time: a pass on a tape that is in use throws
/// <see cref="InvalidOperationException"/>, and so does a callback that comes back to it. It refers to the caller's batch, which has to
/// stay as it is until <see cref="Network{T}.Backward"/> has returned. Dispose it to end its worker threads.
/// </remarks>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public sealed class Tape<T> : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const string UseRemedy = "Each pass needs a tape of its own while it runs: create one for each thread with network.CreateTape().";

    private readonly AlignedBuffer<T>[] _gradients = [new(), new()];
    private readonly LayerRun<T> _plain;
    private LayerRun<T>? _recomputed;
    private LayerRun<T>? _recomputedButLast;
    private NetworkState<T>? _initialStateGradient;
    private int? _recomputeEvery;
    private ContentVersion<T> _inputVersion;
    private ContentVersion<int> _idsVersion;

    internal Tape(Network<T> network, int workers)
    {
        Network = network;
        Resources = new PassResources<T>(workers, keeps: true) { Width = network.Width, StateSizes = network.StateSizes };
        Pass = new Pass<T> { Resources = Resources };
        LayerTapes = [.. network.Layers.Select(layer => layer.CreateTape())];
        Run = _plain = new LayerRun<T>(network.Layers, LayerTapes);
        Output = new SequenceBatch<T>(network.OutputSize, Use);
        OutputGradient = new SequenceBatch<T>(network.OutputSize, new Use());
        InputGradient = new SequenceBatch<T>(network.InputSize, Use);
    }

    /// <summary>Whether dropout is on and batch norm measures the batch. Default true; gradients are available either way.</summary>
    public bool Training { get; set; } = true;

    /// <summary>With <see cref="DropoutDraw"/>, the key of the dropout masks. Default 0.</summary>
    public long DropoutSeed { get; set; }

    /// <summary>
    /// Which masks the next forward pass draws; each forward pass in training mode counts it up by one. A new tape begins with 0 again: who makes one
    /// for each batch sets this.
    /// </summary>
    public long DropoutDraw { get; set; }

    /// <summary>
    /// Whether Backward computes <see cref="InputGradient"/>. Default true; turn it off when nobody reads it.
    /// </summary>
    public bool ComputesInputGradient { get; set; } = true;

    /// <summary>
    /// With a number k of steps, the next forward passes keep their output and the states after every k steps only, and Backward computes
    /// the steps between again, k at a time: the same bits in much less memory, for the time of another forward pass. 0 takes the square
    /// root of the longest sequence's length, which about makes it least. Null, the default, keeps everything.
    /// </summary>
    /// <remarks>
    /// k is rounded up to whole blocks of the gradients' sums, which are steps of 128 rows together (docs/reproducibility.md):
    /// with one sequence to 128 steps, with 8 to a multiple of 16, from 65 sequences on not at all. A batch that this leaves in
    /// one piece is kept whole. Layers that work step by step are computed again together, so that of those between them nothing
    /// is kept. LSTM layers that read in reverse are by themselves: their outputs are kept, and those of whatever pools or
    /// merges. Traces of gates and gradients have nothing to look at on such a tape.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    /// <exception cref="NotSupportedException">It is not null, and a layer has batch norm, whose statistics need whole passes.</exception>
    public int? RecomputeEvery
    {
        get => _recomputeEvery;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value ?? 0, nameof(value));
            if (value is not null && Network.Layers.FirstOrDefault(layer => layer.NormalizesBatch) is { } layer)
            {
                throw new NotSupportedException($"Layer '{Shortened.Text(layer.Name)}' has batch norm: its statistics need whole passes, which cannot be computed again by segments.");
            }

            _recomputeEvery = value;
        }
    }

    /// <summary>The last forward pass's output: a view, valid until the next one.</summary>
    public SequenceBatch<T> Output { get; }

    /// <summary>
    /// The gradient of the loss with respect to <see cref="Output"/>, of the same shape: to be written between Forward and Backward, which is what a
    /// loss does. Rows that nobody writes are zero.
    /// </summary>
    /// <remarks>Zeros are written only when somebody asks for the values: a loss of this library, which writes all of them, costs nothing more.</remarks>
    public SequenceBatch<T> OutputGradient { get; }

    /// <summary>The gradient with respect to the input, set by Backward; empty for a network fed with ids.</summary>
    public SequenceBatch<T> InputGradient { get; }

    /// <summary>
    /// The gradient of the loss with respect to the final state, which each Backward adds as long as it is here; null (the default) for zero.
    /// <see cref="Network{T}.CreateStateGradient"/> makes one.
    /// </summary>
    public NetworkState<T>? FinalStateGradient { get; set; }

    /// <summary>Whether a state is a part of this tape, which its passes write.</summary>
    internal bool Owns(NetworkState<T>? state) => state is not null && ReferenceEquals(state.Use, Use);

    /// <summary>What of this tape a batch shows, with its article; null of any other batch.</summary>
    internal string? NameOfOwn(SequenceBatch<T>? batch)
    {
        while (batch?.Source is { } source)
        {
            batch = source;
        }

        return batch is null ? null
            : ReferenceEquals(batch, OutputGradient) ? "the tape's own output gradient"
            : ReferenceEquals(batch, InputGradient) ? "the tape's own input gradient"
            : ReferenceEquals(batch, Output) ? "the tape's own output"
            : null;
    }

    /// <summary>The gradient with respect to the state that the forward pass started from, set by Backward.</summary>
    /// <exception cref="InvalidOperationException">Backward has not run yet.</exception>
    public NetworkState<T> InitialStateGradient => _initialStateGradient
        ?? throw new InvalidOperationException("There is no gradient of the initial state before Backward has run.");

    internal Network<T> Network { get; }

    /// <summary>Taken by each pass; of what the tape shows, all but <see cref="OutputGradient"/> shares it.</summary>
    internal Use Use { get; } = new();

    internal PassResources<T> Resources { get; }

    /// <summary>The last forward pass, as its backward pass needs it.</summary>
    internal Pass<T> Pass { get; set; }

    /// <summary>What each layer leaves; of layers in <see cref="RecomputedLayers{T}"/> one segment of it.</summary>
    internal LayerTape<T>[] LayerTapes { get; }

    /// <summary>The layers as the last forward pass ran them.</summary>
    internal LayerRun<T> Run { get; private set; }

    /// <summary>Whether the last forward pass kept only what it needs to compute the rest again.</summary>
    internal bool IsRecomputed => !ReferenceEquals(Run, _plain);

    /// <summary>The loss that took the last layer with it, if the last forward pass ended so.</summary>
    internal FusedLoss<T> Fused { get; } = new();

    /// <summary>The input of the last forward pass; none before the first.</summary>
    internal NetworkInput<T> Input { get; private set; }

    /// <summary>Whether a forward pass waits for its backward pass.</summary>
    internal bool IsPending { get; set; }

    /// <summary>Whether the last forward pass has been back-propagated: the gates are overwritten by their gradients then.</summary>
    internal bool IsBackPropagated { get; set; }

    /// <summary>Whether <see cref="Output"/> is the last forward pass's; not when the loss took the last layer with it.</summary>
    internal bool HasOutput { get; set; }

    /// <summary>Whether the last forward pass measured statistics that no running average has taken up.</summary>
    internal bool HasStatistics { get; set; }

    /// <summary>The shape that the last forward pass read; it is the batch's as long as <see cref="ReadInput"/> does not throw.</summary>
    internal SequenceShape InputShape { get; private set; } = new();

    /// <inheritdoc/>
    public void Dispose() => Resources.Dispose();

    /// <summary>Takes the tape for a pass.</summary>
    /// <exception cref="InvalidOperationException">It is in use.</exception>
    internal Use.Taking Take() => Use.Take(Use, "The tape", UseRemedy);

    /// <summary>Reads the tape, which holds a pass.</summary>
    /// <exception cref="InvalidOperationException">A pass is being made.</exception>
    internal Use.Reading Read() => Use.Read(Use, "The tape", UseRemedy);

    /// <summary>Notes the input of the pass that begins, which it reads.</summary>
    internal void SetInput(NetworkInput<T> input, in InputReading<T> reading)
    {
        (Input, InputShape) = (input, reading.Shape);
        (_inputVersion, _idsVersion) = (new ContentVersion<T>(reading.Content), new ContentVersion<int>(reading.Ids));
    }

    /// <summary>Reads the input of the last forward pass again.</summary>
    /// <exception cref="InvalidOperationException">The batch was refilled since.</exception>
    internal InputReading<T> ReadInput()
    {
        InputReading<T> input = new(Input);
        if (!_inputVersion.IsThatOf(input.Content) || !_idsVersion.IsThatOf(input.Ids))
        {
            input.Dispose();
            throw new InvalidOperationException("The input batch was refilled since the tape's forward pass, so its steps are no longer known; run Forward again, and fill another batch meanwhile.");
        }

        return input;
    }

    /// <summary>Chooses the layers of a pass over the input, which is set; <paramref name="fuses"/> when a loss takes the last one with it.</summary>
    internal void ChooseRun(bool fuses)
    {
        int steps = InputShape.StepCount;
        int? every = _recomputeEvery switch
        {
            null => null,
            0 => Math.Max(1, (int)Math.Ceiling(Math.Sqrt(steps))),
            { } given => given,
        };
        Pass = Pass with { SegmentSteps = every };
        if (!Pass.Cuts(InputShape))
        {
            Run = _plain;
        }
        else if (fuses)
        {
            Run = _recomputedButLast ??= _plain.Recomputed(LayerTapes.Length - 1);
        }
        else
        {
            Run = _recomputed ??= _plain.Recomputed(LayerTapes.Length);
        }
    }

    /// <summary>One of two buffers that the gradients between layers alternate in.</summary>
    internal AlignedBuffer<T> GradientBuffer(int layer, long length)
    {
        AlignedBuffer<T> buffer = _gradients[layer & 1];
        buffer.Reserve(length);
        return buffer;
    }

    internal NetworkState<T> PrepareInitialStateGradient(int count)
    {
        if (_initialStateGradient is null || _initialStateGradient.Count != count)
        {
            _initialStateGradient = new NetworkState<T>(Network.StateSizes, count, Use);
        }

        return _initialStateGradient;
    }
}
