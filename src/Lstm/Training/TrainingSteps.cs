using System.Numerics;
using Lstm.Diagnostics;
using Lstm.Runtime;
using Lstm.Training.Batches;
using Lstm.Training.Losses;
using Lstm.Training.Models;

namespace Lstm.Training;

/// <summary>The steps of a training: one batch, or its segments, through model, loss, clip and optimizer.</summary>
internal sealed class TrainingSteps<T> : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Trainer<T> _trainer;
    private readonly TrainingOptions _options;
    private readonly ModelPass<T> _pass;
    private readonly CarriedStates<T> _states;
    private readonly BatchSegment<T> _segment = new();

    /// <summary>A segment with the steps before it.</summary>
    private readonly BatchSegment<T> _longer = new();

    /// <summary>
    /// The first batch of the step under way whose loss is not finite, and the place where that began; null when there is none.
    /// </summary>
    private (int Batch, NonFiniteValue? Origin)? _broken;

    /// <summary>The losses of the step under way: an epoch's has no part of skipped steps.</summary>
    private LossMeter _pending;

    public TrainingSteps(Trainer<T> trainer, TrainingOptions options, int workers)
    {
        (_trainer, _options) = (trainer, options);
        _pass = trainer.Model.NewPass(new ModelPassOptions
        {
            Trains = true,
            Workers = workers,
            Seed = options.Seed,
            RecomputeEvery = options.RecomputeEvery,
        });
        _states = new CarriedStates<T>(trainer.Model.Output, options.CarryState, trainer.State.CarriedState);
        EpochLoss = trainer.State.EpochLoss;
    }

    /// <summary>The number of steps made.</summary>
    public long Made { get; private set; }

    /// <summary>The number of steps left out because a gradient was not finite.</summary>
    public long Skipped { get; private set; }

    /// <summary>The norm at the latest step; null before the first, and after a skipped one.</summary>
    public double? GradientNorm { get; private set; }

    /// <summary>The learning rate of the latest step; null before the first.</summary>
    public double? LearningRate { get; private set; }

    /// <summary>The losses of the epoch's steps; an epoch that is resumed goes on with those that it had.</summary>
    public LossMeter EpochLoss { get; private set; }

    /// <summary>Starts an epoch from the beginning: carried states are the initial ones.</summary>
    public void StartEpoch()
    {
        EpochLoss = default;
        _states.StartEpoch();
    }

    /// <inheritdoc cref="CarriedStates{T}.Keep"/>
    public NetworkState<T>? StateToKeep(bool withinBatch) => _states.Keep(withinBatch);

    /// <summary>Takes a whole batch, and makes a step when it ends its group.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="index">Its index in the caller's list.</param>
    /// <param name="draw">The key of its dropout masks.</param>
    /// <param name="divisor">What its loss's gradient is divided by; null for the loss's own.</param>
    /// <param name="begins">Whether it is the first batch of the step's group.</param>
    /// <param name="ends">Whether it is the last one.</param>
    /// <param name="meter">Gets the batch's loss.</param>
    public void TrainBatch(
        TrainingBatch<T> batch, int index, long draw, double? divisor, bool begins, bool ends, ref LossMeter meter)
    {
        if (begins)
        {
            Begin();
        }

        if (_options.CarryState && _states.AreMissing(batch, index))
        {
            _states.Reset(batch.InputShape.Count);
        }

        LossTotals totals = Pass(new PassCall<T>
        {
            Input = batch.Input,
            Target = batch.Target,
            State = _options.CarryState ? _states.Next : null,
            Draw = draw,
            Divisor = divisor,
        });
        _states.IsInitial = false;
        Add(totals, index, ref meter);
        if (ends)
        {
            Step(begins ? index : null, batch.InputShape.Count);
        }
    }

    /// <summary>Takes one segment of a batch and makes a step.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="index">Its index in the caller's list.</param>
    /// <param name="draw">
    /// The key of its dropout masks: one for all segments, since a mask depends on the step in the whole sequence.
    /// </param>
    /// <param name="first">The segment's first step.</param>
    /// <param name="meter">Gets the segment's loss.</param>
    /// <returns>The first step of the next segment.</returns>
    public int TrainSegment(TrainingBatch<T> batch, int index, long draw, int first, ref LossMeter meter)
    {
        int back = _options.TruncateAfter!.Value;
        int steps = _options.StepEvery ?? back;
        if ((first == 0 && !_options.CarryState) || _states.AreMissing(batch, index) || (_states.IsInitial && first > 0))
        {
            // Within a batch the last step has moved a learned state.
            _states.Reset(batch.InputShape.Count);
        }

        _segment.Set(batch, first, steps);
        Begin();
        LossTotals totals = back == steps
            ? Pass(new PassCall<T> { Input = _segment.Input, Target = _segment.Target, State = _states.Next, Draw = draw })
            : OverlappingPass(batch, draw, first, steps, back);

        // The next segment looks back to the same beginning, unless that lies further than it looks.
        _states.IsInitial &= first + steps + steps <= back && first + steps < batch.InputShape.StepCount;
        Add(totals, index, ref meter);
        Step(index, batch.InputShape.Count);
        return Math.Min(first + steps, batch.InputShape.StepCount);
    }

    public void Dispose() => _pass.Dispose();

    private void Begin()
    {
        _pass.BeginStep();
        _pending = default;
        _broken = null;
    }

    private LossTotals Pass(PassCall<T> call) => _pass.Train(_trainer.Loss, call with { IsInitial = _states.IsInitial });

    private void Add(LossTotals totals, int index, ref LossMeter meter)
    {
        meter.Add(totals);
        _pending.Add(totals);
        if (!double.IsFinite(totals.Sum) && _broken is null && _options.OnNonFinite == NonFiniteAction.Throw)
        {
            _broken = (index, _pass.FindNonFinite());
        }
    }

    /// <summary>
    /// A pass over a segment and the steps before it, <paramref name="back"/> in all; the state moves on to where the next one
    /// starts.
    /// </summary>
    private LossTotals OverlappingPass(TrainingBatch<T> batch, long draw, int first, int steps, int back)
    {
        int start = Math.Max(0, first + steps - back);
        int next = Math.Max(0, first + steps + steps - back);
        NetworkState<T> running = _states.CopyNext();
        bool isLast = first + steps >= batch.InputShape.StepCount;
        if (!isLast && next > start)
        {
            _longer.Set(batch, start, next - start);
            _pass.MoveState(_longer.Input, _states.Next!, draw);
        }

        _longer.Set(batch, start, first + steps - start);
        LossTotals totals = Pass(new PassCall<T>
        {
            Input = _longer.Input,
            Target = _segment.Target,
            State = running,
            Draw = draw,
            Older = first - start,
        });
        if (isLast)
        {
            _states.Next!.CopyFrom(running);
        }

        return totals;
    }

    /// <summary>Clips and makes the step.</summary>
    /// <param name="index">The index of the batch that has the step to itself; null where several share it.</param>
    /// <param name="sequences">Sequences of the batch.</param>
    private void Step(int? index, int sequences)
    {
        TrainableModel<T> model = _trainer.Model;
        try
        {
            GradientNorm = null;
            GradientNorm = _trainer.Clip.Apply(_pass.AllGradients, model.Names, _pass.Width, _pass.Team);
        }
        catch (NonFiniteGradientException) when (_options.OnNonFinite == NonFiniteAction.SkipStep)
        {
            Skipped++;
            if (_options.CarryState || _options.TruncateAfter is not null)
            {
                _states.Reset(sequences);
            }

            return;
        }
        catch (NonFiniteGradientException e)
        {
            NonFiniteValue? origin = _broken is { } broken ? broken.Origin : _pass.FindNonFinite();
            throw new NonFiniteGradientException(e, origin, _broken?.Batch ?? index);
        }

        Optimizer<T> optimizer = _trainer.Optimizer;
        double factor = _trainer.Schedule?.FactorAt(new ScheduleTime(optimizer.Steps, _trainer.Position.Epoch)) ?? 1;
        using (LockGroup.Scope locked = model.Locks.Enter())
        {
            LearningRate = optimizer.Step(model.All, model.AllNames, _pass.AllGradients, _pass.Team, factor);
            _pass.CommitAverages();
        }

        LossMeter epoch = EpochLoss;
        epoch.Add(_pending);
        EpochLoss = epoch;
        Made++;
    }
}
