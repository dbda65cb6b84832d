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
    private readonly TrainingSteps<T> _steps;
    private readonly TrainingReports<T> _reports;
    private readonly BatchGroup<T> _group;
    private readonly Evaluation<T>? _evaluation;
    private readonly CheckpointWriter<T>? _checkpoints;
    private readonly List<EpochResult> _epochs = [];
    private TrainingOutcome _outcome = TrainingOutcome.Failed;

    public TrainingRun(
        Trainer<T> trainer, BatchSource<T> batches, TrainingOptions options, BatchSource<T>? validation,
        IProgress<TrainingProgress>? progress)
    {
        (_trainer, _batches, _options, _validation) = (trainer, batches, options, validation);

        // First: it may refuse its path, and what follows is to be disposed of.
        _checkpoints = options.Checkpoint is null ? null : new CheckpointWriter<T>(trainer.State, options.Checkpoint);
        int workers = WorkerCount.Of(options.Workers);
        _steps = new TrainingSteps<T>(trainer, options, workers);
        _reports = new TrainingReports<T>(_steps, trainer.Loss.Reduction, options.Epochs, batches.Count, progress);
        _group = new BatchGroup<T>(trainer.Loss, options.AccumulateBatches);
        _evaluation = validation is null ? null : new Evaluation<T>(trainer.Model, trainer.Loss, workers);
        Best = new BestParameters<T>(trainer.Model, options);
    }

    /// <summary>The best epoch so far.</summary>
    public BestParameters<T> Best { get; }

    // An epoch whose batches are done, and whose loss the schedule has not heard of: it was interrupted, or saved, before its
    // validation ended.
    private bool OwesSchedule
        => _trainer.Schedule is { HasState: true } schedule
            && _trainer.Position is { Batch: 0, Step: 0 } at && schedule.EpochsHeard < at.Epoch;

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
                stopped = Best.Judge(_epochs.Count, epoch.ValidationLoss);
                _checkpoints?.AfterEpoch();
                _reports.ReportEpoch(epoch);
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
                Best.Restore();
                return true;
            });
        }

        _outcome = stopped ? TrainingOutcome.StoppedEarly : TrainingOutcome.Completed;
    }

    /// <summary>
    /// The result so far; the outcome is <see cref="TrainingOutcome.Failed"/> until <see cref="Run"/> has ended.
    /// </summary>
    public TrainingResult Result() => new()
    {
        Outcome = _outcome,
        Epochs = _epochs,
        Steps = _steps.Made,
        SkippedSteps = _steps.Skipped,
        BestEpoch = Best.Epoch,
        Elapsed = _reports.Elapsed,
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
        _reports.BeginEpoch(position.Batch);
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
                long draw = _trainer.Position.Draw + i;
                _steps.TrainBatch(_group[i].Batch, _group[i].Index, draw, _group.Divisor, i == 0, ends, ref meter);
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

            int steps = _group[i].Batch.InputShape.StepCount;
            _reports.BeginBatch();
            _reports.Report(meter, steps, steps);
        }
    }

    private void RunSegments((TrainingBatch<T> Batch, int Index) source, CancellationToken cancellationToken)
    {
        int all = source.Batch.InputShape.StepCount;
        int step = _trainer.Position.Step;
        if (step > 0 && step >= all)
        {
            throw new InvalidOperationException(
                $"The position is after step {step} of batch {source.Index}, which has {all} steps. "
                + "Resume with the batches of the interrupted training run.");
        }

        LossMeter meter = default;
        _reports.BeginBatch();
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
            _reports.Report(meter, step, all);
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

    /// <summary>
    /// Moves the trainer behind a step; behind a list's last batch is the next epoch's beginning, whatever happens in between.
    /// </summary>
    private void CompleteBatches(int count)
    {
        TrainingPosition position = _trainer.Position;
        int batch = position.Batch + count;
        bool ends = batch == _batches.Count;
        MoveTo(new TrainingPosition(position.Epoch + (ends ? 1 : 0), ends ? 0 : batch, position.Draw + count));
    }

    private void MoveTo(TrainingPosition position)
        => _trainer.State.MoveTo(position, _steps.StateToKeep(position.Step > 0), _steps.EpochLoss);
}
