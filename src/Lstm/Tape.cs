using System.Diagnostics;
using System.Numerics;
using Lstm.Layers;
using Lstm.Runtime;
using Lstm.Sequences;
using Lstm.Texts;
using Lstm.Training.Losses;

namespace Lstm;

/// <summary>
/// The buffers of training passes: a forward pass leaves there what its backward pass needs. They grow once and are reused.
/// </summary>
/// <remarks>
/// A tape belongs to the network that made it and to one thread at a time: a pass on a tape that is in use throws
/// <see cref="InvalidOperationException"/>, also when a callback of the pass makes it. The tape refers to the caller's batch,
/// which must not change until <see cref="Network{T}.Backward"/> has returned. Dispose the tape to end its worker threads.
/// </remarks>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public sealed class Tape<T> : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const string UseRemedy =
        "Each pass needs a tape of its own while it runs: create one for each thread with network.CreateTape().";

    private NetworkState<T>? _initialStateGradient;
    private int? _recomputeEvery;
    private ContentVersion<T> _inputVersion;
    private ContentVersion<int> _idsVersion;

    internal Tape(Network<T> network, int workers)
    {
        Network = network;
        Resources = new PassResources<T>(workers, keeps: true) { Width = network.Width, StateSizes = network.StateSizes };
        Pass = new Pass<T> { Resources = Resources };
        Runs = new LayerRuns<T>(network.Layers);
        Output = new SequenceBatch<T>(network.OutputSize, Use);
        OutputGradient = new SequenceBatch<T>(network.OutputSize, new Use());
        InputGradient = new SequenceBatch<T>(network.InputSize, Use);
    }

    /// <summary>
    /// Whether passes are in training mode: dropout is on, and batch norm measures the batch. Default true. Gradients are
    /// available in both modes.
    /// </summary>
    public bool Training { get; set; } = true;

    /// <summary>The seed of the dropout masks; <see cref="DropoutDraw"/> is the other half of their key. Default 0.</summary>
    public long DropoutSeed { get; set; }

    /// <summary>
    /// The number of the dropout masks that the next forward pass draws. Each forward pass in training mode adds 1. Starts at 0
    /// on each tape: set it yourself if you create a tape per batch.
    /// </summary>
    public long DropoutDraw { get; set; }

    /// <summary>
    /// Whether Backward computes <see cref="InputGradient"/>. Default true; false saves its time. Set it before the forward pass.
    /// </summary>
    public bool ComputesInputGradient { get; set; } = true;

    /// <summary>
    /// The number k of steps that Backward recomputes at a time: forward passes then keep only their output and the states after
    /// every k steps. The bits are the same, in much less memory, for the time of another forward pass. 0 uses the square root of
    /// the longest sequence's length, which roughly minimises memory. Null, the default, keeps everything.
    /// </summary>
    /// <remarks>
    /// k is rounded up to whole blocks of the gradients' sums, which are steps of 128 rows together (docs/reproducibility.md):
    /// with one sequence to 128 steps, with 8 to a multiple of 16, from 65 sequences on not at all. A batch that fits into one
    /// such piece is kept whole. Layers that work step by step are recomputed together, and nothing between them is kept. LSTM
    /// layers that read in reverse are recomputed one by one: their outputs are kept, and so are those of layers that pool or
    /// merge. Traces of gates and gradients cannot be read from a recomputed pass.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    /// <exception cref="NotSupportedException">
    /// The number is not null, and a layer has batch norm, whose statistics need whole passes.
    /// </exception>
    public int? RecomputeEvery
    {
        get => _recomputeEvery;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value ?? 0, nameof(value));
            if (value is not null && Network.Layers.FirstOrDefault(layer => layer.NormalizesBatch) is { } layer)
            {
                throw new NotSupportedException(
                    $"Layer '{Shortened.Text(layer.Name)}' has batch norm, whose statistics need whole passes. Leave " +
                    $"RecomputeEvery at null.");
            }

            _recomputeEvery = value;
        }
    }

    /// <summary>The output of the last forward pass: a view, valid until the next forward pass.</summary>
    public SequenceBatch<T> Output { get; }

    /// <summary>
    /// The gradient of the loss with respect to <see cref="Output"/>, in the output's shape. A loss, or the caller, writes it
    /// between Forward and Backward. Rows that are not written are zero.
    /// </summary>
    /// <remarks>
    /// The zeros are written when the values are first read: a loss that writes all rows does not pay for them.
    /// </remarks>
    public SequenceBatch<T> OutputGradient { get; }

    /// <summary>The gradient of the loss with respect to the input. Backward sets it; for a network of ids it is empty.</summary>
    public SequenceBatch<T> InputGradient { get; }

    /// <summary>
    /// The gradient of the loss with respect to the final state, for every Backward until it is set to null. Null, the default,
    /// is zero. <see cref="Network{T}.CreateStateGradient"/> makes one.
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

    /// <summary>
    /// The gradient of the loss with respect to the state that the forward pass started from. Backward sets it.
    /// </summary>
    /// <exception cref="InvalidOperationException">Backward has not run on this tape yet.</exception>
    public NetworkState<T> InitialStateGradient => _initialStateGradient
        ?? throw new InvalidOperationException("The tape has no gradient of the initial state yet. Run Backward first.");

    internal Network<T> Network { get; }

    /// <summary>Taken by each pass; of what the tape shows, all but <see cref="OutputGradient"/> shares it.</summary>
    internal Use Use { get; } = new();

    internal PassResources<T> Resources { get; }

    /// <summary>The last forward pass, as its backward pass needs it.</summary>
    internal Pass<T> Pass { get; set; }

    /// <summary>The ways to run the layers, one of which the last forward pass has taken.</summary>
    internal LayerRuns<T> Runs { get; }

    /// <summary>The layers as the last forward pass ran them.</summary>
    internal LayerRun<T> Run => Runs.Chosen;

    /// <summary>The gradients between the layers.</summary>
    internal LayerGradients<T> Between { get; } = new();

    /// <summary>Each layer's part of the tape; of layers in <see cref="RecomputedLayers{T}"/> one segment.</summary>
    internal LayerTape<T>[] LayerTapes => Runs.Plain.Tapes;

    /// <summary>Whether the last forward pass kept only what it needs to compute the rest again.</summary>
    internal bool IsRecomputed => Runs.IsRecomputed;

    /// <summary>Whether <see cref="Output"/> is the last forward pass's; not if that ended in a loss.</summary>
    internal bool HasOutput => Runs.Loss is null;

    /// <summary>Where the tape is in the course of a pass.</summary>
    internal TapeState State { get; private set; }

    /// <summary>Whether a forward pass waits for its backward pass.</summary>
    internal bool IsPending => State == TapeState.Forwarded;

    /// <summary>Whether the last forward pass has been back-propagated.</summary>
    internal bool IsBackPropagated => State >= TapeState.BackPropagated;

    /// <summary>Whether the last forward pass measured statistics that no running average has taken up.</summary>
    internal bool HasStatistics => State == TapeState.BackPropagated && Pass.Training;

    /// <summary>The input of the last forward pass; none before the first.</summary>
    internal NetworkInput<T> Input { get; private set; }

    /// <summary>
    /// The shape that the last forward pass read; it is the batch's as long as <see cref="ReadInput"/> does not throw.
    /// </summary>
    internal SequenceShape InputShape { get; private set; } = new();

    /// <summary>The sizes of the last forward pass, and whether a backward pass may follow.</summary>
    public override string ToString()
        => $"{TypeName.Of(this)}: {(IsPending || IsBackPropagated ? $"pass of {InputShape}" : "no pass")}"
            + (IsPending ? ", before Backward" : IsBackPropagated ? ", after Backward" : string.Empty);

    /// <inheritdoc/>
    public void Dispose() => Resources.Dispose();

    /// <summary>Takes the tape for a pass.</summary>
    /// <exception cref="InvalidOperationException">It is in use.</exception>
    internal Use.Taking Take() => Use.Take(Use, "The tape", UseRemedy);

    /// <summary>Takes the output gradient for a pass that reshapes it.</summary>
    /// <exception cref="InvalidOperationException">It is in use.</exception>
    internal Use.Taking TakeOutputGradient() => Use.Take(
        OutputGradient.Use, "The tape's output gradient",
        "A loss writes it between two passes on the tape: give each thread a tape of its own.");

    /// <summary>Reads the tape, which holds a pass.</summary>
    /// <exception cref="InvalidOperationException">A pass is being made.</exception>
    internal Use.Reading Read() => Use.Read(Use, "The tape", UseRemedy);

    /// <summary>Forgets the last pass and begins another one, whose input the caller reads.</summary>
    internal void BeginForward(NetworkInput<T> input, in InputReading<T> reading)
    {
        State = TapeState.Empty;
        Runs.Loss?.Clear();
        (Input, InputShape) = (input, reading.Shape);
        (_inputVersion, _idsVersion) = (new ContentVersion<T>(reading.Content), new ContentVersion<int>(reading.Ids));
        int? steps = _recomputeEvery == 0 ? Math.Max(1, (int)Math.Ceiling(Math.Sqrt(InputShape.StepCount))) : _recomputeEvery;

        // Kept for Backward, which draws the same masks whatever is set on the tape meanwhile.
        Pass = new Pass<T>
        {
            Resources = Resources,
            Training = Training,
            Seed = (ulong)DropoutSeed,
            Draw = DropoutDraw,
            SegmentSteps = steps,
        };
    }

    /// <summary>
    /// Chooses the layers of the pass that has begun, with <paramref name="loss"/> as the last of them or, for null, the
    /// network's own.
    /// </summary>
    internal void ChooseRun(LossLayer<T>? loss) => Runs.Choose(loss, Pass.Cuts(InputShape));

    /// <summary>Ends a forward pass: it waits for Backward.</summary>
    internal void EndForward()
    {
        Debug.Assert(State == TapeState.Empty);
        State = TapeState.Forwarded;
        DropoutDraw += Pass.Training ? 1 : 0;
    }

    /// <summary>Reads the input of the last forward pass again.</summary>
    /// <exception cref="InvalidOperationException">The batch was refilled since.</exception>
    internal InputReading<T> ReadInput()
    {
        InputReading<T> input = new(Input);
        if (!_inputVersion.IsThatOf(input.Content) || !_idsVersion.IsThatOf(input.Ids))
        {
            input.Dispose();
            throw new InvalidOperationException(
                "The input batch was refilled since the tape's forward pass, so its steps are no longer known; run Forward " +
                "again, and fill "
                + "another batch meanwhile.");
        }

        return input;
    }

    /// <summary>
    /// Begins the backward pass, after which there is no pass on the tape unless the backward pass comes to its end.
    /// </summary>
    internal unsafe void BeginBackward(in InputReading<T> input)
    {
        Debug.Assert(State == TapeState.Forwarded);
        State = TapeState.Empty;
        int count = input.Shape.Count;
        if (_initialStateGradient?.Count != count)
        {
            _initialStateGradient = new NetworkState<T>(Network.StateSizes, count, Use);
        }

        // SAFETY: the caller reads the input, so that the ids stay where they are, until the backward pass is over.
        Pass = Pass with { FinalGradient = FinalStateGradient, InitialGradient = _initialStateGradient, Ids = input.IdPointer };
    }

    /// <summary>Ends the backward pass.</summary>
    internal void EndBackward()
    {
        Debug.Assert(State == TapeState.Empty);
        State = TapeState.BackPropagated;
    }

    // SAFETY: the batch has room for all rows of the shape, and no other pass reshapes it while this one has taken the tape.
    /// <summary>Makes room for <see cref="InputGradient"/>; null when nobody asks for it.</summary>
    internal unsafe T* ReserveInputGradient(SequenceShape shape)
    {
        if (!ComputesInputGradient || Network.TakesIds)
        {
            return null;
        }

        InputGradient.ReshapeLike(shape);
        return InputGradient.Content.Pointer;
    }

    /// <summary>
    /// Moves running averages, in flat parameters, towards the statistics that the pass has measured, once for each pass.
    /// </summary>
    /// <exception cref="InvalidOperationException">
    /// The pass has not been back-propagated, or there are no statistics to take.
    /// </exception>
    internal void MoveStatistics(Span<T> flat)
    {
        if (!IsBackPropagated)
        {
            throw new InvalidOperationException(
                "The tape holds no pass that has been back-propagated: statistics are taken after Backward.");
        }

        if (!HasStatistics)
        {
            throw new InvalidOperationException(
                "The tape's pass has no statistics to take: it was not in training mode, or they have been taken already.");
        }

        for (int i = 0; i < LayerTapes.Length; i++)
        {
            Network.Layers[i].MoveStatistics(LayerTapes[i], flat);
        }

        State = TapeState.StatisticsTaken;
    }
}
