using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Runtime;
using Lstm.Training;
using Lstm.Training.Batches;
using Lstm.Training.Losses;

namespace Lstm;

/// <summary>Trains a network: batches through Forward, loss, Backward, clipping and the optimizer, epoch after epoch.</summary>
/// <remarks>
/// <para>The same batches, options and starting point give the same bits, on any number of threads, interrupted and resumed or
/// not. Two calls of Fit of 5 epochs do what one of 10 does, but that each looks for its own best epoch and has its own patience. A step
/// allocates nothing once all buffers have grown to the largest batch.</para>
/// <para>One thread trains. While it does, other threads may call <see cref="SaveCheckpoint(string)"/> and <see cref="Evaluate"/>: they
/// wait for the end of the step under way, and the next step waits for them. What would change the training under way, such as
/// <see cref="LoadCheckpoint(string)"/>, is refused meanwhile.</para>
/// </remarks>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public sealed partial class Trainer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly LearningRateSchedule? _schedule;
    private int _running;
    private TrainingPosition _position;
    private BestParameters<T>? _best;

    /// <summary>Makes a trainer.</summary>
    /// <param name="network">The network to train.</param>
    /// <param name="loss">The loss to minimise.</param>
    /// <param name="optimizer">The optimizer; it keeps its state between calls of Fit.</param>
    /// <exception cref="ArgumentException">
    /// The loss cannot be meant for the network: it takes logits and the last <see cref="DenseSpec"/> has an activation, it has weights for another
    /// number of classes, or it chooses among one class.
    /// </exception>
    public Trainer(Network<T> network, Loss<T> loss, Optimizer<T> optimizer)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(loss);
        ArgumentNullException.ThrowIfNull(optimizer);
        LossChecks<T>.CheckTrains(network.Layers, loss);
        (Network, Loss, Optimizer) = (network, loss, optimizer);
    }

    /// <summary>The network.</summary>
    public Network<T> Network { get; }

    /// <summary>The loss.</summary>
    public Loss<T> Loss { get; }

    /// <summary>The optimizer.</summary>
    public Optimizer<T> Optimizer { get; }

    /// <summary>The limit to gradients. Default <see cref="GradientClip.None"/>.</summary>
    public GradientClip Clip { get; init; } = GradientClip.None;

    /// <summary>
    /// The course of the learning rate: a factor of <see cref="Optimizer{T}.LearningRate"/> for each step. Default null, which stands for the factor 1.
    /// Checkpoints save its kind, settings and numbers.
    /// </summary>
    /// <exception cref="InvalidOperationException">The schedule has numbers of its own and belongs to another trainer.</exception>
    public LearningRateSchedule? Schedule
    {
        get => _schedule;
        init
        {
            value?.Bind(this);
            _schedule = value;
        }
    }

    /// <summary>
    /// How far the training is. After a cancelled Fit the next one goes on behind the last completed step, in the same epoch.
    /// </summary>
    /// <exception cref="InvalidOperationException">It is set while Fit runs.</exception>
    public TrainingPosition Position
    {
        get => _position;
        set
        {
            ThrowIfRunning("Position cannot be set");
            (_position, EpochLoss) = (value, default);
            Schedule?.MoveTo(value.Epoch);
        }
    }

    /// <summary>The result of the latest call of Fit, whether it was completed, cancelled or failed; null before the first has ended.</summary>
    public TrainingResult? LastResult { get; private set; }

    /// <summary>The states carried to the batch, or within the batch, at <see cref="Position"/>, kept for resuming.</summary>
    internal NetworkState<T>? CarriedState { get; set; }

    /// <summary>The losses of the epoch's steps up to <see cref="Position"/>.</summary>
    internal LossMeter EpochLoss { get; private set; }

    /// <summary>What others do while Fit runs is done between its steps.</summary>
    internal StepGate Gate { get; } = new();

    /// <summary>Trains on a list of batches.</summary>
    /// <param name="batches">
    /// One or more batches; an epoch goes through all of them. All are checked before the first step if they exist: the list is an
    /// <see cref="ICollection{T}"/>, as arrays and <see cref="List{T}"/> are. A list of another kind may make its batches when it is asked: it is asked for each batch once an epoch, and
    /// each is checked when it comes.
    /// </param>
    /// <param name="options">How.</param>
    /// <param name="validationBatches">Batches to evaluate after each epoch; null or empty for none. They continue each other if <see cref="TrainingOptions.CarryState"/> is set.</param>
    /// <param name="progress">
    /// Told, on this thread, after each batch (with <see cref="TrainingOptions.TruncateAfter"/> after each segment) and each epoch.
    /// <see cref="Progress{T}"/> passes that on to another thread, late and perhaps out of order; a custom <see cref="IProgress{T}"/> is called in place.
    /// </param>
    /// <param name="cancellationToken">Looked at before each batch and each segment.</param>
    /// <returns>The result, also in <see cref="LastResult"/>, which has it after an exception too.</returns>
    /// <exception cref="ArgumentException">
    /// There are no batches, or they or the options do not fit the network or the loss; the message says where, by batch, sequence and step.
    /// Nothing has been changed. A target that is not finite is refused unless <see cref="TrainingOptions.OnNonFinite"/> leaves its step out.
    /// </exception>
    /// <exception cref="InvalidOperationException">
    /// <see cref="Position"/> is none in these batches, Fit runs already, or <see cref="Schedule"/> gives a factor that is negative or not finite; the
    /// network is left at the last completed step.
    /// </exception>
    /// <exception cref="NotSupportedException">
    /// Sequences are to be cut or continued, and a layer or the loss needs them whole.
    /// </exception>
    /// <exception cref="NonFiniteGradientException">A gradient is not finite; the network is left at the last completed step.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled; the network is left at the last completed step.</exception>
    /// <exception cref="IOException">
    /// A checkpoint cannot be written; the network is left at the last completed step. A place where none can be is refused before the first.
    /// </exception>
    public TrainingResult Fit(
        IReadOnlyList<TrainingBatch<T>> batches,
        TrainingOptions options,
        IReadOnlyList<TrainingBatch<T>>? validationBatches = null,
        IProgress<TrainingProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(batches);
        CheckOptions(options, validationBatches);
        BatchSource<T> source = new BatchSources<T>(this, options).OfTraining(batches);
        return Fit(source, options, validationBatches, progress, cancellationToken);
    }

    /// <summary>Trains on batches that are made for each epoch: data larger than memory, augmentation.</summary>
    /// <param name="epochBatches">
    /// Gives the batches of an epoch, numbered from 0 over all calls of Fit, one after the other. Called once an epoch; an epoch that is resumed
    /// takes the batches from its beginning and leaves out those that are done. A batch may be refilled for the next one, unless
    /// <see cref="TrainingOptions.AccumulateBatches"/> needs several at a time.
    /// </param>
    /// <param name="options">How; <see cref="TrainingOptions.Shuffle"/> has no effect.</param>
    /// <param name="validationBatches">Batches to evaluate after each epoch; null or empty for none.</param>
    /// <param name="progress">Told after each batch or segment, and each epoch.</param>
    /// <param name="cancellationToken">Looked at before each batch and each segment.</param>
    /// <inheritdoc cref="Fit(IReadOnlyList{TrainingBatch{T}}, TrainingOptions, IReadOnlyList{TrainingBatch{T}}?, IProgress{TrainingProgress}?, CancellationToken)"/>
    public TrainingResult Fit(
        Func<int, IEnumerable<TrainingBatch<T>>> epochBatches,
        TrainingOptions options,
        IReadOnlyList<TrainingBatch<T>>? validationBatches = null,
        IProgress<TrainingProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(epochBatches);
        CheckOptions(options, validationBatches);
        BatchSource<T> source = new BatchSources<T>(this, options).OfTraining(epochBatches);
        return Fit(source, options, validationBatches, progress, cancellationToken);
    }

    /// <summary>Trains on a list of batches for a number of epochs, with the defaults for all else.</summary>
    /// <param name="batches">One or more batches.</param>
    /// <param name="epochs">Passes over the batches, at least 1.</param>
    /// <inheritdoc cref="Fit(IReadOnlyList{TrainingBatch{T}}, TrainingOptions, IReadOnlyList{TrainingBatch{T}}?, IProgress{TrainingProgress}?, CancellationToken)"/>
    public TrainingResult Fit(IReadOnlyList<TrainingBatch<T>> batches, int epochs)
        => Fit(batches, new TrainingOptions { Epochs = epochs });

    /// <summary>Trains on a list of batches and calls a function after each batch and each epoch.</summary>
    /// <param name="batches">One or more batches.</param>
    /// <param name="options">How to train.</param>
    /// <param name="progress">The function, called on this thread.</param>
    /// <param name="validationBatches">Batches to evaluate after each epoch; null or empty for none.</param>
    /// <param name="cancellationToken">Looked at before each batch and each segment.</param>
    /// <inheritdoc cref="Fit(IReadOnlyList{TrainingBatch{T}}, TrainingOptions, IReadOnlyList{TrainingBatch{T}}?, IProgress{TrainingProgress}?, CancellationToken)"/>
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
    /// Memory follows the batch's rows only where the network or the loss needs whole sequences; else long sequences are evaluated in pieces. The logits of
    /// large vocabularies are never stored. While Fit runs on another thread, this waits for the end of a step, and the next step for this.
    /// </remarks>
    /// <param name="batches">One or more batches; each is asked for once.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="cancellationToken">Looked at before each batch, and within long ones.</param>
    /// <exception cref="ArgumentException">There are no batches, one does not fit the network or the loss, or a target is not finite.</exception>
    /// <exception cref="InvalidOperationException">The loss calls it within a training step.</exception>
    /// <exception cref="NotSupportedException">States are to be carried, and a layer needs whole sequences.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public EvaluationResult Evaluate(IReadOnlyList<TrainingBatch<T>> batches, EvaluationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(batches);
        options ??= new EvaluationOptions();
        if (options.Workers < 0)
        {
            throw new ArgumentException($"Workers is {options.Workers}; it has to be at least 0.", nameof(options));
        }

        TrainingOptions carrying = new() { CarryState = options.CarryState ?? false };
        BatchChecks<T>.CheckLayers(Network, Loss, carrying);
        using BatchSource<T> source = new BatchSources<T>(this, carrying).OfEvaluation(batches, nameof(batches), "batches");
        return Gate.Between(nameof(Evaluate), () =>
        {
            using Evaluation<T> evaluation = new(Network, Loss, WorkerCount.Of(options.Workers));
            source.Begin(0, 0);
            return evaluation.Run(source, options.CarryState, cancellationToken);
        });
    }

    /// <summary>
    /// Gives the network the parameters of the best epoch of the latest call of Fit: what <see cref="TrainingOptions.RestoreBest"/> does at the end
    /// of a training, for one that was cancelled or failed.
    /// </summary>
    /// <exception cref="InvalidOperationException">
    /// Fit runs, or its latest call has kept no parameters: it was made without <see cref="TrainingOptions.RestoreBest"/>, or ended before its first validation.
    /// </exception>
    public void RestoreBest()
    {
        ThrowIfRunning("RestoreBest cannot be called");
        if (_best is not { IsKept: true })
        {
            throw new InvalidOperationException("There are no best parameters: the latest call of Fit was made without RestoreBest, or ended before its first validation.");
        }

        _best.Restore(Network);
    }

    /// <summary>Moves to where a step, or a checkpoint, leaves the training.</summary>
    internal void MoveTo(TrainingPosition position, NetworkState<T>? carried, LossMeter epochLoss)
        => (_position, CarriedState, EpochLoss) = (position, carried, epochLoss);

    private void CheckOptions(TrainingOptions options, IReadOnlyList<TrainingBatch<T>>? validation)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check(validation is { Count: > 0 });
        BatchChecks<T>.CheckLayers(Network, Loss, options);
    }

    private TrainingResult Fit(
        BatchSource<T> batches,
        TrainingOptions options,
        IReadOnlyList<TrainingBatch<T>>? validationBatches,
        IProgress<TrainingProgress>? progress,
        CancellationToken cancellationToken)
    {
        using BatchSource<T> training = batches;
        using BatchSource<T>? validation = validationBatches is { Count: > 0 }
            ? new BatchSources<T>(this, options with { TruncateAfter = null, StepEvery = null }).OfEvaluation(validationBatches, nameof(validationBatches), "validation batches")
            : null;
        CheckPosition(batches.Count, options);
        Take("Fit cannot be called");
        try
        {
            using TrainingRun<T> run = new(this, training, options, validation, progress);
            TrainingOutcome outcome = TrainingOutcome.Failed;
            _best = run.Best;
            try
            {
                outcome = run.Run(cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                outcome = TrainingOutcome.Canceled;
                throw;
            }
            finally
            {
                LastResult = run.Result(outcome);
            }

            return run.Result(outcome);
        }
        finally
        {
            Volatile.Write(ref _running, 0);
        }
    }

    private void CheckPosition(int? batches, TrainingOptions options)
    {
        if (Position.Batch >= (batches ?? int.MaxValue) || Position.Batch < 0 || Position.Epoch < 0 || Position.Draw < 0 || Position.Step < 0)
        {
            throw new InvalidOperationException(
                $"The position {Position} is not one in an epoch of {batches?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "any number of"} batches.");
        }

        if (Position.Step > 0 && options.TruncateAfter is null)
        {
            throw new InvalidOperationException(
                $"The position is behind step {Position.Step} within a batch, where truncation left it, but TruncateAfter is null. Resume with the options that the training had.");
        }
    }

    private void Take(string what)
    {
        if (Interlocked.Exchange(ref _running, 1) != 0)
        {
            ThrowRunning(what);
        }
    }

    private void ThrowIfRunning(string what)
    {
        if (Volatile.Read(ref _running) != 0)
        {
            ThrowRunning(what);
        }
    }

    private static void ThrowRunning(string what)
        => throw new InvalidOperationException(
            $"{what} while Fit or LoadCheckpoint runs on this trainer, from a progress callback or another thread. Cancel Fit first, or wait for its end.");

    private sealed class InPlaceProgress(Action<TrainingProgress> report) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => report(value);
    }
}
