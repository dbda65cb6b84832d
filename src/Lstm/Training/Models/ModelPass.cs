using System.Numerics;
using Lstm.Diagnostics;
using Lstm.Kernels.Elementwise;
using Lstm.Runtime;
using Lstm.Simd;
using Lstm.Texts;
using Lstm.Training.Losses;
using Lstm.Training.Models;

namespace Lstm.Training;

/// <summary>The base class of passes, which run the networks of a <see cref="TrainableModel{T}"/> on batches.</summary>
/// <remarks>
/// <para>The object has a tape and a gradient for each network. A derived class overrides <see cref="Forward"/>, which runs the
/// networks on <see cref="Tapes"/> and calls <see cref="ForwardLoss"/> for the last one, and <see cref="Backward"/>, which calls
/// <see cref="Network{T}.Backward"/> for the networks in reverse, with <see cref="Gradients"/>. The derived class passes
/// gradients from network to network with the tapes' <see cref="Tape{T}.InputGradient"/>,
/// <see cref="Tape{T}.InitialStateGradient"/>, <see cref="Tape{T}.OutputGradient"/> and
/// <see cref="Tape{T}.FinalStateGradient"/>.</para>
/// <para>The trainer clears the gradients before each step, draws dropout masks, and updates running averages of batch norm. An
/// evaluation calls only <see cref="Forward"/>, with tapes in evaluation mode. One thread uses the object at a time.</para>
/// </remarks>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public abstract class ModelPass<T> : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly TrainableModel<T> _model;
    private readonly Tape<T>[] _tapes;
    private readonly Gradient<T>[] _gradients;
    private readonly RunningAverages<T>[] _averages;
    private readonly Workspace<T>? _workspace;

    /// <summary>Views of the output, and of its gradient, without older steps.</summary>
    private readonly SequenceBatch<T> _output;
    private readonly SequenceBatch<T> _outputGradient;

    private PassCall<T> _call;
    private Loss<T>? _loss;
    private LossTotals _totals;
    private bool _isEvaluated;

    /// <summary>Initializes the object with tapes and gradients of the model's networks.</summary>
    /// <param name="model">The model.</param>
    /// <param name="options">The options that were passed to <see cref="TrainableModel{T}.CreatePass"/>.</param>
    /// <exception cref="NotSupportedException">The options recompute steps, and a network has batch norm.</exception>
    protected ModelPass(TrainableModel<T> model, ModelPassOptions options)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(options);
        (_model, Trains) = (model, options.Trains);
        _tapes = [.. model.Networks.Select(network => network.CreateTape(options.Workers))];
        for (int i = 0; i < _tapes.Length; i++)
        {
            _tapes[i].Training = options.Trains;

            // Networks whose layers are alike would draw the same masks from the same seed.
            _tapes[i].DropoutSeed = i == 0 ? options.Seed : (long)RandomBits.Mix((ulong)options.Seed + (ulong)i);
            _tapes[i].RecomputeEvery = options.RecomputeEvery;
        }

        _gradients = options.Trains ? [.. model.Networks.Select(network => network.CreateGradient())] : [];
        _averages = options.Trains ? [.. model.Networks.Select(network => new RunningAverages<T>(network))] : [];
        _workspace = options.Trains ? null : model.Output.CreateWorkspace(options.Workers);
        _output = new SequenceBatch<T>(model.Output.OutputSize);
        _outputGradient = new SequenceBatch<T>(model.Output.OutputSize);
    }

    /// <summary>Whether the passes train. If false, only the loss is computed.</summary>
    protected bool Trains { get; }

    /// <summary>A tape for each network of the model, in the model's order.</summary>
    protected IReadOnlyList<Tape<T>> Tapes => _tapes;

    /// <summary>A gradient for each network of the model, in the model's order; empty if <see cref="Trains"/> is false.</summary>
    protected IReadOnlyList<Gradient<T>> Gradients => _gradients;

    /// <summary>Returns, as text, the number of networks and whether the passes train.</summary>
    public override string ToString()
        => $"{TypeName.Of(this)}: {Counted.Of(_tapes.Length, "network")}, {(Trains ? "training" : "evaluation")}";

    /// <summary>The gradients without a copy.</summary>
    internal ReadOnlySpan<Gradient<T>> AllGradients => _gradients;

    /// <summary>Workers for what follows a pass.</summary>
    internal WorkerTeam Team => _tapes[^1].Pass.Team;

    /// <summary>The SIMD width of the passes.</summary>
    internal SimdWidth Width => _tapes[^1].Pass.Width;

    /// <summary>The state that the pass starts from and overwrites; null for the initial one.</summary>
    private protected NetworkState<T>? CarriedState => _call.State;

    /// <summary>Releases the tapes and ends their worker threads.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>
    /// Runs the networks forward on a batch. The method calls <see cref="ForwardLoss"/> once, for the last network.
    /// </summary>
    /// <param name="input">The input, which matches the model.</param>
    /// <param name="target">The target, for <see cref="ForwardLoss"/>.</param>
    protected abstract void Forward(NetworkInput<T> input, NetworkTarget<T> target);

    /// <summary>Runs the networks backward, in reverse order, and adds to <see cref="Gradients"/>.</summary>
    /// <remarks>
    /// Call <see cref="Network{T}.Backward"/> of the last network first: its output gradient is that of the loss. A network that
    /// is not run backward does not learn in this step.
    /// </remarks>
    protected abstract void Backward();

    /// <summary>Runs the last network on its tape and evaluates the trainer's loss.</summary>
    /// <remarks>
    /// The logits of large vocabularies are not stored, as in
    /// <see cref="Network{T}.ForwardLoss(NetworkInput{T}, NetworkTarget{T}, Loss{T}, Tape{T}, NetworkState{T}, Gradient{T})"/>.
    /// </remarks>
    /// <param name="input">The last network's input.</param>
    /// <param name="target">The target of its output.</param>
    /// <param name="state">The initial state, overwritten with the final one. Null for the zero or learned initial state.</param>
    /// <exception cref="ArgumentException">The input, the state or the target does not match the network or the loss.</exception>
    /// <exception cref="InvalidOperationException">
    /// No pass is running, or the method was already called in this pass.
    /// </exception>
    protected void ForwardLoss(NetworkInput<T> input, NetworkTarget<T> target, NetworkState<T>? state = null)
    {
        if (_loss is null || _isEvaluated)
        {
            throw new InvalidOperationException(
                "ForwardLoss was called twice in a pass, or outside of one. Call it once, within Forward.");
        }

        if (Trains)
        {
            _totals = RunLast(_loss, input, target, state);
        }
        else
        {
            _model.Output.EvaluateLoss(input, target, _loss, _workspace!, state, ref _totals);
        }

        _isEvaluated = true;
    }

    /// <summary>Releases the tapes. An override releases the resources of the derived class and calls this method.</summary>
    /// <param name="disposing">Whether <see cref="Dispose()"/> calls the method.</param>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
        {
            Array.ForEach(_tapes, tape => tape.Dispose());
            _workspace?.Dispose();
        }
    }

    /// <summary>Begins an optimizer step: gradients are zero, and running averages are the networks'.</summary>
    internal void BeginStep()
    {
        for (int i = 0; i < _gradients.Length; i++)
        {
            _gradients[i].Clear();
            _averages[i].Begin();
        }
    }

    /// <summary>Runs a pass forward and backward, and adds to the gradients and the running averages.</summary>
    internal LossTotals Train(Loss<T> loss, in PassCall<T> call)
    {
        _totals = default;
        Run(loss, call);
        Backward();
        for (int i = 0; i < _tapes.Length; i++)
        {
            if (_tapes[i].IsBackPropagated && _tapes[i].HasStatistics)
            {
                _averages[i].Add(_tapes[i]);
            }
        }

        if (call.State is not null && call.IsInitial)
        {
            _model.Output.AddInitialStateGradient(_tapes[^1], _gradients[^1]);
        }

        return _totals;
    }

    /// <summary>Measures the loss of a pass, and adds to sums.</summary>
    internal void Evaluate(Loss<T> loss, in PassCall<T> call, ref LossTotals totals)
    {
        _totals = totals;
        Run(loss, call);
        totals = _totals;
    }

    /// <summary>Moves a state over some steps, without a loss.</summary>
    internal void MoveState(NetworkInput<T> input, NetworkState<T> state, long draw)
    {
        _tapes[^1].DropoutDraw = draw;
        _model.Output.Forward(input, state, _tapes[^1]);
    }

    /// <summary>Gives the running averages of a step that is made to the networks.</summary>
    internal void CommitAverages()
    {
        foreach (RunningAverages<T> averages in _averages)
        {
            averages.Commit();
        }
    }

    /// <summary>The first value of the latest pass that is not finite; null when all are.</summary>
    internal NonFiniteValue? FindNonFinite()
    {
        for (int i = 0; i < _tapes.Length; i++)
        {
            // A forward pass counts the draw up: a tape without one has nothing of this batch.
            if (_tapes[i].DropoutDraw == _call.Draw)
            {
                continue;
            }

            if (NonFinite.Find(_tapes[i], i == _tapes.Length - 1 ? _call.Target : default) is { } found)
            {
                return found with { Place = _model.PrefixOf(i) + found.Place };
            }
        }

        return null;
    }

    private void Run(Loss<T> loss, in PassCall<T> call)
    {
        (_call, _loss, _isEvaluated) = (call, loss, false);
        foreach (Tape<T> tape in _tapes)
        {
            tape.DropoutDraw = call.Draw;
        }

        try
        {
            Forward(call.Input, call.Target);
        }
        finally
        {
            _loss = null;
        }

        if (!_isEvaluated)
        {
            throw new InvalidOperationException(
                $"Forward of {GetType().Name} did not call ForwardLoss. Call it once, for the model's last network.");
        }
    }

    private LossTotals RunLast(Loss<T> loss, NetworkInput<T> input, NetworkTarget<T> target, NetworkState<T>? state)
    {
        (Network<T> network, Tape<T> tape, int older) = (_model.Output, _tapes[^1], _call.Older);

        // As fast for few classes as the separate calls, faster for many, and in less memory; the same bits.
        if (loss.Rows is LabelRows<T> && older == 0)
        {
            return network.ForwardLoss(input, target, loss, tape, _gradients[^1], state, _call.Divisor);
        }

        SequenceBatch<T> output = state is null ? network.Forward(input, tape) : network.Forward(input, state, tape);
        SequenceBatch<T> outputGradient = tape.OutputGradient;
        if (older > 0)
        {
            outputGradient.Rows[..(outputGradient.Shape.Offset(older) * outputGradient.FeatureSize)].Clear();
            _outputGradient.View(outputGradient, older, int.MaxValue);
            _output.View(output, older, int.MaxValue);
            (output, outputGradient) = (_output, _outputGradient);
        }

        return loss.EvaluateTotals(output, target, outputGradient, _call.Divisor, tape.Pass.Team, tape.Pass.Width);
    }
}
