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

    /// <summary>The states of the pass to come. Those of the last completed step stay with the trainer until the next one is.</summary>
    private NetworkState<T>? _state;

    public TrainingSteps(Trainer<T> trainer, TrainingOptions options, int workers)
    {
        (_trainer, _options) = (trainer, options);
        _tape = trainer.Network.CreateTape(workers);
        _tape.ComputesInputGradient = false;
        _tape.DropoutSeed = options.Seed;
        _gradient = trainer.Network.CreateGradient();
        _averages = new RunningAverages<T>(trainer.Network);
        _state = options.CarryState ? trainer.CarriedState?.Clone() : null;
    }

    public long Made { get; private set; }

    public long Skipped { get; private set; }

    /// <summary>The norm at the latest step; NaN before the first, and after a skipped one.</summary>
    public double GradientNorm { get; private set; } = double.NaN;

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

        if (_trainer.CarriedState?.Count == _state!.Count)
        {
            _trainer.CarriedState.CopyFrom(_state);
        }
        else
        {
            _trainer.CarriedState = _state.Clone();
        }
    }

    /// <summary>Takes a batch; makes a step after each segment, or after the batch when it <paramref name="ends"/> its group.</summary>
    public void Train(TrainingBatch<T> batch, long draw, double share, bool begins, bool ends, ref LossMeter meter, ref LossMeter epoch)
    {
        if (_options.TruncateAfter is { } steps)
        {
            TrainSegments(batch, draw, steps, ref meter, ref epoch);
            return;
        }

        if (begins)
        {
            _gradient.Clear();
            _averages.Begin();
        }

        if (_options.CarryState && _state?.Count != batch.InputShape.Count)
        {
            ResetState(batch.InputShape.Count);
        }

        LossTotals totals = Pass(batch.Input, batch.InputIds, batch.Target, batch.Labels, batch.Weights, draw, share);
        meter.Add(totals);
        epoch.Add(totals);
        if (ends)
        {
            Step(batch.InputShape.Count);
        }
    }

    public void Dispose() => _tape.Dispose();

    private void TrainSegments(TrainingBatch<T> batch, long draw, int steps, ref LossMeter meter, ref LossMeter epoch)
    {
        if (!_options.CarryState || _state?.Count != batch.InputShape.Count)
        {
            ResetState(batch.InputShape.Count);
        }

        for (int first = 0; first < batch.InputShape.StepCount; first += steps)
        {
            _segment.Set(batch, first, steps);
            _gradient.Clear();
            _averages.Begin();

            // One draw for all segments: a mask depends on the step in the whole sequence, so cutting does not change it.
            LossTotals totals = Pass(_segment.Input, _segment.InputIds, _segment.Target, _segment.Labels, _segment.Weights, draw, 1);
            meter.Add(totals);
            epoch.Add(totals);
            Step(batch.InputShape.Count);
        }
    }

    private LossTotals Pass(
        SequenceBatch<T>? input, SequenceBatch<int>? ids, SequenceBatch<T>? target, SequenceBatch<int>? labels, SequenceBatch<T>? weights, long draw, double share)
    {
        Network<T> network = _trainer.Network;
        NetworkState<T>? state = _options.CarryState || _options.TruncateAfter is not null ? _state : null;
        _tape.DropoutDraw = draw;

        // As fast for few classes as the separate calls, faster for many, and in less memory; the same bits.
        if (_trainer.Loss.Rows is SoftmaxRows<T>)
        {
            LossInput<T> rowsToCome = new(null, target, labels, weights);
            LossTotals fused = network.ForwardLoss(input, ids, rowsToCome, _trainer.Loss, _tape, _gradient, state, share);
            network.Backward(_tape, _gradient);
            _averages.Add(_tape);
            return fused;
        }

        SequenceBatch<T> output = (input, state) switch
        {
            (null, null) => network.Forward(ids!, _tape),
            (null, not null) => network.Forward(ids!, state, _tape),
            (not null, null) => network.Forward(input, _tape),
            _ => network.Forward(input, state, _tape),
        };
        LossInput<T> rows = new(output, target, labels, weights);
        LossTotals totals = _trainer.Loss.EvaluateTotals(rows, _tape.OutputGradient, share, _tape.Pass.Team, _tape.Pass.Width);
        network.Backward(_tape, _gradient);
        _averages.Add(_tape);
        return totals;
    }

    private void Step(int sequences)
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

        catch (NonFiniteGradientException e) when (NonFinite.Find(_tape) is { } origin)
        {
            throw new NonFiniteGradientException(e, origin);
        }

        _trainer.Optimizer.Step(_trainer.Network, _gradient, _tape.Pass.Team);
        _averages.Commit();
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
    }
}
