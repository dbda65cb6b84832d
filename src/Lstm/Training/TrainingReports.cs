using System.Diagnostics;
using System.Numerics;
using Lstm.Training.Losses;

namespace Lstm.Training;

/// <summary>Tells the caller of Fit how far the training is.</summary>
internal sealed class TrainingReports<T>(
    TrainingSteps<T> steps, Reduction reduction, int epochs, int? batches, IProgress<TrainingProgress>? progress)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly long _started = Stopwatch.GetTimestamp();
    private long _batchesDone;
    private int _batchInEpoch;
    private int _epochsDone;

    /// <summary>The time since Fit was called.</summary>
    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(_started);

    /// <summary>Begins an epoch, in which some batches may be done.</summary>
    public void BeginEpoch(int batchesDone) => _batchInEpoch = batchesDone;

    /// <summary>Begins a batch.</summary>
    public void BeginBatch() => _batchInEpoch++;

    /// <summary>Reports some steps of the batch; all of them end it.</summary>
    public void Report(LossMeter meter, int step, int stepCount)
    {
        _batchesDone += step == stepCount ? 1 : 0;
        progress?.Report(new TrainingProgress
        {
            Epoch = _epochsDone + 1,
            Epochs = epochs,
            Batch = _batchInEpoch,
            Batches = batches,
            Step = step,
            StepCount = stepCount,
            OptimizerSteps = steps.Made,
            Loss = meter.Loss(reduction),
            Accuracy = meter.Accuracy,
            GradientNorm = steps.GradientNorm,
            LearningRate = steps.LearningRate,
            Elapsed = Elapsed,
            Remaining = Remaining(_batchInEpoch - (step < stepCount ? 1 - ((double)step / stepCount) : 0)),
        });
    }

    /// <summary>Reports the end of an epoch.</summary>
    public void ReportEpoch(EpochResult epoch)
    {
        _epochsDone++;
        progress?.Report(new TrainingProgress
        {
            Epoch = _epochsDone,
            Epochs = epochs,
            Batch = _batchInEpoch,
            Batches = batches,
            OptimizerSteps = steps.Made,
            IsEpochEnd = true,
            Loss = epoch.Loss,
            Accuracy = epoch.Accuracy,
            ValidationLoss = epoch.ValidationLoss,
            ValidationAccuracy = epoch.ValidationAccuracy,
            GradientNorm = steps.GradientNorm,
            LearningRate = steps.LearningRate,
            Elapsed = Elapsed,
            Remaining = Remaining(0),
        });
    }

    /// <summary>The time that the rest of the epochs takes; null where it is not known.</summary>
    /// <param name="doneInEpoch">Batches done of the epoch at hand; 0 between two epochs.</param>
    private TimeSpan? Remaining(double doneInEpoch)
    {
        double left = ((double)(epochs - _epochsDone) * (batches ?? double.NaN)) - doneInEpoch;
        double ticks = Elapsed.Ticks * (left / (_batchesDone + (doneInEpoch % 1)));
        return ticks < TimeSpan.MaxValue.Ticks ? TimeSpan.FromTicks((long)ticks) : null;
    }
}
