



using Lstm.Layers;
using Lstm.Runtime;
using Lstm.Sequences;
using Lstm.Training.Losses;
using Lstm.Training.Losses.Softmax;

namespace Lstm;

public sealed unsafe partial class Network<T>
{
    /// <summary>Runs a batch forward and evaluates a loss for target values: <c>Forward</c> and <c>loss.Evaluate</c> in one, with the same bits.</summary>
    /// <remarks>
    /// <para>When the last layer is a <see cref="DenseSpec"/> without activation and the loss is one of this library's, the whole output is
    /// never stored: a few hundred rows exist at a time. The tape's output and output gradient are not set then; otherwise they
    /// are. Backward follows as usual.</para>
    /// <para>Give <paramref name="gradient"/> when training: <see cref="SoftmaxCrossEntropy{T}"/> then adds the last layer's part to it
    /// while the logits are at hand, and Backward, which has to be given the same gradient, unchanged, adds the rest. Clear it before this
    /// call, not between the two. Without it Backward computes all logits again: four large products instead of three.</para>
    /// </remarks>
    /// <param name="batch">Sequences of <see cref="InputSize"/> features; not to be changed until Backward has returned, like the target and weights.</param>
    /// <param name="target">What the output should be.</param>
    /// <param name="loss">The loss.</param>
    /// <param name="tape">A tape of this network.</param>
    /// <param name="state">The state to start from, overwritten with the final one; null for the zero or learned one.</param>
    /// <param name="weights">One weight per output row; null for 1.</param>
    /// <param name="gradient">The gradient that Backward will be given; null to make it all there.</param>
    /// <returns>The loss's value.</returns>
    /// <exception cref="ArgumentException">
    /// Something does not fit this network or the output, or is the tape's own, or the loss takes logits and the last <see cref="DenseSpec"/> has an activation.
    /// </exception>
    /// <exception cref="InvalidOperationException">The tape, the state or the gradient is in use, or a batch is being refilled.</exception>
    /// <exception cref="NotSupportedException">The loss takes labels.</exception>
    public double ForwardLoss(
        SequenceBatch<T> batch, SequenceBatch<T> target, Loss<T> loss, Tape<T> tape, NetworkState<T>? state = null, SequenceBatch<T>? weights = null, Gradient<T>? gradient = null)
    {
        ArgumentNullException.ThrowIfNull(target);
        return ForwardLoss(batch, null, new LossInput<T>(null, target, null, weights), loss, tape, gradient, state, null).Value;
    }

    /// <summary>The same for integer labels.</summary>
    /// <inheritdoc cref="ForwardLoss(SequenceBatch{T}, SequenceBatch{T}, Loss{T}, Tape{T}, NetworkState{T}, SequenceBatch{T}, Gradient{T})"/>
    /// <param name="batch">Sequences of <see cref="InputSize"/> features.</param>
    /// <param name="labels">One label per output row.</param>
    /// <param name="loss">The loss.</param>
    /// <param name="tape">A tape of this network.</param>
    /// <param name="state">The state to start from, overwritten with the final one; null for the zero or learned one.</param>
    /// <param name="weights">One weight per output row; null for 1.</param>
    /// <param name="gradient">The gradient that Backward will be given; null to make it all there.</param>
    public double ForwardLoss(
        SequenceBatch<T> batch, SequenceBatch<int> labels, Loss<T> loss, Tape<T> tape, NetworkState<T>? state = null, SequenceBatch<T>? weights = null, Gradient<T>? gradient = null)
    {
        ArgumentNullException.ThrowIfNull(labels);
        return ForwardLoss(batch, null, new LossInput<T>(null, null, labels, weights), loss, tape, gradient, state, null).Value;
    }

    /// <summary>The same for ids and target values.</summary>
    /// <inheritdoc cref="ForwardLoss(SequenceBatch{T}, SequenceBatch{T}, Loss{T}, Tape{T}, NetworkState{T}, SequenceBatch{T}, Gradient{T})"/>
    /// <param name="batch">Sequences of ids.</param>
    /// <param name="target">What the output should be.</param>
    /// <param name="loss">The loss.</param>
    /// <param name="tape">A tape of this network.</param>
    /// <param name="state">The state to start from, overwritten with the final one; null for the zero or learned one.</param>
    /// <param name="weights">One weight per output row; null for 1.</param>
    /// <param name="gradient">The gradient that Backward will be given; null to make it all there.</param>
    public double ForwardLoss(
        SequenceBatch<int> batch, SequenceBatch<T> target, Loss<T> loss, Tape<T> tape, NetworkState<T>? state = null, SequenceBatch<T>? weights = null, Gradient<T>? gradient = null)
    {
        ArgumentNullException.ThrowIfNull(target);
        return ForwardLoss(null, batch, new LossInput<T>(null, target, null, weights), loss, tape, gradient, state, null).Value;
    }

    /// <summary>The same for ids and integer labels.</summary>
    /// <inheritdoc cref="ForwardLoss(SequenceBatch{T}, SequenceBatch{T}, Loss{T}, Tape{T}, NetworkState{T}, SequenceBatch{T}, Gradient{T})"/>
    /// <param name="batch">Sequences of ids.</param>
    /// <param name="labels">One label per output row.</param>
    /// <param name="loss">The loss.</param>
    /// <param name="tape">A tape of this network.</param>
    /// <param name="state">The state to start from, overwritten with the final one; null for the zero or learned one.</param>
    /// <param name="weights">One weight per output row; null for 1.</param>
    /// <param name="gradient">The gradient that Backward will be given; null to make it all there.</param>
    public double ForwardLoss(
        SequenceBatch<int> batch, SequenceBatch<int> labels, Loss<T> loss, Tape<T> tape, NetworkState<T>? state = null, SequenceBatch<T>? weights = null, Gradient<T>? gradient = null)
    {
        ArgumentNullException.ThrowIfNull(labels);
        return ForwardLoss(null, batch, new LossInput<T>(null, null, labels, weights), loss, tape, gradient, state, null).Value;
    }

