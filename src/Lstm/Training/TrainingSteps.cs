using System.Numerics;
using Lstm.Diagnostics;
using Lstm.Training.Batches;
using Lstm.Training.Losses;

namespace Lstm.Training;

/// <summary>The steps of a training: one batch, or its segments, through network, loss, clip and optimizer.</summary>
internal sealed class TrainingSteps<T> : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Trainer<T> _trainer;
    private readonly TrainingOptions _options;
    private readonly Tape<T> _tape;
    private readonly Gradient<T> _gradient;
    private readonly BatchSegment<T> _segment = new();
    private readonly RunningAverages<T> _averages;

    /// <summary>A segment with the steps before it, and of its output and the gradient of that the segment's own part.</summary>
    private readonly BatchSegment<T> _longer = new();
    private readonly SequenceBatch<T> _output;
    private readonly SequenceBatch<T> _outputGradient;

    /// <summary>The states of the pass to come. Those of the last completed step stay with the trainer until the next one is.</summary>
    private NetworkState<T>? _state;

    /// <summary>Where segments overlap: the states of the pass at hand, while <see cref="_state"/> waits for the next one.</summary>
    private NetworkState<T>? _running;

    /// <summary>The states behind the last completed step, for the trainer to go on from.</summary>
    private NetworkState<T>? _kept;

    /// <summary>The target of the latest pass.</summary>
    private NetworkTarget<T> _target;

    /// <summary>The first batch of the step that is not complete yet whose loss is not finite, and where that began; null when there is none.</summary>
    private (int Batch, NonFiniteValue? Origin)? _broken;

    /// <summary>The losses of the step that is not complete yet: an epoch's has no part of skipped ones.</summary>
    private LossMeter _pending;

    /// <summary>Whether the states of the pass to come are the initial ones, whose gradient belongs to the learned initial state.</summary>
    private bool _isInitial;

    /// <summary>Whether the batch to come starts from the initial states, whatever the one before it left.</summary>
    private bool _starts;

    public TrainingSteps(Trainer<T> trainer, TrainingOptions options, int workers)
    {
        (_trainer, _options) = (trainer, options);
        _tape = trainer.Network.CreateTape(workers);
        _tape.ComputesInputGradient = false;
        _tape.DropoutSeed = options.Seed;
        _tape.RecomputeEvery = options.RecomputeEvery;
        _output = new SequenceBatch<T>(trainer.Network.OutputSize);
        _outputGradient = new SequenceBatch<T>(trainer.Network.OutputSize);
        _gradient = trainer.Network.CreateGradient();
        _averages = new RunningAverages<T>(trainer.Network);
        _state = trainer.State.CarriedState?.Clone();
        EpochLoss = trainer.State.EpochLoss;
    }

    public long Made { get; private set; }

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
        _starts = true;
    }

    /// <summary>The states to go on from behind the last completed step; null for the initial ones, which are made where they are needed.</summary>
    /// <param name="withinBatch">Whether that is within a batch.</param>
    /// <returns>A copy, valid until the next call.</returns>
    public NetworkState<T>? StateToKeep(bool withinBatch)
    {
        if (_isInitial || _starts || _state is null || !(_options.CarryState || withinBatch))
        {
            return null;
        }

        if (_kept?.Count != _state.Count)
        {
            _kept = _state.Clone();
        }
        else
        {
            _kept.CopyFrom(_state);
        }

        return _kept;
    }

    /// <summary>Takes a whole batch, and makes a step when it ends its group.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="index">Its index in the caller's list.</param>
    /// <param name="draw">The key of its dropout masks.</param>
    /// <param name="divisor">What its loss's gradient is divided by; null for the loss's own.</param>
    /// <param name="begins">Whether it is the first batch of the step's group.</param>
    /// <param name="ends">Whether it is the last one.</param>
    /// <param name="meter">Gets the batch's loss.</param>
    public void TrainBatch(TrainingBatch<T> batch, int index, long draw, double? divisor, bool begins, bool ends, ref LossMeter meter)
    {
        if (begins)
        {
            Begin();
        }

        if (_options.CarryState && NeedsInitialState(batch, index))
        {
            ResetState(batch.InputShape.Count);
        }

        LossTotals totals = Pass(batch.Input, batch.Target, _options.CarryState ? _state : null, draw, divisor);
        _isInitial = false;
        Add(totals, index, ref meter);
        if (ends)
        {
            Step(begins ? index : null, batch.InputShape.Count);
        }
    }

    /// <summary>Takes one segment of a batch and makes a step.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="index">Its index in the caller's list.</param>
    /// <param name="draw">The key of its dropout masks: one for all segments, since a mask depends on the step in the whole sequence.</param>
    /// <param name="first">The segment's first step.</param>
    /// <param name="meter">Gets the segment's loss.</param>
    /// <returns>The first step of the next segment.</returns>
    public int TrainSegment(TrainingBatch<T> batch, int index, long draw, int first, ref LossMeter meter)
    {
        int back = _options.TruncateAfter!.Value;
        int steps = _options.StepEvery ?? back;
        if ((first == 0 && !_options.CarryState) || NeedsInitialState(batch, index) || (_isInitial && first > 0))
        {
            // Within a batch the last step has moved a learned state.
            ResetState(batch.InputShape.Count);
        }

        _segment.Set(batch, first, steps);
        Begin();
        LossTotals totals = back == steps
            ? Pass(_segment.Input, _segment.Target, _state, draw, null)
            : OverlappingPass(batch, draw, first, steps, back);

        // The next segment looks back to the same beginning, unless that lies further than it looks.
        _isInitial &= first + steps + steps <= back && first + steps < batch.InputShape.StepCount;
        Add(totals, index, ref meter);
        Step(index, batch.InputShape.Count);
        return Math.Min(first + steps, batch.InputShape.StepCount);
    }

    public void Dispose() => _tape.Dispose();

    /// <summary>Whether there are no states to go on from.</summary>
    /// <exception cref="InvalidOperationException">There are, of another number of sequences.</exception>
    private bool NeedsInitialState(TrainingBatch<T> batch, int index)
        => _starts || _state is null || (_state.Count == batch.InputShape.Count ? false : throw new InvalidOperationException(
            $"The carried states are of {_state.Count} sequences, batch {index} has {batch.InputShape.Count}: the training is resumed with other batches."));

    private void Begin()
    {
        _gradient.Clear();
        _averages.Begin();
        _pending = default;
        _broken = null;
    }

    private void Add(LossTotals totals, int index, ref LossMeter meter)
    {
        meter.Add(totals);
        _pending.Add(totals);
        if (!double.IsFinite(totals.Sum) && _broken is null && _options.OnNonFinite == NonFiniteAction.Throw)
        {
            _broken = (index, FindOrigin());
        }
    }

    private NonFiniteValue? FindOrigin() => NonFinite.Find(_tape, _target);

    /// <summary>A pass over a segment and the steps before it, <paramref name="back"/> in all; the state moves on to where the next one starts.</summary>
    private LossTotals OverlappingPass(TrainingBatch<T> batch, long draw, int first, int steps, int back)
    {
        int start = Math.Max(0, first + steps - back);
        int next = Math.Max(0, first + steps + steps - back);
        _running = _running?.Count == _state!.Count ? _running : _state.Clone();
        _running.CopyFrom(_state);
        bool isLast = first + steps >= batch.InputShape.StepCount;
        if (!isLast && next > start)
        {
            _longer.Set(batch, start, next - start);
            _tape.DropoutDraw = draw;
            _trainer.Network.Forward(_longer.Input, _state, _tape);
        }

        _longer.Set(batch, start, first + steps - start);
        LossTotals totals = Pass(_longer.Input, _segment.Target, _running, draw, null, first - start);
        if (isLast)
        {
            _state.CopyFrom(_running);
        }

        return totals;
    }

    /// <summary>Forward, loss, backward; the loss leaves out the first <paramref name="older"/> steps.</summary>
    private LossTotals Pass(NetworkInput<T> input, NetworkTarget<T> target, NetworkState<T>? state, long draw, double? divisor, int older = 0)
    {
        Network<T> network = _trainer.Network;
        _tape.DropoutDraw = draw;
        _target = target;

        // As fast for few classes as the separate calls, faster for many, and in less memory; the same bits.
        if (_trainer.Loss.Rows is LabelRows<T> && older == 0)
        {
            LossTotals fused = network.ForwardLoss(input, target, _trainer.Loss, _tape, _gradient, state, divisor);
            Backward(state);
            return fused;
        }

        SequenceBatch<T> output = state is null ? network.Forward(input, _tape) : network.Forward(input, state, _tape);
        SequenceBatch<T> outputGradient = _tape.OutputGradient;
        if (older > 0)
        {
            outputGradient.Rows[..(outputGradient.Shape.Offset(older) * outputGradient.FeatureSize)].Clear();
            _outputGradient.View(outputGradient, older, int.MaxValue);
            _output.View(output, older, int.MaxValue);
            (output, outputGradient) = (_output, _outputGradient);
        }

        LossTotals totals = _trainer.Loss.EvaluateTotals(output, target, outputGradient, divisor, _tape.Pass.Team, _tape.Pass.Width);
        Backward(state);
        return totals;
    }

    private void Backward(NetworkState<T>? state)
    {
        _trainer.Network.Backward(_tape, _gradient);
        _averages.Add(_tape);
        if (state is not null && _isInitial)
        {
            _trainer.Network.AddInitialStateGradient(_tape, _gradient);
        }
    }

    /// <summary>Clips and makes the step.</summary>
    /// <param name="index">The index of the batch that has the step to itself; null where several share it.</param>
    /// <param name="sequences">Sequences of the batch.</param>
    private void Step(int? index, int sequences)
    {
        try
        {
            GradientNorm = null;
            GradientNorm = _trainer.Clip.Apply(_gradient, _tape.Pass.Width, _tape.Pass.Team);
        }
        catch (NonFiniteGradientException) when (_options.OnNonFinite == NonFiniteAction.SkipStep)
        {
            Skipped++;
            if (_options.CarryState || _options.TruncateAfter is not null)
            {
                ResetState(sequences);
            }

            return;
        }
        catch (NonFiniteGradientException e)
        {
            throw new NonFiniteGradientException(e, _broken is { } broken ? broken.Origin : FindOrigin(), _broken?.Batch ?? index);
        }

        double factor = _trainer.Schedule?.FactorAt(new ScheduleTime(_trainer.Optimizer.Steps, _trainer.State.Position.Epoch)) ?? 1;
        lock (_trainer.Network.ParameterLock)
        {
            LearningRate = _trainer.Optimizer.Step(_trainer.Network, _gradient, _tape.Pass.Team, factor);
            _averages.Commit();
        }

        LossMeter epoch = EpochLoss;
        epoch.Add(_pending);
        EpochLoss = epoch;
        Made++;
    }

    private void ResetState(int count)
    {
        if (_state?.Count != count)
        {
            _state = _trainer.Network.CreateState(count);
        }
        else
        {
            _trainer.Network.ResetState(_state);
        }

        _isInitial = true;
        _starts = false;
    }
}
