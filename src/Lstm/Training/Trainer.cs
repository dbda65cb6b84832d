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
/// Trains a network or a model of several networks: runs Forward, loss, Backward, clipping and optimizer steps over epochs.
/// </summary>
/// <remarks>
/// <para>The same batches, options and starting point give the same bits, on any number of threads and also if training is
/// interrupted and resumed. Two calls of Fit with 5 epochs give the same result as one call with 10, except that each call has a
/// separate best epoch and separate patience. A step allocates nothing once all buffers have grown to the largest batch.</para>
/// <para>One thread trains. During training, other threads can call <see cref="SaveCheckpoint(string)"/> and
/// <see cref="Evaluate"/>: these calls wait for the end of the current step, and the next step waits for them. Calls that would
/// change the training run, such as <see cref="LoadCheckpoint(string)"/>, are refused.</para>
/// </remarks>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public sealed class Trainer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private BestParameters<T>? _best;

    /// <summary>Initializes a trainer of a network.</summary>
    /// <param name="network">The network to train.</param>
    /// <param name="loss">The loss to minimise.</param>
    /// <param name="optimizer">The optimizer, which keeps its state between calls of Fit.</param>
    /// <exception cref="ArgumentException">
    /// The loss does not match the network: the loss needs logits and the last <see cref="DenseSpec"/> has an activation, the
    /// loss has weights for another number of classes, or there is only one class to choose from.
    /// </exception>
    public Trainer(Network<T> network, Loss<T> loss, Optimizer<T> optimizer)
        : this(NetworkModel<T>.Of(network), loss, optimizer)
    {
    }

    /// <summary>Initializes a trainer of a model of several networks. The last network gives the output.</summary>
    /// <inheritdoc cref="Trainer{T}(Network{T}, Loss{T}, Optimizer{T})" path="exception"/>
    /// <param name="model">The model to train.</param>
    /// <param name="loss">The loss to minimise, of the output of the model's last network.</param>
    /// <param name="optimizer">The optimizer, which keeps its state between calls of Fit.</param>
    public Trainer(TrainableModel<T> model, Loss<T> loss, Optimizer<T> optimizer)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(loss);
        ArgumentNullException.ThrowIfNull(optimizer);
        LossChecks<T>.CheckTrains(model.Output.Layers, loss);
        (Loss, State) = (loss, new TrainingState<T>(model, optimizer));
    }

    /// <summary>The model that is trained. For a trainer of one network, a model with only this network.</summary>
    public TrainableModel<T> Model => State.Model;

    /// <summary>The network that is trained. For a model of several networks, the last one, which gives the output.</summary>
    public Network<T> Network => State.Model.Output;

    /// <summary>The loss that is minimised.</summary>
    public Loss<T> Loss { get; }

    /// <summary>The optimizer, including its state.</summary>
    public Optimizer<T> Optimizer => State.Optimizer;

    /// <summary>The limit of the gradients. Default <see cref="GradientClip.None"/>.</summary>
    public GradientClip Clip { get; init; } = GradientClip.None;

    /// <summary>
    /// The learning rate schedule, which gives a factor of <see cref="Optimizer{T}.LearningRate"/> for each step. Null, the
    /// default, for the factor 1. Checkpoints save the schedule's kind, settings and numbers.
    /// </summary>
    /// <exception cref="InvalidOperationException">
    /// The schedule has numbers that it changes, and belongs to another trainer.
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
    /// The position in the training run. After a canceled call of Fit, the next call continues after the last completed step, in
    /// the same epoch.
    /// </summary>
    /// <exception cref="InvalidOperationException">The property is set while Fit is running.</exception>
    public TrainingPosition Position
    {
        get => State.Position;
        set => State.MoveTo(value);
    }

    /// <summary>
    /// The result of the latest call of Fit, whether completed, canceled or failed. Null before the end of the first call.
    /// </summary>
    public TrainingResult? LastResult { get; private set; }

    /// <summary>All that the training goes on from.</summary>
    internal TrainingState<T> State { get; }

    /// <summary>Trains on a list of batches.</summary>
    /// <param name="batches">
    /// One or more batches, all of which are used in each epoch. If the list is an <see cref="ICollection{T}"/>, as arrays and
    /// <see cref="List{T}"/> are, all batches are checked before the first step. Any other list may create its batches on demand:
    /// each batch is requested once per epoch and checked before it is used.
    /// </param>
    /// <param name="options">The options of the training run.</param>
    /// <param name="validationBatches">
    /// The batches to evaluate after each epoch, which continue each other if <see cref="TrainingOptions.CarryState"/> is set.
    /// Null or empty for none.
    /// </param>
    /// <param name="progress">
    /// Receives a report, on the calling thread, after each batch (with <see cref="TrainingOptions.TruncateAfter"/> after each
    /// segment) and each epoch. <see cref="Progress{T}"/> forwards reports to another thread, with a delay and possibly out of
    /// order. A custom <see cref="IProgress{T}"/> is called directly.
    /// </param>
    /// <param name="cancellationToken">Checked before each batch and each segment.</param>
    /// <returns>
    /// The result of the training run. <see cref="LastResult"/> has the result as well, also after an exception.
    /// </returns>
    /// <exception cref="ArgumentException">
    /// There are no batches, or a batch or the options do not match the network or the loss. The message names the batch,
    /// sequence and step. Nothing is changed. A target that is not finite is refused unless
    /// <see cref="TrainingOptions.OnNonFinite"/> skips its step.
    /// </exception>
    /// <exception cref="InvalidOperationException">
    /// <see cref="Position"/> is not a position in these batches, another call of Fit is running, or <see cref="Schedule"/> gives
    /// a factor that is negative or not finite. The network has the parameters of the last completed step.
    /// </exception>
    /// <exception cref="NotSupportedException">
    /// The options divide or continue sequences, and a layer or the loss needs whole sequences.
    /// </exception>
    /// <exception cref="NonFiniteGradientException">
    /// A gradient is not finite. The network has the parameters of the last completed step.
    /// </exception>
    /// <exception cref="OperationCanceledException">
    /// The call was canceled. The network has the parameters of the last completed step.
    /// </exception>
    /// <exception cref="IOException">
    /// A checkpoint cannot be written. The network has the parameters of the last completed step. A path where no checkpoint can
    /// be written is refused before the first step.
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

    /// <summary>Trains on batches that a function creates for each epoch, for augmentation or data larger than memory.</summary>
    /// <param name="epochBatches">
    /// A function that returns the batches of an epoch, given the epoch's number, counted from 0 over all calls of Fit. The
    /// function is called once per epoch. A resumed epoch enumerates the batches from the beginning and skips those already used.
    /// The function may refill a batch and return it as the next one, unless <see cref="TrainingOptions.AccumulateBatches"/>
    /// needs several batches at a time.
    /// </param>
    /// <param name="options">The options of the training run. <see cref="TrainingOptions.Shuffle"/> has no effect.</param>
    /// <param name="validationBatches">The batches to evaluate after each epoch. Null or empty for none.</param>
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

    /// <summary>Trains on a list of batches for a number of epochs, with default options.</summary>
    /// <param name="batches">One or more batches.</param>
    /// <param name="epochs">The number of passes over the batches, at least 1.</param>
    /// <inheritdoc cref="Fit(IReadOnlyList{TrainingBatch{T}}, TrainingOptions, IReadOnlyList{TrainingBatch{T}}?,
    /// IProgress{TrainingProgress}?, CancellationToken)"/>
    public TrainingResult Fit(IReadOnlyList<TrainingBatch<T>> batches, int epochs)
        => Fit(batches, new TrainingOptions { Epochs = epochs });

    /// <summary>Trains on a list of batches and calls a function after each batch and each epoch.</summary>
    /// <param name="batches">One or more batches.</param>
    /// <param name="options">The options of the training run.</param>
    /// <param name="progress">The function to call, on the calling thread.</param>
    /// <param name="validationBatches">The batches to evaluate after each epoch. Null or empty for none.</param>
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

    /// <summary>Computes the loss and the accuracy on batches, without training and without dropout.</summary>
    /// <remarks>
    /// Long sequences are evaluated in pieces, so that memory does not grow with their length, unless the network or the loss
    /// needs whole sequences. The logits of large vocabularies are never stored. If Fit runs on another thread, this call waits
    /// for the end of the current step, and the next step waits for this call.
    /// </remarks>
    /// <param name="batches">One or more batches. Each batch is requested once.</param>
    /// <param name="options">The options of the evaluation. Null for the default options.</param>
    /// <param name="cancellationToken">Checked before each batch and between the pieces of long batches.</param>
    /// <exception cref="ArgumentException">
    /// There are no batches, a batch does not match the network or the loss, or a target is not finite.
    /// </exception>
    /// <exception cref="InvalidOperationException">The loss calls this method within a training step.</exception>
    /// <exception cref="NotSupportedException">The options carry states, and a layer needs whole sequences.</exception>
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
    /// Restores the parameters of the best epoch of the latest call of Fit. Use this method after a call that was canceled or
    /// failed; <see cref="TrainingOptions.RestoreBest"/> does the same at the end of a completed call.
    /// </summary>
    /// <exception cref="InvalidOperationException">
    /// Fit is running, or its latest call has no best parameters because <see cref="TrainingOptions.RestoreBest"/> was false or
    /// the call ended before its first validation.
    /// </exception>
    public void RestoreBest()
    {
        State.ThrowIfRunning("RestoreBest cannot be called");
        if (_best is not { IsKept: true })
        {
            throw new InvalidOperationException(
                "There are no best parameters: the latest call of Fit had RestoreBest = false, or ended before its first " +
                "validation. Set TrainingOptions.RestoreBest.");
        }

        _best.Restore();
    }

    /// <summary>
    /// Saves a checkpoint from which training can be resumed: the parameters and which are frozen, the optimizer's state and
    /// settings, <see cref="Position"/>, and carried states. After <see cref="LoadCheckpoint(string)"/>, in any process, the next
    /// call of Fit gives the same bits as a training run without interruption.
    /// </summary>
    /// <remarks>
    /// The checkpoint does not contain batches, loss, clipping and <see cref="TrainingOptions"/>; the program has to supply the
    /// same ones. <see cref="TrainingOptions.Epochs"/> and <see cref="TrainingOptions.Patience"/> count from 0 in each call of
    /// Fit. Any thread may call this method at any time: while Fit runs, the file is written between two steps, and the next step
    /// waits for it. Set <see cref="TrainingOptions.Checkpoint"/> to save checkpoints at intervals. The file is a safetensors
    /// file with a hash. It is written to a temporary name in the same folder and then renamed, so that an incomplete file never
    /// has the given path.
    /// </remarks>
    /// <param name="path">The path of the file. An existing file is replaced.</param>
    /// <exception cref="ArgumentException">
    /// A layer's name is not valid Unicode, or the optimizer has a setting for a parameter that does not exist.
    /// </exception>
    /// <exception cref="InvalidOperationException">
    /// The optimizer's state belongs to another network, or the loss calls this method within a training step.
    /// </exception>
    /// <exception cref="IOException">
    /// The file cannot be written, or the path is a folder, a device, a FIFO or a socket. An existing file is kept.
    /// </exception>
    public void SaveCheckpoint(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        CheckpointFile.Save(State, path);
    }

    /// <summary>Saves a checkpoint to a stream, at the stream's position.</summary>
    /// <inheritdoc cref="SaveCheckpoint(string)"/>
    /// <param name="stream">The stream to write to, which stays open.</param>
    public void SaveCheckpoint(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        CheckpointFile.Save(State, stream);
    }

    /// <summary>
    /// Restores the state that <see cref="SaveCheckpoint(string)"/> saved. The whole file is checked before anything is changed.
    /// </summary>
    /// <remarks>
    /// The network needs the same specs, and the optimizer the same kind and constructor settings (β, ε, momentum, …). Settings
    /// that can be changed later – <see cref="Optimizer{T}.LearningRate"/>, factors, weight decays, and which parameters are
    /// frozen – are read from the file. Change them after this call to continue with others.
    /// </remarks>
    /// <param name="path">The path of the file.</param>
    /// <exception cref="InvalidDataException">
    /// The file is damaged, is not a checkpoint, or belongs to another network or optimizer. The message names the difference.
    /// </exception>
    /// <exception cref="InvalidOperationException">
    /// Fit is running, or the optimizer's state belongs to another network.
    /// </exception>
    public void LoadCheckpoint(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using FileStream stream = File.OpenRead(path);
        LoadCheckpoint(stream);
    }

    /// <inheritdoc cref="LoadCheckpoint(string)"/>
    /// <param name="stream">
    /// The stream to read, from its position to its end. The stream stays open. A stream that cannot seek is read into memory.
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

    /// <summary>Returns the network, the loss, the optimizer and the number of completed epochs as text.</summary>
    public override string ToString()
        => $"{TypeName.Of(this)}: {Network}; {Loss}; {Optimizer}; {Counted.Of(Position.Epoch, "epoch")}";
}