    /// <summary>The same with what a trainer wants besides: counts of right answers, and a gradient divided by the weight of more than this batch.</summary>
    internal LossTotals ForwardLoss(
        SequenceBatch<T>? batch, SequenceBatch<int>? ids, LossInput<T> input, Loss<T> loss, Tape<T> tape, Gradient<T>? gradient, NetworkState<T>? state, double? divisor)
    {
        ArgumentNullException.ThrowIfNull(loss);
        CheckGradient(gradient);
        LossChecks<T>.CheckNetwork(this, loss);
        CheckForward(batch, ids, state, tape);
        CheckNotOwn(tape, input.Target, "target", "The target");
        CheckNotOwn(tape, input.Weights, "weights", "The weights");
        using Use.Taking taken = tape.Take();
        using Use.Taking writing = NetworkState<T>.Take(state);
        using Use.Taking adding = Gradient<T>.Take(gradient);
        using InputReading<T> reading = new(batch, ids);
        using LossReading<T> rowsRead = new(input);
        Rows<T> rows = BeginForward(reading, state, tape);
        tape.SetInput(batch, ids, reading);

        // Computed again together with the layers before it, a layer of few outputs takes less memory than its inputs would.
        LossTotals totals = Layers[^1] is not DenseLayer<T> { IsLinear: true } dense || loss.Rows is null || (tape.RecomputeEvery is not null && dense.OutputSize <= dense.InputSize)
            ? RunSeparately(reading, rows, input, loss, tape, state, divisor)
            : RunFused(reading, rows, input, rowsRead, loss, dense, tape, gradient, state, divisor);
        EndForward(state, tape);
        return totals;
    }

    private LossTotals RunSeparately(in InputReading<T> reading, Rows<T> rows, LossInput<T> input, Loss<T> loss, Tape<T> tape, NetworkState<T>? state, double? divisor)
    {
        using (TakeOutputGradient(tape))
        {
            RunToOutput(reading, rows, state, tape);
        }

        // A loss of the caller's may look at all that the tape shows; a pass that it makes on the same tape is refused.
        tape.Use.Share();
        return loss.EvaluateTotals(input with { Output = tape.Output }, tape.OutputGradient, divisor, tape.Pass.Team, tape.Pass.Width);
    }

    private LossTotals RunFused(
        in InputReading<T> reading, Rows<T> rows, LossInput<T> input, in LossReading<T> rowsRead, Loss<T> loss, DenseLayer<T> dense, Tape<T> tape, Gradient<T>? gradient, NetworkState<T>? state, double? divisor)
    {
        tape.ChooseRun(fuses: true);
        LayerRun<T> run = tape.Run;
        tape.Pass = RunLayers(tape.Pass, rows, IdsOf(reading), state, run, run.Layers.Count - 1);
        Rows<T> last = run.Layers.Count > 1 ? run.Tapes[^2].OutputRows(dense.InputSize) : rows;
        LossTotals totals = gradient is not null && loss.Rows is SoftmaxRows<T>
            ? tape.Fused.Sweep(dense, tape.Pass, last, run.Tapes[^1], loss, input, rowsRead, divisor, InputGradient(tape, run.Layers.Count - 1, last), gradient)
            : tape.Fused.Forward(dense, tape.Pass, last, loss, input, rowsRead, divisor);
        GC.KeepAlive(this);
        return totals;
    }

    /// <summary>The loss of a batch, or of a part of one, added to sums; the output is not kept, and of a linear last layer a few hundred rows exist at a time.</summary>
    internal void EvaluateLoss(
        SequenceBatch<T>? batch, SequenceBatch<int>? ids, LossInput<T> input, Loss<T> loss, Workspace<T> workspace, NetworkState<T>? state, ref LossTotals totals)
    {
        if (Layers[^1] is not DenseLayer<T> { IsLinear: true } dense || loss.Rows is null)
        {
            LossInput<T> known = input with { Output = RunPredict(batch, ids, state, workspace) };
            if (loss.Rows is null)
            {
                totals = loss.EvaluateTotals(known, null, null, workspace.Pass.Team, workspace.Pass.Width);
            }
            else
            {
                LossRun<T>.Add(loss, known, workspace.Pass.Team, workspace.Pass.Width, ref totals);
            }

            return;
        }

        CheckGiven(batch, ids);
        using Use.Taking taken = workspace.Take();
        using Use.Taking writing = NetworkState<T>.Take(state);
        using InputReading<T> reading = new(batch, ids);
        using LossReading<T> rowsRead = new(input);
        Rows<T> rows = CheckInput(reading, state);
        LayerRun<T> run = workspace.Run;
        Pass<T> pass = RunLayers(workspace.Pass, rows, IdsOf(reading), state, run, run.Layers.Count - 1);
        Rows<T> last = run.Layers.Count > 1 ? run.Tapes[^2].OutputRows(dense.InputSize) : rows;
        workspace.Fused.Evaluate(dense, pass, last, loss, input, rowsRead, ref totals);
        TakeFinalState(run, state, pass, rows.Shape);
        GC.KeepAlive(this);
    }
}
