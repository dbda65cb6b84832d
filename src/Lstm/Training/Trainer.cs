using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Runtime;
using Lstm.Texts;
using Lstm.Training;
using Lstm.Training.Batches;
using Lstm.Training.Checkpoints;
using Lstm.Training.Losses;
using Lstm.Training.Models;

namespace Lstm;

/// <summary>
/// Trains a network, or a model of several: Forward, loss, Backward, clipping and the optimizer, epoch after epoch.
/// </summary>
/// <remarks>
/// <para>The same batches, options and starting point give the same bits, on any number of threads, interrupted and resumed or
/// not. Two calls of Fit of 5 epochs do what one call of 10 does, except that each looks for its own best epoch and has its own
/// patience. A step allocates nothing once all buffers have grown to the largest batch.</para>
/// <para>One thread trains. While it does, other threads may call <see cref="SaveCheckpoint(string)"/> and
/// <see cref="Evaluate"/>: they wait for the end of the step under way, and the next step waits for them. Calls that would change
/// the training under way, such as <see cref="LoadCheckpoint(string)"/>, are refused meanwhile.</para>
/// </remarks>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public sealed class Trainer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private BestParameters<T>? _best;

    /// <summary>Creates a trainer.</summary>
    /// <param name="network">The network to train.</param>
    /// <param name="loss">The loss to minimise.</param>
    /// <param name="optimizer">The optimizer; it keeps its state between calls of Fit.</param>
    /// <exception cref="ArgumentException">
    /// The loss cannot be meant for the network: it takes logits and the last <see cref="DenseSpec"/> has an activation, it has
    /// weights for another number of classes, or it chooses among one class.
    /// </exception>
    public Trainer(Network<T> network, Loss<T> loss, Optimizer<T> optimizer)
        : this(NetworkModel<T>.Of(network), loss, optimizer)
    {
    }

    /// <summary>Creates a trainer of a model of several networks, whose last one gives the output.</summary>
    /// <inheritdoc cref="Trainer{T}(Network{T}, Loss{T}, Optimizer{T})" path="exception"/>
    /// <param name="model">The model to train.</param>
    /// <param name="loss">The loss to minimise, of the output of the model's last network.</param>
    /// <param name="optimizer">The optimizer; it keeps its state between calls of Fit.</param>
    public Trainer(TrainableModel<T> model, Loss<T> loss, Optimizer<T> optimizer)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(loss);
        ArgumentNullException.ThrowIfNull(optimizer);
        LossChecks<T>.CheckTrains(model.Output.Layers, loss);
        (Loss, State) = (loss, new TrainingState<T>(model, optimizer));
    }

    /// <summary>The model that is trained; for a trainer of a network the model of this network alone.</summary>
    public TrainableModel<T> Model => State.Model;

    /// <summary>The network that is trained; for a model of several networks the last one, which gives the output.</summary>
    public Network<T> Network => State.Model.Output;

    /// <summary>The loss that is minimised.</summary>
    public Loss<T> Loss { get; }

    /// <summary>The optimizer, with its state.</summary>
    public Optimizer<T> Optimizer => State.Optimizer;

    /// <summary>The limit to gradients. Default <see cref="GradientClip.None"/>.</summary>
    public GradientClip Clip { get; init; } = GradientClip.None;

    /// <summary>
    /// The course of the learning rate: a factor of <see cref="Optimizer{T}.LearningRate"/> for each step. Default null, which
    /// stands for the factor 1. Checkpoints save its kind, settings and numbers.
    /// </summary>
    /// <exception cref="InvalidOperationException">
    /// The schedule has numbers of its own and belongs to another trainer.
    /// </exception>
    public LearningRateSchedule? Schedule
    {
        get => State.Schedule;
        init
        {
            value?.Bind(this);
            State.Schedule = value;
        }
    }

    /// <summary>
    /// The progress of the training. After a canceled Fit the next call goes on behind the last completed step, in the same
    /// epoch.
    /// </summary>
    /// <exception cref="InvalidOperationException">The property is set while Fit runs.</exception>
    public TrainingPosition Position
    {
        get => State.Position;
        set => State.MoveTo(value);
    }

    /// <summary>
    /// The result of the latest call of Fit, whether completed, canceled or failed; null before the first call has ended.
    /// </summary>
    public TrainingResult? LastResult { get; private set; }

    /// <summary>All that the training goes on from.</summary>
    internal TrainingState<T> State { get; }

    /// <summary>Trains on a list of batches.</summary>
    /// <param name="batches">
    /// One or more batches; an epoch goes through all of them. All are checked before the first step if they exist: the list is
    /// an <see cref="ICollection{T}"/>, as arrays and <see cref="List{T}"/> are. A list of another kind may create its batches on
    /// demand: each batch is asked for once an epoch and checked when it comes.
    /// </param>
    /// <param name="options">The options of the training.</param>
    /// <param name="validationBatches">
    /// Batches to evaluate after each epoch; null or empty for none. They continue each other if
    /// <see cref="TrainingOptions.CarryState"/> is set.
    /// </param>
    /// <param name="progress">
    /// Receives a report, on this thread, after each batch (with <see cref="TrainingOptions.TruncateAfter"/> after each segment)
    /// and each epoch. <see cref="Progress{T}"/> passes reports on to another thread, late and perhaps out of order; a custom
    /// <see cref="IProgress{T}"/> is called in place.
    /// </param>
    /// <param name="cancellationToken">Checked before each batch and each segment.</param>
    /// <returns>The result, also in <see cref="LastResult"/>, which has it after an exception too.</returns>
    /// <exception cref="ArgumentException">
    /// There are no batches, or they or the options do not fit the network or the loss; the message says where, by batch,
    /// sequence and step. Nothing has been changed. A target that is not finite is refused unless
    /// <see cref="TrainingOptions.OnNonFinite"/> leaves its step out.
    /// </exception>
    /// <exception cref="InvalidOperationException">
    /// <see cref="Position"/> is none in these batches, Fit runs already, or <see cref="Schedule"/> gives a factor that is
    /// negative or not finite; the network is left at the last completed step.
    /// </exception>
    /// <exception cref="NotSupportedException">
    /// Sequences are to be cut or continued, and a layer or the loss needs them whole.
    /// </exception>
    /// <exception cref="NonFiniteGradientException">
    /// A gradient is not finite; the network is left at the last completed step.
    /// </exception>
    /// <exception cref="OperationCanceledException">
    /// The call was canceled; the network is left at the last completed step.
    /// </exception>
    /// <exception cref="IOException">
    /// A checkpoint cannot be written; the network is left at the last completed step. A path where no checkpoint can be written
    /// is refused before the first step.
    /// </exception>
    public TrainingResult Fit(
        IReadOnlyList<TrainingBatch<T>> batches,
        TrainingOptions options,
        IReadOnlyList<TrainingBatch<T>>? validationBatches = null,
        IProgress<TrainingProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(batches);
        BatchSources<T> sources = new(this, options, validationBatches);
        return Fit(sources, sources.OfTraining(batches), progress, cancellationToken);
    }

    /// <summary>Trains on batches that a function creates for each epoch: data larger than memory, augmentation.</summary>
    /// <param name="epochBatches">
    /// Gives the batches of an epoch, numbered from 0 over all calls of Fit, one after the other. Called once an epoch; an epoch
    /// that is resumed takes the batches from its beginning and leaves out those that are done. A batch may be refilled for the
    /// next one, unless <see cref="TrainingOptions.AccumulateBatches"/> needs several at a time.
    /// </param>
    /// <param name="options">The options of the training; <see cref="TrainingOptions.Shuffle"/> has no effect.</param>
    /// <param name="validationBatches">Batches to evaluate after each epoch; null or empty for none.</param>
    /// <param name="progress">Receives a report after each batch or segment, and after each epoch.</param>
    /// <param name="cancellationToken">Checked before each batch and each segment.</param>
    /// <inheritdoc cref="Fit(IReadOnlyList{TrainingBatch{T}}, TrainingOptions, IReadOnlyList{TrainingBatch{T}}?,
    /// IProgress{TrainingProgress}?, CancellationToken)"/>
    public TrainingResult Fit(
        Func<int, IEnumerable<TrainingBatch<T>>> epochBatches,
        TrainingOptions options,
        IReadOnlyList<TrainingBatch<T>>? validationBatches = null,
        IProgress<TrainingProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(epochBatches);
        BatchSources<T> sources = new(this, options, validationBatches);
        return Fit(sources, sources.OfTraining(epochBatches), progress, cancellationToken);
    }

    /// <summary>Trains on a list of batches for a number of epochs, with the default options otherwise.</summary>
    /// <param name="batches">One or more batches.</param>
    /// <param name="epochs">Passes over the batches, at least 1.</param>
    /// <inheritdoc cref="Fit(IReadOnlyList{TrainingBatch{T}}, TrainingOptions, IReadOnlyList{TrainingBatch{T}}?,
    /// IProgress{TrainingProgress}?, CancellationToken)"/>
    public TrainingResult Fit(IReadOnlyList<TrainingBatch<T>> batches, int epochs)
        => Fit(batches, new TrainingOptions { Epochs = epochs });

    /// <summary>Trains on a list of batches and calls a function after each batch and each epoch.</summary>
    /// <param name="batches">One or more batches.</param>
    /// <param name="options">The options of the training.</param>
    /// <param name="progress">The function, called on this thread.</param>
    /// <param name="validationBatches">Batches to evaluate after each epoch; null or empty for none.</param>
    /// <param name="cancellationToken">Checked before each batch and each segment.</param>
    /// <inheritdoc cref="Fit(IReadOnlyList{TrainingBatch{T}}, TrainingOptions, IReadOnlyList{TrainingBatch{T}}?,
    /// IProgress{TrainingProgress}?, CancellationToken)"/>
    // A null in the third place means no validation.
    [OverloadResolutionPriority(-1)]
    public TrainingResult Fit(
        IReadOnlyList<TrainingBatch<T>> batches,
        TrainingOptions options,
        Action<TrainingProgress> progress,
        IReadOnlyList<TrainingBatch<T>>? validationBatches = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(progress);
        return Fit(batches, options, validationBatches, new InPlaceProgress(progress), cancellationToken);
    }

    /// <summary>Measures the loss on batches, without learning and without dropout.</summary>
    /// <remarks>
    /// Long sequences are evaluated in pieces, so that memory does not grow with their length, unless the network or the loss
    /// needs whole sequences. The logits of large vocabularies are never stored. While Fit runs on another thread, this call
    /// waits for the end of a step, and the next step waits for this call.
    /// </remarks>
    /// <param name="batches">One or more batches; each is asked for once.</param>
    /// <param name="options">The options of the evaluation; null for the defaults.</param>
    /// <param name="cancellationToken">Checked before each batch, and within long ones.</param>
    /// <exception cref="ArgumentException">
    /// There are no batches, one does not fit the network or the loss, or a target is not finite.
    /// </exception>
    /// <exception cref="InvalidOperationException">The loss makes this call within a training step.</exception>
    /// <exception cref="NotSupportedException">States are to be carried, and a layer needs whole sequences.</exception>
    /// <exception cref="OperationCanceledException">The call was canceled.</exception>
    public EvaluationResult Evaluate(
        IReadOnlyList<TrainingBatch<T>> batches, EvaluationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(batches);
        options ??= new EvaluationOptions();
        options.Check();
        using BatchSource<T> source =
            new BatchSources<T>(this, new TrainingOptions { CarryState = options.CarryState ?? false }, null)
            .OfEvaluation(batches);
        return State.Gate.Between(nameof(Evaluate), () =>
        {
            using Evaluation<T> evaluation = new(Model, Loss, WorkerCount.Of(options.Workers));
            source.Begin(0, 0);
            return evaluation.Run(source, options.CarryState, cancellationToken);
        });
    }

    /// <summary>
    /// Gives the network the parameters of the best epoch of the latest call of Fit, as <see cref="TrainingOptions.RestoreBest"/>
    /// does at the end of a training: for a training that was canceled or failed.
    /// </summary>
    /// <exception cref="InvalidOperationException">
    /// Fit runs, or its latest call has kept no parameters: it was made without <see cref="TrainingOptions.RestoreBest"/>, or
    /// ended before its first validation.
    /// </exception>
    public void RestoreBest()
    {
        State.ThrowIfRunning("RestoreBest cannot be called");
        if (_best is not { IsKept: true })
        {
            throw new InvalidOperationException(
                "There are no best parameters: the latest call of Fit was made without RestoreBest, or ended before its first " +
                "validation.");
        }

        _best.Restore();
    }

    /// <summary>
    /// Saves all that a training goes on from: the parameters and which are frozen, the optimizer's state and settings,
    /// <see cref="Position"/>, and carried states. After <see cref="LoadCheckpoint(string)"/>, in any process, the next call of
    /// Fit gives the bits that a training without interruption would have given.
    /// </summary>
    /// <remarks>
    /// The program gives batches, loss, clipping and <see cref="TrainingOptions"/> again; <see cref="TrainingOptions.Epochs"/>
    /// and <see cref="TrainingOptions.Patience"/> count from 0 in each call of Fit. Any thread may call this method at any time:
    /// while Fit runs, the file is written between two steps, and the next step waits for it
    /// (<see cref="TrainingOptions.Checkpoint"/> does so by rule). The file is a safetensors file with a hash, written beside its
    /// place and renamed into it, so that at no time half a file stands there.
    /// </remarks>
    /// <param name="path">The path of the file; an existing file is replaced.</param>
    /// <exception cref="ArgumentException">
    /// A layer's name is no valid Unicode, or a name that an optimizer's setting was made for is no parameter.
    /// </exception>
    /// <exception cref="InvalidOperationException">
    /// The optimizer's state belongs to another network, or the loss makes this call within a training step.
    /// </exception>
    /// <exception cref="IOException">
    /// The file cannot be written, or a folder, a device, a FIFO or a socket is there; what was there remains.
    /// </exception>
    public void SaveCheckpoint(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        CheckpointFile.Save(State, path);
    }

    /// <summary>Writes a checkpoint, as <see cref="SaveCheckpoint(string)"/> does, to a stream, at its position.</summary>
    /// <inheritdoc cref="SaveCheckpoint(string)"/>
    /// <param name="stream">The stream; it stays open.</param>
    public void SaveCheckpoint(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        CheckpointFile.Save(State, stream);
    }

    /// <summary>
    /// Returns to the state that <see cref="SaveCheckpoint(string)"/> saved. All is checked before anything changes.
    /// </summary>
    /// <remarks>
    /// The network needs the same specs, and the optimizer the same kind and the same constructor settings (β, ε, momentum, …).
    /// Settings that can be changed later – <see cref="Optimizer{T}.LearningRate"/>, factors, weight decays, which parameters are
    /// frozen – become those of the file; to go on with others, change them afterwards.
    /// </remarks>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidDataException">
    /// The file is broken, no checkpoint, or one of another network or optimizer: the message names the difference.
    /// </exception>
    /// <exception cref="InvalidOperationException">Fit runs, or the optimizer's state belongs to another network.</exception>
    public void LoadCheckpoint(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using FileStream stream = File.OpenRead(path);
        LoadCheckpoint(stream);
    }

    /// <inheritdoc cref="LoadCheckpoint(string)"/>
    /// <param name="stream">
    /// The file, from the stream's position to its end; it stays open. A stream that cannot seek is read into memory.
    /// </param>
    public void LoadCheckpoint(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        using TrainingState<T>.Running running = State.Take("LoadCheckpoint cannot be called");
        CheckpointFile.Read(State, stream);
    }

    private TrainingResult Fit(
        BatchSources<T> sources, BatchSource<T> batches, IProgress<TrainingProgress>? progress,
        CancellationToken cancellationToken)
    {
        using BatchSource<T> training = batches;
        using BatchSource<T>? validation = sources.OfValidation();
        sources.Options.CheckPosition(Position, batches.Count);
        using TrainingState<T>.Running running = State.Take("Fit cannot be called");
        using TrainingRun<T> run = new(this, training, sources.Options, validation, progress);
        _best = run.Best;
        try
        {
            run.Run(cancellationToken);
        }
        finally
        {
            LastResult = run.Result();
        }

        return LastResult!;
    }

    /// <summary>The model, the loss, the optimizer, and the number of completed epochs.</summary>
    public override string ToString()
        => $"{TypeName.Of(this)}: {Network}; {Loss}; {Optimizer}; {Counted.Of(Position.Epoch, "epoch")}";
}
