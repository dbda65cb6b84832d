using System.Numerics;
using Lstm.Training;

namespace Lstm;

/// <summary>Trains a network: batches through Forward, loss, Backward, clipping and the optimizer, epoch after epoch.</summary>
/// <remarks>
/// The same batches, options and starting point give the same bits, on any number of threads, interrupted and resumed or
/// not. Two calls of <see cref="Fit"/> of 5 epochs do what one of 10 does, but that each looks for its own best epoch and has its own patience. A step allocates nothing once all buffers have
/// grown to the largest batch.
/// </remarks>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public sealed partial class Trainer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private int _running;

    /// <summary>Makes a trainer.</summary>
    /// <param name="network">The network to train.</param>
    /// <param name="loss">What to make small.</param>
    /// <param name="optimizer">How to get there; it keeps its state between calls of <see cref="Fit"/>.</param>
    /// <exception cref="ArgumentException">
    /// The loss cannot be meant for the network: it takes logits and the last <see cref="DenseSpec"/> has an activation, it has weights for another
    /// number of classes, or it chooses among one class.
    /// </exception>
    public Trainer(Network<T> network, Loss<T> loss, Optimizer<T> optimizer)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(loss);
        ArgumentNullException.ThrowIfNull(optimizer);
        LossChecks<T>.CheckTrains(network, loss);
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
    /// How far the training is. After a cancelled Fit the next one goes on behind the last completed step, in the same epoch.
    /// </summary>
    public TrainingPosition Position { get; set; }

    /// <summary>The states carried to the batch at <see cref="Position"/>, kept for resuming within an epoch.</summary>
    internal NetworkState<T>? CarriedState { get; set; }

    /// <summary>Trains.</summary>
    /// <param name="batches">One or more batches; an epoch goes through all of them.</param>
    /// <param name="options">How.</param>
    /// <param name="validationBatches">Batches to evaluate after each epoch; null or empty for none.</param>
    /// <param name="progress">
    /// Told, on this thread, after each batch and each epoch. <see cref="Progress{T}"/> passes that on to another thread, late and
    /// perhaps out of order; an <see cref="IProgress{T}"/> of one's own is called in place.
    /// </param>
    /// <param name="cancellationToken">Looked at before each batch.</param>
    /// <exception cref="ArgumentException">
    /// There are no batches, or they or the options do not fit the network or the loss; the message says where, by batch, sequence and step.
    /// Nothing has been changed. A target that is not finite is refused unless <see cref="TrainingOptions.OnNonFinite"/> leaves its step out.
    /// </exception>
    /// <exception cref="InvalidOperationException"><see cref="Position"/> is none in these batches, or Fit runs already.</exception>
    /// <exception cref="NotSupportedException">
    /// Sequences are to be cut or continued, and a layer or the loss needs them whole; or the loss takes labels and a batch has target values, or the other way round.
    /// </exception>
    /// <exception cref="NonFiniteGradientException">A gradient is not finite; the network is left at the last completed step.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled; the network is left at the last completed step.</exception>
    public TrainingResult Fit(
        IReadOnlyList<TrainingBatch<T>> batches,
        TrainingOptions options,
        IReadOnlyList<TrainingBatch<T>>? validationBatches = null,
        IProgress<TrainingProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check(validationBatches is { Count: > 0 });
        new BatchChecks<T>(Network, Loss, options, nameof(batches), "training batches", trains: true).CheckAll(batches);
        if (validationBatches is { Count: > 0 })
        {
            TrainingOptions whole = options with { TruncateAfter = null, StepEvery = null };
            new BatchChecks<T>(Network, Loss, whole, nameof(validationBatches), "validation batches", trains: false).CheckAll(validationBatches);
        }

        if (Position.Batch >= batches.Count || Position.Batch < 0 || Position.Epoch < 0 || Position.Draw < 0)
        {
            throw new InvalidOperationException($"The position {Position} is not one in an epoch of {batches.Count} batches.");
        }

        BatchChecks<T>.CheckLayers(Network, Loss, options);
        if (Interlocked.Exchange(ref _running, 1) != 0)
        {
            throw new InvalidOperationException("This trainer is in Fit already: a progress callback or another thread has called it.");
        }

        try
        {
            using TrainingRun<T> run = new(this, batches, options, validationBatches ?? [], progress);
            return run.Run(cancellationToken);
        }
        finally
        {
            Volatile.Write(ref _running, 0);
        }
    }

    /// <summary>Measures the loss on batches, without learning and without dropout.</summary>
    /// <param name="batches">One or more batches.</param>
    /// <param name="workers">Threads that share the work; 0 for one per processor.</param>
    /// <param name="cancellationToken">Looked at before each batch.</param>
    /// <exception cref="ArgumentException">There are no batches, or one does not fit the network.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public EvaluationResult Evaluate(IReadOnlyList<TrainingBatch<T>> batches, int workers = 0, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(workers);
        new BatchChecks<T>(Network, Loss, new TrainingOptions(), nameof(batches), "batches", trains: false).CheckAll(batches);
        using Workspace<T> workspace = Network.CreateWorkspace(WorkerCount(workers));
        return Evaluate(batches, workspace, null, cancellationToken);
    }

    internal static int WorkerCount(int asked) => asked == 0 ? Environment.ProcessorCount : asked;

    internal EvaluationResult Evaluate(IReadOnlyList<TrainingBatch<T>> batches, Workspace<T> workspace, NetworkState<T>? carried, CancellationToken cancellationToken)
    {
        LossMeter meter = default;
        for (int i = 0; i < batches.Count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            TrainingBatch<T> batch = batches[i];
            SequenceBatch<T> output = batch.Input is null
                ? Network.Predict(batch.InputIds!, carried, workspace)
                : Network.Predict(batch.Input, carried, workspace);
            LossInput<T> input = new(output, batch.Target, batch.Labels, batch.Weights);
            meter.Add(Loss.EvaluateTotals(input, null, null, workspace.Pass.Team, workspace.Pass.Width));
        }

        return new EvaluationResult(meter.Loss(Loss.Reduction), meter.Accuracy);
    }
}
