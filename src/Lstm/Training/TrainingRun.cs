using System.Diagnostics;
using System.Numerics;
using Lstm.Kernels;

namespace Lstm.Training;

/// <summary>One call of <see cref="Trainer{T}.Fit"/>: the buffers it needs, and its course.</summary>
internal sealed class TrainingRun<T> : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Trainer<T> _trainer;
    private readonly IReadOnlyList<TrainingBatch<T>> _batches;
    private readonly IReadOnlyList<TrainingBatch<T>> _validation;
    private readonly TrainingOptions _options;
    private readonly IProgress<TrainingProgress>? _progress;
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly TrainingSteps<T> _steps;
    private readonly Workspace<T>? _workspace;
    private readonly int[] _order;
    private readonly List<EpochResult> _epochs = [];
    private T[]? _bestParameters;
    private int? _bestEpoch;
    private long _batchesDone;

    public TrainingRun(
        Trainer<T> trainer, IReadOnlyList<TrainingBatch<T>> batches, TrainingOptions options, IReadOnlyList<TrainingBatch<T>> validation, IProgress<TrainingProgress>? progress)
    {
        (_trainer, _batches, _options, _validation, _progress) = (trainer, batches, options, validation, progress);
        int workers = Trainer<T>.WorkerCount(options.Workers);
        _steps = new TrainingSteps<T>(trainer, options, workers);
        _workspace = validation.Count == 0 ? null : trainer.Network.CreateWorkspace(workers);
        _order = new int[batches.Count];
    }

    private TimeSpan Elapsed => Stopwatch.GetElapsedTime(_started);

    public TrainingResult Run(CancellationToken cancellationToken)
    {
        bool stopped = false;
        while (_epochs.Count < _options.Epochs && !stopped)
        {
            LossMeter meter = RunEpoch(cancellationToken);
            EvaluationResult validation = new(double.NaN, double.NaN);
            if (_workspace is not null)
            {
                NetworkState<T>? carried = _options.CarryState ? _trainer.Network.CreateState(_validation[0].InputShape.Count) : null;
                validation = _trainer.Evaluate(_validation, _workspace, carried, cancellationToken);
            }

            EpochResult epoch = new(meter.Loss(_trainer.Loss.Reduction), meter.Accuracy, validation.Loss, validation.Accuracy);
            _epochs.Add(epoch);
            stopped = Judge(epoch);
            Report(meter, _batches.Count, epoch);
        }

        if (_options.RestoreBest && _bestParameters is not null)
        {
            _bestParameters.CopyTo(_trainer.Network.Flat);
            _trainer.Network.Touch();
        }

        return new TrainingResult
        {
            Epochs = _epochs,
            Steps = _steps.Made,
            SkippedSteps = _steps.Skipped,
            BestEpoch = _bestEpoch,
            StoppedEarly = stopped,
            Elapsed = Elapsed,
        };
    }

    public void Dispose()
    {
        _steps.Dispose();
        _workspace?.Dispose();
    }

    private LossMeter RunEpoch(CancellationToken cancellationToken)
    {
        Order(_trainer.Position.Epoch);
        if (_trainer.Position.Batch == 0)
        {
            _steps.StartEpoch(_batches[0].InputShape.Count);
        }

        LossMeter epoch = default;
        for (int first = _trainer.Position.Batch; first < _batches.Count;)
        {
            int group = Math.Min(_options.AccumulateBatches, _batches.Count - first);
            double? divisor = GroupWeight(first, group);
            for (int i = 0; i < group; i++)
            {
                // The position moves when a step is complete, so a cancelled group is done again from its first batch.
                cancellationToken.ThrowIfCancellationRequested();
                LossMeter meter = default;
                _steps.BatchIndex = _order[first + i];
                _steps.Train(_batches[_order[first + i]], _trainer.Position.Draw + i, divisor, i == 0, i == group - 1, ref meter, ref epoch);
                if (i == group - 1)
                {
                    Complete(first + group, group);
                }

                _batchesDone++;
                Report(meter, first + i + 1, null);
            }

            first += group;
        }

        return epoch;
    }

    /// <summary>What divides the gradient of each batch of a group, so that their sum is that of the mean over all units; null for what the loss divides by itself.</summary>
    private double? GroupWeight(int first, int group)
    {
        if (group == 1 || _trainer.Loss.Reduction == Reduction.Sum)
        {
            return null;
        }

        double weight = 0;
        for (int i = first; i < first + group; i++)
        {
            weight += _trainer.Loss.WeightOf(_batches[_order[i]]);
        }

        return weight;
    }

    /// <summary>Moves the trainer behind a step; behind an epoch's last one is the next epoch's beginning, whatever happens in between.</summary>
    private void Complete(int batch, int group)
    {
        TrainingPosition position = _trainer.Position;
        bool ends = batch == _batches.Count;
        _trainer.Position = new TrainingPosition(position.Epoch + (ends ? 1 : 0), ends ? 0 : batch, position.Draw + group);
        _steps.KeepState();
    }

    /// <summary>Fisher–Yates, drawn from the seed and the epoch alone.</summary>
    private void Order(int epoch)
    {
        for (int i = 0; i < _order.Length; i++)
        {
            _order[i] = i;
        }

        if (!_options.Shuffle || _options.CarryState)
        {
            return;
        }

        RandomBits random = new(RandomBits.Mix((ulong)_options.Seed) + (ulong)epoch);
        for (int i = _order.Length - 1; i > 0; i--)
        {
            int other = (int)Math.BigMul(random.Next(), (ulong)i + 1, out _);
            (_order[i], _order[other]) = (_order[other], _order[i]);
        }
    }

    /// <summary>Notes whether an epoch is the best so far; says whether patience is at its end.</summary>
    private bool Judge(EpochResult epoch)
    {
        double best = _bestEpoch is null ? double.PositiveInfinity : _epochs[_bestEpoch.Value].ValidationLoss;
        if (epoch.ValidationLoss < best - _options.MinimumImprovement || (_bestEpoch is null && epoch.ValidationLoss <= best))
        {
            _bestEpoch = _epochs.Count - 1;
            if (_options.RestoreBest)
            {
                _bestParameters ??= new T[_trainer.Network.Flat.Length];
                _trainer.Network.Flat.CopyTo(_bestParameters);
            }
        }

        return _options.Patience is { } patience && _epochs.Count - 1 - (_bestEpoch ?? -1) >= patience;
    }

    private void Report(LossMeter meter, int batch, EpochResult? ended)
    {
        if (_progress is null)
        {
            return;
        }

        TimeSpan elapsed = Elapsed;
        long left = ((long)(_options.Epochs - _epochs.Count) * _batches.Count) - (ended is null ? batch : 0);
        _progress.Report(new TrainingProgress
        {
            Epoch = _epochs.Count + (ended is null ? 1 : 0),
            Epochs = _options.Epochs,
            Batch = batch,
            Batches = _batches.Count,
            IsEpochEnd = ended is not null,
            Loss = meter.Loss(_trainer.Loss.Reduction),
            Accuracy = meter.Accuracy,
            ValidationLoss = ended?.ValidationLoss ?? double.NaN,
            ValidationAccuracy = ended?.ValidationAccuracy ?? double.NaN,
            GradientNorm = _steps.GradientNorm,
            Elapsed = elapsed,
            Remaining = elapsed * ((double)left / _batchesDone),
        });
    }
}
