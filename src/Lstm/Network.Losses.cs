using Lstm.Layers;
using Lstm.Runtime;
using Lstm.Sequences;
using Lstm.Training.Losses;
using Lstm.Training.Losses.Softmax;

namespace Lstm;

public sealed unsafe partial class Network<T>
{
    /// <summary>Runs a batch forward and evaluates a loss: <c>Forward</c> and <c>loss.Evaluate</c> in one, with the same bits.</summary>
    /// <remarks>
    /// <para>When the last layer is a <see cref="DenseSpec"/> without activation and the loss is one of this library's, the whole output is
    /// never stored: a few hundred rows exist at a time. The tape's output and output gradient are not set then; otherwise they
    /// are. Backward follows as usual.</para>
    /// <para>Give <paramref name="gradient"/> when training: <see cref="SoftmaxCrossEntropy{T}"/> then adds the last layer's part to it
    /// while the logits are at hand, and Backward, which has to be given the same gradient, unchanged, adds the rest. Clear it before this
    /// call, not between the two. Without it Backward computes all logits again: four large products instead of three.</para>
    /// </remarks>
    /// <param name="batch">
    /// Sequences of <see cref="InputSize"/> features, or of ids 0 … <see cref="InputSize"/> − 1; not to be changed until Backward has returned, like
    /// the target.
    /// </param>
    /// <param name="target">Values or labels, as the loss takes them, with the weights of their rows if they have some.</param>
    /// <param name="loss">The loss.</param>
    /// <param name="tape">A tape of this network.</param>
    /// <param name="state">The state to start from, overwritten with the final one; null for the zero or learned one.</param>
    /// <param name="gradient">The gradient that Backward will be given; null to make it all there.</param>
    /// <returns>The loss's value.</returns>
    /// <exception cref="ArgumentException">
    /// Something does not fit this network or the output, or is the tape's own; the target is of the kind that the loss does not take; or the loss
    /// takes logits and the last <see cref="DenseSpec"/> has an activation.
    /// </exception>
    /// <exception cref="InvalidOperationException">The tape, the state or the gradient is in use, or a batch is being refilled.</exception>
    public double ForwardLoss(
        NetworkInput<T> batch, NetworkTarget<T> target, Loss<T> loss, Tape<T> tape, NetworkState<T>? state = null, Gradient<T>? gradient = null)
        => ForwardLoss(batch, target, loss, tape, gradient, state, null).Value;

    /// <summary>The same with what a trainer wants besides: counts of right answers, and a gradient divided by the weight of more than this batch.</summary>
    internal LossTotals ForwardLoss(
        NetworkInput<T> batch, NetworkTarget<T> target, Loss<T> loss, Tape<T> tape, Gradient<T>? gradient, NetworkState<T>? state, double? divisor)
    {
        target.Require(nameof(target));
        ArgumentNullException.ThrowIfNull(loss);
        CheckGradient(gradient);
        LossChecks<T>.CheckNetwork(this, loss);
        CheckForward(batch, state, tape);
        CheckNotOwn(tape, target.Values, "target", "The target");
        CheckNotOwn(tape, target.Weights, "weights", "The weights");
        using Use.Taking taken = tape.Take();
        using Use.Taking writing = NetworkState<T>.Take(state);
        using Use.Taking adding = Gradient<T>.Take(gradient);
        using InputReading<T> reading = new(batch);
        using TargetReading<T> rowsRead = new(target);
        Rows<T> rows = BeginForward(reading, state, tape);
        tape.SetInput(batch, reading);

        // Computed again together with the layers before it, a layer of few outputs takes less memory than its inputs would.
        LossTotals totals = Layers[^1] is not DenseLayer<T> { IsLinear: true } dense || loss.Rows is null || (tape.RecomputeEvery is not null && dense.OutputSize <= dense.InputSize)
            ? RunSeparately(reading, rows, target, loss, tape, state, divisor)
            : RunFused(reading, rows, target, rowsRead, loss, dense, tape, gradient, state, divisor);
        EndForward(state, tape);
        return totals;
    }

    private LossTotals RunSeparately(in InputReading<T> reading, Rows<T> rows, NetworkTarget<T> target, Loss<T> loss, Tape<T> tape, NetworkState<T>? state, double? divisor)
    {
        using (TakeOutputGradient(tape))
        {
            RunToOutput(reading, rows, state, tape);
        }

        // A loss of the caller's may look at all that the tape shows; a pass that it makes on the same tape is refused.
        tape.Use.Share();
        return loss.EvaluateTotals(tape.Output, target, tape.OutputGradient, divisor, tape.Pass.Team, tape.Pass.Width);
    }

    private LossTotals RunFused(
        in InputReading<T> reading, Rows<T> rows, NetworkTarget<T> target, in TargetReading<T> rowsRead, Loss<T> loss, DenseLayer<T> dense, Tape<T> tape, Gradient<T>? gradient, NetworkState<T>? state, double? divisor)
    {
        tape.ChooseRun(fuses: true);
        LayerRun<T> run = tape.Run;
        tape.Pass = RunLayers(tape.Pass, rows, reading.IdPointer, state, run, run.Layers.Count - 1);
        Rows<T> last = run.Layers.Count > 1 ? run.Tapes[^2].OutputRows(dense.InputSize) : rows;
        LossTotals totals = gradient is not null && loss.Rows is SoftmaxRows<T>
            ? tape.Fused.Sweep(dense, tape.Pass, last, run.Tapes[^1], loss, target, rowsRead, divisor, InputGradient(tape, run.Layers.Count - 1, last), gradient)
            : tape.Fused.Forward(dense, tape.Pass, last, loss, target, rowsRead, divisor);
        GC.KeepAlive(this);
        return totals;
    }

    /// <summary>The loss of a batch, or of a part of one, added to sums; the output is not kept, and of a linear last layer a few hundred rows exist at a time.</summary>
    internal void EvaluateLoss(
        NetworkInput<T> batch, NetworkTarget<T> target, Loss<T> loss, Workspace<T> workspace, NetworkState<T>? state, ref LossTotals totals)
    {
        if (Layers[^1] is not DenseLayer<T> { IsLinear: true } dense || loss.Rows is null)
        {
            SequenceBatch<T> output = RunPredict(batch, state, workspace);
            if (loss.Rows is null)
            {
                totals = loss.EvaluateTotals(output, target, null, null, workspace.Pass.Team, workspace.Pass.Width);
            }
            else
            {
                LossRun<T>.Add(loss, output, target, workspace.Pass.Team, workspace.Pass.Width, ref totals);
            }

            return;
        }

        batch.Require(nameof(batch));
        using Use.Taking taken = workspace.Take();
        using Use.Taking writing = NetworkState<T>.Take(state);
        using InputReading<T> reading = new(batch);
        using TargetReading<T> rowsRead = new(target);
        Rows<T> rows = CheckInput(reading, state);
        LayerRun<T> run = workspace.Run;
        Pass<T> pass = RunLayers(workspace.Pass, rows, reading.IdPointer, state, run, run.Layers.Count - 1);
        Rows<T> last = run.Layers.Count > 1 ? run.Tapes[^2].OutputRows(dense.InputSize) : rows;
        workspace.Fused.Evaluate(dense, pass, last, loss, target, rowsRead, ref totals);
        TakeFinalState(run, state, pass, rows.Shape);
        GC.KeepAlive(this);
    }
}
