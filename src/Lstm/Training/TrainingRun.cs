using System.Diagnostics;
using System.Numerics;
using Lstm.Runtime;
using Lstm.Training.Batches;
using Lstm.Training.Checkpoints;
using Lstm.Training.Losses;

namespace Lstm.Training;

/// <summary>One call of Fit: the buffers it needs, and its course.</summary>
internal sealed class TrainingRun<T> : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Trainer<T> _trainer;
    private readonly BatchSource<T> _batches;
    private readonly BatchSource<T>? _validation;
    private readonly TrainingOptions _options;
    private readonly IProgress<TrainingProgress>? _progress;
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly TrainingSteps<T> _steps;
    private readonly BatchGroup<T> _group;
    private readonly Evaluation<T>? _evaluation;
    private readonly CheckpointWriter<T>? _checkpoints;
    private readonly List<EpochResult> _epochs = [];
    private long _batchesDone;
    private int _batchInEpoch;
    private TrainingOutcome _outcome = TrainingOutcome.Failed;

    public TrainingRun(
        Trainer<T> trainer, BatchSource<T> batches, TrainingOptions options, BatchSource<T>? validation, IProgress<TrainingProgress>? progress)
    {
        (_trainer, _batches, _options, _validation, _progress) = (trainer, batches, options, validation, progress);

        // First: it may refuse its path, and what follows is to be disposed of.
        _checkpoints = options.Checkpoint is null ? null : new CheckpointWriter<T>(trainer.State, options.Checkpoint);
        int workers = WorkerCount.Of(options.Workers);
        _steps = new TrainingSteps<T>(trainer, options, workers);
        _group = new BatchGroup<T>(trainer.Loss, options.AccumulateBatches);
        _evaluation = validation is null ? null : new Evaluation<T>(trainer.Network, trainer.Loss, workers);
        Best = new BestParameters<T>(options);
    }

    /// <summary>The best epoch so far.</summary>
    public BestParameters<T> Best { get; }

    // An epoch whose batches are done, and whose loss the schedule has not heard of: it was interrupted, or saved, before its validation ended.
    private bool OwesSchedule
        => _trainer.Schedule is { HasState: true } schedule && _trainer.Position is { Batch: 0, Step: 0 } at && schedule.EpochsHeard < at.Epoch;

    private TimeSpan Elapsed => Stopwatch.GetElapsedTime(_started);

    /// <summary>Goes through the epochs.</summary>
    public void Run(CancellationToken cancellationToken)
    {
        bool stopped = false;
        try
        {
            if (OwesSchedule)
            {
                EndEpoch(Validate(cancellationToken));
            }

            while (_epochs.Count < _options.Epochs && !stopped)
            {
                RunEpoch(cancellationToken);
                EpochResult epoch = Validate(cancellationToken);
                EndEpoch(epoch);
                _epochs.Add(epoch);
                stopped = Best.Judge(_epochs.Count, epoch.ValidationLoss, _trainer.Network);
                _checkpoints?.AfterEpoch();
                ReportEpoch(epoch);
            }

            _checkpoints?.AtEnd();
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            _checkpoints?.AtEnd();
            _outcome = TrainingOutcome.Canceled;
            throw;
        }

        if (_options.RestoreBest)
        {
            _trainer.State.Gate.Between(nameof(_trainer.RestoreBest), () =>
            {
                Best.Restore(_trainer.Network);
                return true;
            });
        }

        _outcome = stopped ? TrainingOutcome.StoppedEarly : TrainingOutcome.Completed;
    }

    /// <summary>The result so far; the outcome is <see cref="TrainingOutcome.Failed"/> until <see cref="Run"/> has ended.</summary>
    public TrainingResult Result() => new()
    {
        Outcome = _outcome,
        Epochs = _epochs,
        Steps = _steps.Made,
        SkippedSteps = _steps.Skipped,
        BestEpoch = Best.Epoch,
        Elapsed = Elapsed,
    };

    public void Dispose()
    {
        _batches.Dispose();
        _validation?.Dispose();
        _steps.Dispose();
        _evaluation?.Dispose();
    }

    private void RunEpoch(CancellationToken cancellationToken)
    {
        TrainingPosition position = _trainer.Position;
        _batches.Begin(position.Epoch, position.Batch);
        _batchInEpoch = position.Batch;
        if (position is { Batch: 0, Step: 0 })
        {
            _steps.StartEpoch();
        }

        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!_group.Fill(_batches))
            {
                break;
            }

            if (_options.TruncateAfter is null)
            {
                RunGroup(cancellationToken);
            }
            else
            {
                RunSegments(_group[0], cancellationToken);
            }
        }

        if (_batches.Count is null)
        {
            // Only now is it known that the epoch has no more batches.
            _trainer.State.Gate.Enter();
            MoveTo(new TrainingPosition(_trainer.Position.Epoch + 1, 0, _trainer.Position.Draw));
            _trainer.State.Gate.Exit();
        }
    }

    private void RunGroup(CancellationToken cancellationToken)
    {
        for (int i = 0; i < _group.Count; i++)
        {
            // The position moves when a step is complete, so a cancelled group is done again from its first batch.
            cancellationToken.ThrowIfCancellationRequested();
            bool ends = i == _group.Count - 1;
            LossMeter meter = default;
            _trainer.State.Gate.Enter();
            try
            {
                _steps.TrainBatch(_group[i].Batch, _group[i].Index, _trainer.Position.Draw + i, _group.Divisor, i == 0, ends, ref meter);
                if (ends)
                {
                    CompleteBatches(_group.Count);
                }
            }
            finally
            {
                _trainer.State.Gate.Exit();
            }

            if (ends)
            {
                _checkpoints?.AfterStep();
            }

            _batchInEpoch++;
            _batchesDone++;
            int steps = _group[i].Batch.InputShape.StepCount;
            Report(meter, steps, steps);
        }
    }

    private void RunSegments((TrainingBatch<T> Batch, int Index) source, CancellationToken cancellationToken)
    {
        int all = source.Batch.InputShape.StepCount;
        int step = _trainer.Position.Step;
        if (step > 0 && step >= all)
        {
            throw new InvalidOperationException(
                $"The position is behind step {step} of batch {source.Index}, which has {all} steps: the training is resumed with other batches.");
        }

        LossMeter meter = default;
        _batchInEpoch++;
        do
        {
            cancellationToken.ThrowIfCancellationRequested();
            _trainer.State.Gate.Enter();
            try
            {
                step = all == 0 ? 0 : _steps.TrainSegment(source.Batch, source.Index, _trainer.Position.Draw, step, ref meter);
                if (step == all)
                {
                    CompleteBatches(1);
                }
                else
                {
                    MoveTo(_trainer.Position with { Step = step });
                }
            }
            finally
            {
                _trainer.State.Gate.Exit();
            }

            _checkpoints?.AfterStep();
            _batchesDone += step == all ? 1 : 0;
            Report(meter, step, all);
        }
        while (step < all);
    }

    private EpochResult Validate(CancellationToken cancellationToken)
    {
        LossMeter meter = _steps.EpochLoss;
        EpochResult epoch = new(meter.Loss(_trainer.Loss.Reduction), meter.Accuracy);
        if (_evaluation is null)
        {
            return epoch;
        }

        _validation!.Begin(0, 0);
        EvaluationResult validation = _evaluation.Run(_validation, _options.CarryState, cancellationToken);
        return epoch with { ValidationLoss = validation.Loss, ValidationAccuracy = validation.Accuracy };
    }

    private void EndEpoch(EpochResult epoch)
    {
        if (_trainer.Schedule is not { HasState: true } schedule)
        {
            return;
        }

        _trainer.State.Gate.Enter();
        try
        {
            schedule.EndEpoch(_trainer.Position.Epoch, epoch.ValidationLoss ?? epoch.Loss ?? double.NaN);
        }
        finally
        {
            _trainer.State.Gate.Exit();
        }
    }

    /// <summary>Moves the trainer behind a step; behind a list's last batch is the next epoch's beginning, whatever happens in between.</summary>
    private void CompleteBatches(int count)
    {
        TrainingPosition position = _trainer.Position;
        int batch = position.Batch + count;
        bool ends = batch == _batches.Count;
        MoveTo(new TrainingPosition(position.Epoch + (ends ? 1 : 0), ends ? 0 : batch, position.Draw + count));
    }

    private void MoveTo(TrainingPosition position)
        => _trainer.State.MoveTo(position, _steps.StateToKeep(position.Step > 0), _steps.EpochLoss);

    private void Report(LossMeter meter, int step, int steps)
    {
        if (_progress is null)
        {
            return;
        }

        _progress.Report(new TrainingProgress
        {
            Epoch = _epochs.Count + 1,
            Epochs = _options.Epochs,
            Batch = _batchInEpoch,
            Batches = _batches.Count,
            Step = step,
            StepCount = steps,
            OptimizerSteps = _steps.Made,
            Loss = meter.Loss(_trainer.Loss.Reduction),
            Accuracy = meter.Accuracy,
            GradientNorm = _steps.GradientNorm,
            LearningRate = _steps.LearningRate,
            Elapsed = Elapsed,
            Remaining = Remaining(_batchInEpoch - (step < steps ? 1 - ((double)step / steps) : 0)),
        });
    }

    private void ReportEpoch(EpochResult epoch)
        => _progress?.Report(new TrainingProgress
        {
            Epoch = _epochs.Count,
            Epochs = _options.Epochs,
            Batch = _batchInEpoch,
            Batches = _batches.Count,
            OptimizerSteps = _steps.Made,
            IsEpochEnd = true,
            Loss = epoch.Loss,
            Accuracy = epoch.Accuracy,
            ValidationLoss = epoch.ValidationLoss,
            ValidationAccuracy = epoch.ValidationAccuracy,
            GradientNorm = _steps.GradientNorm,
            LearningRate = _steps.LearningRate,
            Elapsed = Elapsed,
            Remaining = Remaining(0),
        });

    /// <summary>The time that the rest of the epochs takes; null where it is not known.</summary>
    /// <param name="doneInEpoch">Batches done of the epoch at hand; 0 between two epochs.</param>
    private TimeSpan? Remaining(double doneInEpoch)
    {
        double left = ((double)(_options.Epochs - _epochs.Count) * (_batches.Count ?? double.NaN)) - doneInEpoch;
        double ticks = Elapsed.Ticks * (left / (_batchesDone + (doneInEpoch % 1)));
        return ticks < TimeSpan.MaxValue.Ticks ? TimeSpan.FromTicks((long)ticks) : null;
    }
}
