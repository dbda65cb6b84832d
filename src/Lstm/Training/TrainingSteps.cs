using System.Numerics;

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

    /// <summary>What the latest pass was compared with.</summary>
    private LossInput<T> _compared;

    /// <summary>The first batch of the step that is not complete yet whose loss is not finite, and where that began; null when there is none.</summary>
    private (int Batch, NonFiniteValue? Origin)? _broken;

    /// <summary>Whether a batch has the step to itself.</summary>
    private bool _isAlone;

    /// <summary>The losses of the step that is not complete yet: an epoch's has no part of skipped ones.</summary>
    private LossMeter _pending;

    /// <summary>Whether the states of the pass to come are the initial ones, whose gradient belongs to the learned initial state.</summary>
    private bool _isInitial;

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
        _state = options.CarryState ? trainer.CarriedState?.Clone() : null;
    }

    public long Made { get; private set; }

    public long Skipped { get; private set; }

    /// <summary>The norm at the latest step; NaN before the first, and after a skipped one.</summary>
    public double GradientNorm { get; private set; } = double.NaN;

    /// <summary>The index of the batch at hand in the caller's list.</summary>
    public int BatchIndex { get; set; }

    /// <summary>Sets carried states back to the initial one.</summary>
    public void StartEpoch(int count)
    {
        if (_options.CarryState)
        {
            ResetState(count);
        }
    }

    /// <summary>Leaves carried states with the trainer, once the batches that they come from are done with.</summary>
    public void KeepState()
    {
        if (!_options.CarryState)
        {
            return;
        }

        if (_isInitial)
        {
            // Made anew where the training goes on: it is the network's own.
            _trainer.CarriedState = null;
        }
        else if (_trainer.CarriedState?.Count == _state!.Count)
        {
            _trainer.CarriedState.CopyFrom(_state);
        }
        else
        {
            _trainer.CarriedState = _state.Clone();
        }
    }

    /// <summary>Takes a batch; makes a step after each segment, or after the batch when it <paramref name="ends"/> its group.</summary>
    public void Train(TrainingBatch<T> batch, long draw, double? divisor, bool begins, bool ends, ref LossMeter meter, ref LossMeter epoch)
    {
        if (_options.TruncateAfter is { } steps)
        {
            TrainSegments(batch, draw, _options.StepEvery ?? steps, steps, ref meter, ref epoch);
            return;
        }

        if (begins)
        {
            Begin();
        }

        if (_options.CarryState && _state?.Count != batch.InputShape.Count)
        {
            ResetState(batch.InputShape.Count);
        }

        LossTotals totals = Pass(batch.Input, batch.InputIds, batch.Target, batch.Labels, batch.Weights, _options.CarryState ? _state : null, draw, divisor);
        _isInitial = false;
        _isAlone = begins && ends;
        Count(totals, ref meter);
        if (ends)
        {
            Step(batch.InputShape.Count, ref epoch);
        }
    }

    public void Dispose() => _tape.Dispose();

    private void Count(LossTotals totals, ref LossMeter meter)
    {
        meter.Add(totals);
        _pending.Add(totals);
        if (!double.IsFinite(totals.Sum) && _broken is null && _options.OnNonFinite == NonFiniteAction.Throw)
        {
            _broken = (BatchIndex, FindOrigin());
        }
    }

    private NonFiniteValue? FindOrigin() => NonFinite.Find(_tape, _compared.Target, _compared.Weights);

    private void Begin()
    {
        _broken = null;
        _gradient.Clear();
        _averages.Begin();
        _pending = default;
    }

    // One draw for all segments: a mask depends on the step in the whole sequence, so cutting does not change it.
    private void TrainSegments(TrainingBatch<T> batch, long draw, int steps, int back, ref LossMeter meter, ref LossMeter epoch)
    {
        if (!_options.CarryState || _state?.Count != batch.InputShape.Count)
        {
            ResetState(batch.InputShape.Count);
        }

        for (int first = 0; first < batch.InputShape.StepCount; first += steps)
        {
            if (_isInitial && first > 0)
            {
                // The last step has moved a learned state.
                ResetState(batch.InputShape.Count);
            }

            _segment.Set(batch, first, steps);
            Begin();
            LossTotals totals = back == steps
                ? Pass(_segment.Input, _segment.InputIds, _segment.Target, _segment.Labels, _segment.Weights, _state, draw, null)
                : OverlappingPass(batch, draw, first, steps, back);

            // The next segment looks back to the same beginning, unless that lies further than it looks.
            _isInitial &= first + steps + steps <= back && first + steps < batch.InputShape.StepCount;
            _isAlone = true;
            Count(totals, ref meter);
            Step(batch.InputShape.Count, ref epoch);
        }
    }

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
            Forward(_longer.Input, _longer.InputIds, _state);
        }

        _longer.Set(batch, start, first + steps - start);
        LossTotals totals = Pass(_longer.Input, _longer.InputIds, _segment.Target, _segment.Labels, _segment.Weights, _running, draw, null, first - start);
        if (isLast)
        {
            _state.CopyFrom(_running);
        }

        return totals;
    }

    /// <summary>Forward, loss, backward; the loss leaves out the first <paramref name="older"/> steps.</summary>
    private LossTotals Pass(
        SequenceBatch<T>? input,
        SequenceBatch<int>? ids,
        SequenceBatch<T>? target,
        SequenceBatch<int>? labels,
        SequenceBatch<T>? weights,
        NetworkState<T>? state,
        long draw,
        double? divisor,
        int older = 0)
    {
        Network<T> network = _trainer.Network;
        _tape.DropoutDraw = draw;
        _compared = new LossInput<T>(null, target, labels, weights);

        // As fast for few classes as the separate calls, faster for many, and in less memory; the same bits.
        if (_trainer.Loss.Rows is SoftmaxRows<T> && older == 0)
        {
            LossTotals fused = network.ForwardLoss(input, ids, _compared, _trainer.Loss, _tape, _gradient, state, divisor);
            Backward(state);
            return fused;
        }

        SequenceBatch<T> output = Forward(input, ids, state);
        SequenceBatch<T> outputGradient = _tape.OutputGradient;
        if (older > 0)
        {
            outputGradient.Rows[..(outputGradient.Shape.Offset(older) * outputGradient.FeatureSize)].Clear();
            _outputGradient.View(outputGradient, older, int.MaxValue);
            _output.View(output, older, int.MaxValue);
            (output, outputGradient) = (_output, _outputGradient);
        }

        LossTotals totals = _trainer.Loss.EvaluateTotals(_compared with { Output = output }, outputGradient, divisor, _tape.Pass.Team, _tape.Pass.Width);
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

    private SequenceBatch<T> Forward(SequenceBatch<T>? input, SequenceBatch<int>? ids, NetworkState<T>? state) => (input, state) switch
    {
        (null, null) => _trainer.Network.Forward(ids!, _tape),
        (null, not null) => _trainer.Network.Forward(ids!, state, _tape),
        (not null, null) => _trainer.Network.Forward(input, _tape),
        _ => _trainer.Network.Forward(input, state, _tape),
    };

    private void Step(int sequences, ref LossMeter epoch)
    {
        try
        {
            GradientNorm = double.NaN;
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
            throw new NonFiniteGradientException(e, _broken is { } broken ? broken.Origin : FindOrigin(), _broken?.Batch ?? (_isAlone ? BatchIndex : null));
        }

        _trainer.Optimizer.Step(_trainer.Network, _gradient, _tape.Pass.Team);
        _averages.Commit();
        epoch.Add(_pending);
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
    }
}
